import Foundation
import HTTPTypes
import Hummingbird
import Model
import TestSupport
import Testing

@testable import WebhookGatewayService

@Suite struct NamingTests {
    private func naming() throws -> ImageNaming {
        ImageNaming(registries: [
            Registry(name: try RegistryName("demo"), url: "http://127.0.0.1:5000"),
            Registry(
                name: try RegistryName("main"), url: "https://registry.example.com/prefix",
                aliases: ["mirror.example.com/a/b", "short.example.com"]),
            Registry(name: try RegistryName("hub"), kind: .dockerHub, url: "https://registry-1.docker.io"),
        ])
    }

    @Test(
        "names and references lead to the name in the catalogue",
        arguments: [
            ("demo/team/app:1", "demo/team/app:1"), ("127.0.0.1:5000/team/app", "demo/team/app:latest"),
            ("registry.example.com/prefix/app:2", "main/app:2"), ("mirror.example.com/a/b/app:3", "main/app:3"),
            ("short.example.com/app:4", "main/app:4"), ("debian", "hub/library/debian:latest"),
            ("docker.io/team/app:1", "hub/team/app:1"), ("team/app:1", "hub/team/app:1"),
        ])
    func resolves(_ text: String, _ name: String) throws {
        #expect(try naming().resolve(text, field: "f").text == name)
    }

    @Test("a digest wins over the tag beside it")
    func digest() throws {
        let digest = "sha256:" + String(repeating: "a", count: 64)
        #expect(try naming().resolve("127.0.0.1:5000/app:1@\(digest)", field: "f").text == "demo/app@\(digest)")
        #expect(try naming().resolve("demo/app@\(digest)", field: "f").text == "demo/app@\(digest)")
    }

    @Test(
        "what leads nowhere is refused under its field",
        arguments: [
            "", "demo/app", "demo/App:1", "registry.example.com/app:1", "mirror.example.com/a/app:1",
            "other.example.com/app:1", "a b",
        ])
    func refuses(_ text: String) throws {
        let error = #expect(throws: ProblemError.self) { try naming().resolve(text, field: "f") }
        #expect(error?.field == "f")
        #expect(error?.status == .unprocessableContent)
    }

    @Test(
        "a path's tail splits into the name and what to do with it",
        arguments: [
            ("/x/demo/team/app:1", "demo/team/app:1", ""), ("/x/demo/app:1/report", "demo/app:1", "report"),
            ("/x/demo/app@sha256:ab/report", "demo/app@sha256:ab", "report"), ("/x/demo%2Fapp%3A1", "demo/app:1", ""),
            ("/x/demo/app:1/a/b", "demo/app:1", "a/b"),
        ])
    func paths(_ path: String, _ name: String, _ action: String) throws {
        let named = try #require(NamedPath(path, after: "/x/"))
        #expect(named.name == name)
        #expect(named.action == action)
    }

    @Test(
        "paths without a name are refused", arguments: ["/x/", "/x/demo/app", "/y/demo/app:1", "/x/demo%2", "/x/a:%ff"])
    func badPaths(_ path: String) {
        #expect(NamedPath(path, after: "/x/") == nil)
    }

    @Test("any path is read without a trap")
    func anyPath() {
        var generator = SeededGenerator.printed("named path")
        let pieces = ["/", ":", "@", "%", "%2F", "%3a", "%zz", "a", "sha256", "é", "%c3%a9"]
        for _ in 0..<2_000 {
            let text = (0..<Int.random(in: 0...12, using: &generator))
                .map { _ in pieces.randomElement(using: &generator) ?? "" }.joined()
            let named = NamedPath("/x/" + text, after: "/x/")
            if let named { #expect(named.name.contains(":")) }
        }
    }

    @Test("the methods of a path are known, also below a wildcard")
    func methods() {
        var methods = RouteMethods()
        methods.add("/a", .get)
        methods.add("/a", .post)
        methods.add("/a/{id}", .delete)
        methods.add("/b/**", .get)
        #expect(methods.allowed(at: "/a") == [.get, .post])
        #expect(methods.allowed(at: "/a/x") == [.delete])
        #expect(methods.allowed(at: "/a/x/y") == [])
        #expect(methods.allowed(at: "/b/x/y") == [.get])
        #expect(methods.allowed(at: "/b") == [])
    }

    @Test("a sender's trace goes on when it is well formed, else a new one starts")
    func trace() {
        let good = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
        #expect(TraceParent.from(good) == good)
        for bad in [
            nil, "", "00-1-2-3", good.uppercased(), "01" + good.dropFirst(2),
            "00-" + String(repeating: "0", count: 32) + "-00f067aa0ba902b7-01",
        ] {
            let made = TraceParent.from(bad)
            #expect(made != bad)
            #expect(made.count == 55)
            #expect(TraceParent.from(made) == made)
        }
    }
}
