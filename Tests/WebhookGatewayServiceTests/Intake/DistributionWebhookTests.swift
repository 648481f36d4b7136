import Foundation
import Model
import RegistryAccess
import TestSupport
import Testing

@testable import WebhookGatewayService

@Suite("Webhooks of CNCF Distribution")
struct DistributionWebhookTests {
    private let digest = "sha256:" + String(repeating: "a", count: 64)

    private func hints(_ events: String) throws -> WebhookHints {
        try DistributionWebhooks().hints(in: Data("{\"events\": [\(events)]}".utf8), contentType: nil)
    }

    private func event(_ action: String, _ target: String) -> String {
        "{\"action\": \"\(action)\", \"target\": {\(target)}, \"request\": {\"host\": \"registry.example.com:5000\"}}"
    }

    @Test(
        "a push counts with each media type of manifests and indexes",
        arguments: [
            "application/vnd.oci.image.manifest.v1+json", "application/vnd.oci.image.index.v1+json",
            "application/vnd.docker.distribution.manifest.v2+json",
            "application/vnd.docker.distribution.manifest.v1+json",
            "application/vnd.docker.distribution.manifest.list.v2+json",
            "application/vnd.docker.distribution.manifest.v1+prettyjws",
        ])
    func pushes(type: String) throws {
        let found = try hints(
            event(
                "push",
                "\"mediaType\": \"\(type)\", \"repository\": \"team/app\", \"tag\": \"1\", \"digest\": \"\(digest)\""))
        #expect(
            found.hints == [
                WebhookHint(
                    action: .push, host: "registry.example.com:5000", repository: try RepositoryName("team/app"),
                    tag: try TagName("1"),
                    digest: try Digest(digest))
            ])
    }

    @Test(
        "blobs, pulls, mounts, charts and actions that nobody knows are ignored",
        arguments: [
            ("push", "\"mediaType\": \"application/octet-stream\", \"repository\": \"a\""),
            ("push", "\"repository\": \"a\", \"tag\": \"1\""),
            (
                "pull",
                "\"mediaType\": \"application/vnd.oci.image.manifest.v1+json\", \"repository\": \"a\", \"tag\": \"1\""
            ),
            ("mount", "\"mediaType\": \"application/octet-stream\", \"repository\": \"a\""),
            (
                "push",
                "\"mediaType\": \"application/vnd.oci.image.manifest.v1+json\", \"repository\": \"a\", \"tag\": \"1\", "
                    + "\"references\": [7, {\"mediaType\": \"application/vnd.cncf.helm.config.v1+json\"}]"
            ),
            ("rename", "\"repository\": \"a\""),
        ])
    func ignored(action: String, target: String) throws {
        #expect(try hints(event(action, target)) == WebhookHints(hints: [], ignored: 1, unreadable: 0))
    }

    @Test("deletes name a digest, a tag or a repository; empty fields count as absent")
    func deletes() throws {
        let found = try hints(
            [
                event("delete", "\"mediaType\": \"\", \"digest\": \"\(digest)\", \"repository\": \"a\""),
                event("delete", "\"mediaType\": \"\", \"digest\": \"\", \"tag\": \"1\", \"repository\": \"a\""),
                event("delete", "\"digest\": \"\", \"repository\": \"a\""),
                event("delete", "\"tag\": \"\(digest)\", \"repository\": \"a\""),
            ].joined(separator: ","))
        #expect(found.hints.map { $0.tag?.text } == [nil, "1", nil, nil])
        #expect(found.hints.map { $0.digest?.text } == [digest, nil, nil, digest])
    }

    @Test(
        "an entry that cannot be read is left out without the others",
        arguments: [
            "7", "null", "[]", "{\"action\": 7}", "{\"action\": \"delete\"}",
            "{\"action\": \"delete\", \"target\": {\"repository\": \"../etc\"}}",
            "{\"action\": \"delete\", \"target\": {\"repository\": \"a\", \"tag\": \"a b\"}}",
            "{\"action\": \"delete\", \"target\": {\"repository\": \"a\", \"digest\": \"sha256:xyz\"}}",
            "{\"action\": \"delete\", \"target\": {\"repository\": [\"a\"]}}",
        ])
    func unreadable(entry: String) throws {
        let found = try hints(entry + "," + event("delete", "\"repository\": \"a\", \"tag\": \"1\""))
        #expect(found.hints.count == 1 && found.unreadable == 1)
    }

    @Test(
        "bodies that are no notification are refused",
        arguments: ["", "[]", "{}", "{\"events\": 7}", "{\"events\": [", "\u{0}"])
    func refused(body: String) {
        #expect(throws: WebhookRefusal.self) { try DistributionWebhooks().hints(in: Data(body.utf8), contentType: nil) }
    }

    @Test("too many events and too many bytes are refused")
    func bounded() {
        let many =
            "{\"events\": [" + Array(repeating: "{}", count: DistributionWebhooks.eventsMax + 1).joined(separator: ",")
            + "]}"
        #expect(throws: WebhookRefusal.self) { try DistributionWebhooks().hints(in: Data(many.utf8), contentType: nil) }
        let large = Data(repeating: 32, count: DistributionWebhooks.bodyBytesMax + 1)
        #expect(throws: WebhookRefusal.self) { try DistributionWebhooks().hints(in: large, contentType: nil) }
    }

    @Test("damaged bodies are refused or read in part, and never end the process")
    func damaged() throws {
        var dice = SeededGenerator.printed("damaged webhooks")
        let body = Data("{\"events\": [\(event("delete", "\"repository\": \"a\", \"tag\": \"1\""))]}".utf8)
        for _ in 0..<2_000 {
            var bytes = Array(body)
            for _ in 0..<Int.random(in: 1...4, using: &dice) {
                bytes[Int.random(in: 0..<bytes.count, using: &dice)] = UInt8.random(in: 0...255, using: &dice)
            }
            if dice.chance(0.3) { bytes.removeLast(Int.random(in: 0..<bytes.count, using: &dice)) }
            let found = try? DistributionWebhooks().hints(in: Data(bytes), contentType: nil)
            #expect((found?.hints.count ?? 0) <= 1)
        }
    }

    @Test("what is attached to an image is told from its tags")
    func attachments() throws {
        let hex = "sha256-" + String(repeating: "a", count: 64)
        for tag in [hex, hex + ".sig", hex + ".att", hex + ".sbom"] { #expect(try TagName(tag).namesAttachment) }
        for tag in [hex + "a", hex + ".txt", String(hex.dropLast()), "sha256-latest", "1.sig"] {
            #expect(try !TagName(tag).namesAttachment)
        }
    }
}

@Suite("The reference's samples of CNCF Distribution")
struct DistributionSampleTests {
    private struct Expected: Decodable {
        var action: String
        var host: String?
        var repository: String?
        var tag: String?
        var digest: String?
    }

    private static let folder = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "shared/reference/webhooks")

    @Test("each sample gives what is expected of it")
    func samples() throws {
        guard let data = try? Data(contentsOf: Self.folder.appending(path: "expected.json")) else {
            print("skipped: there are no samples beside the repository")
            return
        }
        let expected = try JSONDecoder().decode([String: [Expected]].self, from: data).filter {
            $0.key.hasPrefix("distribution.")
        }
        #expect(expected.count >= 10)
        for (file, wanted) in expected {
            let body = try Data(contentsOf: Self.folder.appending(path: file))
            let found = try DistributionWebhooks().hints(in: body, contentType: nil)
            #expect(found.unreadable == 0, "\(file)")
            #expect(
                found.hints.map { [$0.action.rawValue, $0.host, $0.repository.text, $0.tag?.text, $0.digest?.text] }
                    == wanted.map { [$0.action, $0.host, $0.repository, $0.tag, $0.digest] }, "\(file)")
        }
    }
}
