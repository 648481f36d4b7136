import Events
import Foundation
import HTTPPort
import TestSupport
import Testing

@testable import WebhookGatewayService

@Suite struct FirstTokenIntegrationTests {
    @Test("the first admin token lies in a file of mode 0600, is the same after a restart, and is never logged")
    func firstToken() async throws {
        let folder = try TestFolder()
        let file = folder.file("webhook-gateway").appending(path: FirstToken.fileName)
        try await Gateway.run(in: folder) { gateway in
            let mode = try FileManager.default.attributesOfItem(atPath: file.path)[.posixPermissions] as? Int
            #expect(mode == 0o600)
            let secret = try #require(gateway.admin.split(separator: "_", maxSplits: 2).last)
            #expect(!gateway.lines.all.contains(secret))
            // Said after the token opens the API, so a moment later than that is seen here.
            try await eventually("it is said") { gateway.lines.all.contains("first admin token made") }
            #expect(!gateway.lines.all.contains(secret))
        }
        let before = try String(contentsOf: file, encoding: .utf8)
        try await Gateway.run(in: folder) { gateway in
            let after = try String(contentsOf: file, encoding: .utf8)
            #expect(after == before)
            let records = try await gateway.records(Topics.access)
            #expect(records.count == 1)
            #expect(!gateway.lines.all.contains("first admin token made"))
        }
    }

    @Test("a token whose file was written before a crash is used, not replaced")
    func afterCrash() async throws {
        let folder = try TestFolder()
        let data = folder.file("webhook-gateway")
        try FileManager.default.createDirectory(at: data, withIntermediateDirectories: true)
        let token = AccessToken.random()
        try Data(token.exposed.utf8).write(to: data.appending(path: FirstToken.fileName))
        try await Gateway.run(in: folder) { gateway in
            #expect(gateway.admin == token.exposed)
            let me = try await gateway.call(.get, "me")
            #expect(me.status == 200)
        }
    }
}
