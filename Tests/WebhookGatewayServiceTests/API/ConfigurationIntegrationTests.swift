import EventLogPort
import Events
import Foundation
import GatewayAPI
import HTTPPort
import Model
import TestSupport
import Testing

@testable import WebhookGatewayService

/// Registries, policies, tokens and settings: what is written is what the next answer shows.
@Suite struct ConfigurationIntegrationTests {
    @Test("a registry is added, shown without its secrets, changed with If-Match, and removed")
    func registries() async throws {
        try await Gateway.run { gateway in
            let body = #"""
                {"name":"main","url":"https://registry.example.com/prefix/","aliases":["mirror.example.com"],
                 "platforms":["linux/amd64","linux/arm64"],"enumeration":{"at":"03:30","timeZone":"Europe/Berlin"},
                 "webhook":{"header":"X-Secret","value":"hook-value-1"},
                 "credential":{"username":"robot","password":"pass-word-1"}}
                """#
            let created = try await gateway.call(.post, "registries", body)
            #expect(created.status == 201)
            #expect(created.headers["etag"] == "\"1\"")
            let summary = try created.json(RegistrySummary.self)
            #expect(summary.url == "https://registry.example.com/prefix")
            #expect(summary.credentialSet)
            #expect(summary.webhookHeader == "X-Secret")
            let got = try await gateway.call(.get, "registries/main")
            #expect(try got.json(RegistrySummary.self) == summary)
            for answer in [created, got, try await gateway.call(.get, "registries")] {
                #expect(!answer.text.contains("hook-value-1") && !answer.text.contains("pass-word-1"))
                #expect(!answer.text.contains("sealed") && !answer.text.contains("box"))
            }

            // The same again changes nothing; the secrets that are not given stay.
            let same = #"""
                {"name":"main","url":"https://registry.example.com/prefix","aliases":["mirror.example.com"],
                 "platforms":["linux/amd64","linux/arm64"],"enumeration":{"at":"03:30","timeZone":"Europe/Berlin"}}
                """#
            let unchanged = try await gateway.call(.put, "registries/main", same)
            #expect(unchanged.status == 200)
            #expect(try unchanged.json(RegistrySummary.self).version == 1)
            #expect(try await gateway.records(Topics.registries).count == 1)

            let stale = try await gateway.call(.put, "registries/main", same, headers: ["If-Match": "\"7\""])
            #expect(stale.status == 412)
            let described = #"{"name":"main","url":"https://registry.example.com/prefix","description":"d"}"#
            let changed = try await gateway.call(.put, "registries/main", described, headers: ["If-Match": "\"1\""])
            #expect(changed.status == 200)
            #expect(try changed.json(RegistrySummary.self).version == 2)
            #expect(try changed.json(RegistrySummary.self).credentialSet)

            // Another host: the credential was not meant for it.
            let moved = try await gateway.call(
                .put, "registries/main", #"{"name":"main","url":"https://evil.example.com"}"#)
            #expect(moved.status == 200)
            #expect(try moved.json(RegistrySummary.self).credentialSet == false)

            #expect(try await gateway.call(.delete, "registries/main").status == 204)
            #expect(try await gateway.call(.get, "registries/main").status == 404)
        }
    }

    @Test("an operator adds registries but sets no credential")
    func credentialRole() async throws {
        try await Gateway.run { gateway in
            let token = try await gateway.token(role: "operator")
            let with = #"{"name":"a","url":"https://a.example.com","credential":{"username":"u","password":"p"}}"#
            let refused = try await gateway.call(.post, "registries", with, token: token)
            #expect(refused.status == 403)
            #expect(try refused.json(Problem.self).field == "credential")
            let without = #"{"name":"a","url":"https://a.example.com"}"#
            #expect(try await gateway.call(.post, "registries", without, token: token).status == 201)
        }
    }

    @Test("plain http is refused for hosts that the operator did not list")
    func plainHTTP() async throws {
        try await Gateway.run(plainHTTP: []) { gateway in
            let answer = try await gateway.call(.post, "registries", #"{"name":"a","url":"http://127.0.0.1:5000"}"#)
            #expect(answer.status == 422)
            #expect(try answer.json(Problem.self).field == "url")
        }
    }

    @Test("a registry that does not answer is told as the result of the test, not as an error")
    func connection() async throws {
        try await Gateway.run { gateway in
            // Port 1 answers nobody.
            try await gateway.addRegistry(url: "http://127.0.0.1:1")
            let answer = try await gateway.call(.post, "registries/demo/test")
            #expect(answer.status == 200)
            let result = try answer.json(ConnectionTestAnswer.self)
            #expect(!result.reachable && !result.authenticated)
            #expect(!result.message.isEmpty)
        }
    }

    @Test("a registry that answers is told so, and one that refuses the credential too")
    func connectionSucceeds() async throws {
        let simulator = try await RegistrySimulator.start(.basic(user: "robot", secret: "right"))
        try await Gateway.run { gateway in
            for (secret, isRight) in [("right", true), ("wrong", false)] {
                let body = #"""
                    {"name":"\#(secret)","url":"\#(simulator.address)",
                     "credential":{"username":"robot","password":"\#(secret)"}}
                    """#
                #expect(try await gateway.call(.post, "registries", body).status == 201)
                let answer = try await gateway.call(.post, "registries/\(secret)/test").json(ConnectionTestAnswer.self)
                #expect(answer.reachable && answer.authenticated == isRight, "\(answer.message)")
            }
        }
        await simulator.stop()
    }

    @Test("a policy has versions; the numbers of a removed one are not used again")
    func policies() async throws {
        try await Gateway.run { gateway in
            let standard = try await gateway.call(.get, "policies/standard")
            #expect(standard.status == 200)
            let body = #"{"id":"strict","name":"Strict","controls":[{"type":"maximum-severity","severity":"low"}]}"#
            let created = try await gateway.call(.put, "policies/strict", body)
            #expect(created.status == 201)
            #expect(try created.json(Policy.self).version == 1)
            #expect(try await gateway.call(.put, "policies/strict", body).status == 200)
            let changed = try await gateway.call(.put, "policies/strict", body.replacing("low", with: "medium"))
            #expect(try changed.json(Policy.self).version == 2)
            let versions = try await gateway.call(.get, "policies/strict/versions").json(Page<Policy>.self)
            #expect(versions.items.map(\.version) == [2, 1])
            let list = try await gateway.call(.get, "policies").json(Page<Policy>.self)
            #expect(list.items.map(\.id.text) == ["standard", "strict"])
            #expect(try await gateway.call(.post, "policies", body).status == 409)
            #expect(try await gateway.call(.delete, "policies/strict").status == 204)
            #expect(try await gateway.call(.get, "policies/strict").status == 404)
            let again = try await gateway.call(.post, "policies", body)
            #expect(again.status == 201)
            #expect(try again.json(Policy.self).version == 3)
        }
    }

    @Test("a token opens the API at once and is shut out at once when it is revoked")
    func tokens() async throws {
        try await Gateway.run { gateway in
            let made = try await gateway.call(.post, "tokens", #"{"name":"build","role":"ci","expiresInDays":30}"#)
            #expect(made.status == 201)
            let token = try made.json(NewToken.self)
            let me = try await gateway.call(.get, "me", token: token.token)
            #expect(me.status == 200)
            #expect(try me.json(TokenSummary.self).role == "ci")
            let list = try await gateway.call(.get, "tokens")
            #expect(try list.json(Page<TokenSummary>.self).items.count == 2)
            #expect(!list.text.contains("sha256:"))
            #expect(try await gateway.call(.delete, "tokens/\(token.id)").status == 204)
            #expect(try await gateway.call(.get, "me", token: token.token).status == 401)
        }
    }

    @Test("of many who change the same version at the same time one is taken")
    func concurrentWriters() async throws {
        try await Gateway.run { gateway in
            try await gateway.addRegistry()
            func statuses(_ count: Int, _ ask: @Sendable @escaping (Int) async throws -> Int) async throws -> [Int] {
                try await withThrowingTaskGroup(of: Int.self) { group in
                    for number in 0..<count { group.addTask { try await ask(number) } }
                    return try await group.reduce(into: [Int]()) { $0.append($1) }.sorted()
                }
            }
            let puts = try await statuses(6) { number in
                let body = #"{"name":"demo","url":"http://127.0.0.1:5000","description":"\#(number)"}"#
                return try await gateway.call(.put, "registries/demo", body, headers: ["If-Match": "\"1\""]).status
            }
            #expect(puts == [200, 412, 412, 412, 412, 412])
            let posts = try await statuses(6) { number in
                let body = #"{"name":"new","url":"https://r\#(number).example.com"}"#
                return try await gateway.call(.post, "registries", body).status
            }
            #expect(posts == [201, 409, 409, 409, 409, 409])
            let policies = try await statuses(6) { number in
                let body = #"{"id":"p","name":"n\#(number)","controls":[{"type":"not-root"}]}"#
                return try await gateway.call(.post, "policies", body).status
            }
            #expect(policies == [201, 409, 409, 409, 409, 409])
        }
    }

    @Test("a secret is removed by null, and an operator does not have a credential sent over easier trust")
    func secretsRemoved() async throws {
        try await Gateway.run { gateway in
            let base = #""name":"main","url":"https://registry.example.com""#
            let secrets = #"""
                {\#(base),"webhook":{"header":"X-Secret","value":"v"},"credential":{"username":"u","password":"p"}}
                """#
            #expect(try await gateway.call(.post, "registries", secrets).status == 201)
            let token = try await gateway.token(role: "operator")
            let loosened: [(String, String)] = [
                (#""skipTLSVerification":true"#, "skipTLSVerification"), (#""caFile":"/tmp/ca.pem""#, "caFile"),
                (#""credential":null"#, "credential"),
            ]
            for (part, field) in loosened {
                let answer = try await gateway.call(.put, "registries/main", "{\(base),\(part)}", token: token)
                #expect(answer.status == 403)
                #expect(try answer.json(Problem.self).field == field)
            }
            let described = try await gateway.call(
                .put, "registries/main", "{\(base),\"description\":\"d\"}", token: token)
            let summary = try described.json(RegistrySummary.self)
            #expect(described.status == 200 && summary.credentialSet && summary.webhookHeader == "X-Secret")
            let without = try await gateway.call(
                .put, "registries/main", "{\(base),\"credential\":null,\"webhook\":null}")
            let removed = try without.json(RegistrySummary.self)
            #expect(without.status == 200 && !removed.credentialSet && removed.webhookHeader == nil)
            let loose = try await gateway.call(
                .put, "registries/main", "{\(base),\"skipTLSVerification\":true}", token: token)
            #expect(loose.status == 200)
        }
    }

    @Test("a scoped admin changes nothing beyond its scope")
    func scopedAdmin() async throws {
        try await Gateway.run { gateway in
            try await gateway.addRegistry("other")
            let token = try await gateway.token(role: "admin", scope: #"{"registries":["demo"],"repositories":[]}"#)
            #expect(
                try await gateway.call(.post, "tokens", #"{"name":"x","role":"admin"}"#, token: token).status == 403)
            let policy = #"{"id":"p","name":"n","controls":[{"type":"not-root"}]}"#
            #expect(try await gateway.call(.post, "policies", policy, token: token).status == 403)
            #expect(try await gateway.call(.get, "registries/other", token: token).status == 404)
            let outside = #"{"name":"third","url":"https://third.example.com"}"#
            #expect(try await gateway.call(.post, "registries", outside, token: token).status == 403)
            #expect(try await gateway.call(.post, "rescan", token: token).status == 403)
        }
    }

    @Test("a token for some repositories does nothing to the registry as a whole and reads nothing of the others")
    func scopedToRepositories() async throws {
        try await Gateway.run { gateway in
            try await gateway.addRegistry()
            let problems = ["team/a: 500", "secret/b: 500"]
            let status = RegistryStatusRecord(
                registry: try RegistryName("demo"), instance: "i",
                enumeration: .init(startedAt: SampleImages.now, repositories: 2, images: 2, problems: problems))
            try await gateway.append([
                try RecordDraft(Topics.registryStatus, key: "demo/i", status, gateway.context())
            ])
            try await gateway.addImage("demo/team/a:1", try SampleImages.digest("a"), .compliant)
            try await gateway.addImage("demo/secret/b:1", try SampleImages.digest("b"), .compliant)
            try await eventually("all of it is shown") {
                let summary = try await gateway.call(.get, "registries/demo").json(RegistrySummary.self)
                return summary.lastEnumeration?.problems == problems && summary.images == 2
            }
            let token = try await gateway.token(role: "admin", scope: #"{"repositories":["team/*"]}"#)
            let seen = try await gateway.call(.get, "registries/demo", token: token).json(RegistrySummary.self)
            #expect(seen.lastEnumeration?.problems == [] && seen.images == 1)
            let body = #"{"name":"demo","url":"https://elsewhere.example.com"}"#
            let refused: [(OutboundRequest.Method, String, String)] = [
                (.put, "registries/demo", body), (.post, "registries", body.replacing("demo", with: "new")),
                (.delete, "registries/demo", ""), (.post, "registries/demo/enumerate", ""),
                (.post, "registries/demo/rescan", ""), (.post, "rescan", ""),
                (.post, "advisories/import", #"{"origin":"/srv/osv"}"#),
                (.post, "advisories/activate", #"{"generation":1}"#),
                (.put, "settings", #"{"trashDays":1,"backgroundRequestsMax":1}"#),
            ]
            for (method, path, body) in refused {
                let answer = try await gateway.call(method, path, body, token: token)
                #expect(answer.status == 403, "\(method) \(path): \(answer.text)")
            }
            let other = try await gateway.token(role: "operator", scope: #"{"registries":["other"]}"#)
            #expect(try await gateway.call(.post, "registries/demo/enumerate", token: other).status == 404)
            #expect(
                try await gateway.call(.post, "advisories/activate", #"{"generation":1}"#, token: other).status == 403)
        }
    }

    @Test("settings are changed and read back")
    func settings() async throws {
        try await Gateway.run { gateway in
            let before = try await gateway.call(.get, "settings").json(SettingsBody.self)
            #expect(before == SettingsBody(SettingsRecord()))
            let body = #"{"rescan":{"at":"04:00","timeZone":"UTC"},"trashDays":7,"backgroundRequestsMax":8}"#
            #expect(try await gateway.call(.put, "settings", body).status == 200)
            let after = try await gateway.call(.get, "settings").json(SettingsBody.self)
            #expect(after.trashDays == 7 && after.backgroundRequestsMax == 8 && after.rescan?.at.text == "04:00")
            #expect(try await gateway.call(.post, "rescan").status == 202)
        }
    }

    @Test("no secret appears in clear in an answer, a log line or a file")
    func secrets() async throws {
        let folder = try TestFolder()
        let password = "pass-word-\(UUID().uuidString)"
        let hook = "hook-value-\(UUID().uuidString)"
        let found = Found()
        try await Gateway.run(in: folder) { gateway in
            let body = #"""
                {"name":"main","url":"https://registry.example.com","webhook":{"header":"X-Secret","value":"\#(hook)"},
                 "credential":{"username":"robot","password":"\#(password)"}}
                """#
            #expect(try await gateway.call(.post, "registries", body).status == 201)
            let token = try await gateway.token(role: "ci")
            let url = "https://robot:\(password)@host/x?token=\(hook)"
            let answer = try await gateway.webhook(
                "main", Array("{\"url\":\"\(url)\"}".utf8), secret: hook, header: "X-Secret")
            #expect(answer.status == 202)
            _ = try await gateway.webhook("main", [], secret: "wrong-\(hook)", header: "X-Secret")
            _ = try await gateway.call(.get, "me", token: token + "x")
            let secrets =
                [password, hook]
                + [token, gateway.admin].compactMap { $0.split(separator: "_", maxSplits: 2).last.map(String.init) }
            found.secrets = secrets
            for path in ["registries", "registries/main", "tokens", "me", "images", "settings"] {
                let text = try await gateway.call(.get, path).text
                for secret in secrets { #expect(!text.contains(secret), "\(path)") }
            }
            for secret in secrets { #expect(!gateway.lines.all.contains(secret)) }
        }
        let files = FileManager.default.enumerator(at: folder.url, includingPropertiesForKeys: nil)
        var looked = 0
        for case let file as URL in files?.allObjects ?? [] where file.lastPathComponent != FirstToken.fileName {
            guard let data = try? Data(contentsOf: file) else { continue }
            looked += 1
            for secret in found.secrets {
                #expect(data.range(of: Data(secret.utf8)) == nil, "\(file.lastPathComponent)")
            }
        }
        #expect(looked >= 3)
    }
}

/// Carried out of the run.
private final class Found: @unchecked Sendable {
    // Written by the one test body, read after it has ended.
    var secrets: [String] = []
}
