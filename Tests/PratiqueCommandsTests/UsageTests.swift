import ArgumentParser
import Foundation
import GatewayAPI
import HTTPPort
import Model
import ServiceRuntime
import TestSupport
import Testing

@testable import PratiqueCommands

/// None of these comes as far as a network, a server or a log.
@Suite("A command line")
struct UsageTests {
    private static let advisories = ReferencePage.root.appending(path: "scripts/demo-data/advisories").path

    private func status(_ words: [String]) async -> ServiceRuntime.ExitStatus {
        await CommandLineMain.status(of: Pratique.self, arguments: words)
    }

    @Test(
        "that is wrong ends with 2",
        arguments: [
            "nonsense", "--nonsense", "scan", "scan oci:image --offline",
            "scan oci:image --offline --advisories a --server http://127.0.0.1:9",
            "scan registry.example.com/a:1 --advisories a", "scan registry.example.com/a:1 --policy a",
            "scan oci:image --offline --advisories a --register always",
            "scan oci:image --offline --advisories a --user robot", "scan oci:image --register always",
            "scan registry.example.com/a:1 --timeout 0", "scan registry.example.com/a:1 --register perhaps",
            "serve --log-level loud", "serve --scans 0", "serve --scans many", "serve --operator nowhere",
            "images list --status nice", "images list --format xml", "images show", "images show no-repository",
            "images rescan no-repository", "registries create demo",
            "registries create demo --url http://a --user robot",
            "registries create Not_A_Name --url http://a", "registries create demo --url http://a --daily-at 25:00",
            "registries create demo --url http://a --webhook-secret-file no-such-file", "registries test Not_A_Name",
            "cleanup preview demo", "cleanup preview demo --keep-newest 0", "cleanup apply demo --keep-newest -1",
            "cleanup restore no-repository", "policies set no-such-file", "advisories activate first",
            "advisories import https://user:s3cret@mirror.example.com/PyPI/all.zip",
            "advisories import HTTPS://user@mirror.example.com/PyPI/all.zip",
            "tokens create pipeline", "scan oci:image --offline --advisories no-such-folder",
            "images list --token-file no-such-file",
        ])
    func usage(_ line: String) async {
        #expect(await status(line.split(separator: " ").map(String.init)) == .usage)
    }

    @Test("with a bad image reference ends with 2, before anything is fetched")
    func badReference() async {
        let words = ["scan", "registry.example.com/UPPER CASE:1", "--offline", "--advisories", Self.advisories]
        #expect(await status(words + ["--quiet"]) == .usage)
    }

    @Test("with a bad platform ends with 2")
    func badPlatform() async {
        let words = ["scan", "oci:image", "--offline", "--advisories", Self.advisories, "--platform", "linux amd64"]
        #expect(await status(words) == .usage)
    }

    @Test("that names an image that is not there ends with 1")
    func missing() async {
        #expect(await status(["scan", "oci:no-such-image", "--offline", "--advisories", Self.advisories]) == .failure)
    }

    @Test("with a policy file that is not there ends with 2")
    func missingPolicy() async {
        let words = ["scan", "oci:image", "--offline", "--advisories", Self.advisories, "--policy", "no-such-file"]
        #expect(await status(words) == .usage)
    }

    @Test("that asks for help ends with 0", arguments: CommandPlace.all)
    func help(_ place: CommandPlace) async {
        #expect(await status(place.words.dropFirst() + ["--help"]) == .success)
    }

    @Test("without a token says how to give one")
    func noToken() throws {
        let options = try ServerOptions.parse([])
        let failure = try #require(throws: CommandFailure.self) { try options.client(environment: [:]) }
        #expect(failure.exitStatus == .usage)
        #expect(failure.advice?.contains(ServerOptions.tokenVariable) == true)
    }

    @Test("takes the address and the token from the environment, and the option before it")
    func environment() throws {
        let folder = try TestFolder()
        let file = folder.file("token")
        try Data("from-file\n".utf8).write(to: file)
        let environment = [
            ServerOptions.addressVariable: "https://one.example.com", ServerOptions.tokenVariable: "from-environment",
        ]
        let plain = try ServerOptions.parse([]).client(environment: environment)
        #expect(plain.base.host == "one.example.com")
        #expect(plain.token == "from-environment")
        let chosen = try ServerOptions.parse(["--server", "https://two.example.com", "--token-file", file.path])
            .client(environment: environment)
        #expect(chosen.base.host == "two.example.com")
        #expect(chosen.token == "from-file")
    }
}

@Suite("A name on the command line")
struct NameArgumentTests {
    @Test("is registry/repository:tag or @digest")
    func good() throws {
        let name = try parseName("demo/team/app:1.4")
        #expect(name.registry.text == "demo")
        #expect(name.repository.text == "team/app")
        #expect(name.tag?.text == "1.4")
    }

    @Test(
        "that is none is a usage error that says why",
        arguments: ["", "demo", "demo/", "Demo/app:1", "demo/app:", "demo/a b:1"])
    func bad(_ text: String) throws {
        let failure = try #require(throws: CommandFailure.self) { try parseName(text) }
        #expect(failure.exitStatus == .usage)
        #expect(failure.reason?.isEmpty == false)
        #expect(failure.advice?.contains("registry/repository:tag") == true)
    }

    @Test("cannot rewrite the terminal through the error that names it")
    func hostile() throws {
        let failure = try #require(throws: CommandFailure.self) { try parseName("demo/\u{1B}[2J") }
        #expect(!failure.summary.unicodeScalars.contains("\u{1B}"))
    }
}

@Suite("A refusal of the server")
struct RefusalTests {
    private func failure(_ status: Int, _ body: String) throws -> CommandFailure {
        let head = ResponseHead(status: status, url: try WebURL("https://pratique.example.com/api/v1/images"))
        return APIClient.failure(.get, "images", CollectedResponse(head: head, body: Array(body.utf8)))
    }

    @Test("is told in the words of its problem document, with the field")
    func problem() throws {
        let problem = Problem(title: "Unprocessable", status: 422, detail: "is no glob", field: "filter")
        let text = String(decoding: try JSONFormat.encode(problem), as: UTF8.self)
        #expect(try failure(422, text).reason == "is no glob (field filter)")
    }

    @Test("without a problem document is told by its status", arguments: ["", "<html>", "[]"])
    func other(_ body: String) throws {
        #expect(try failure(500, body).reason == "status 500")
    }

    @Test(
        "comes with advice where there is one",
        arguments: [(401, "token"), (403, "role"), (429, "again"), (503, "again")])
    func advice(_ status: Int, _ word: String) throws {
        #expect(try failure(status, "").advice?.contains(word) == true)
    }
}
