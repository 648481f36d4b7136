import EventLogPort
import Events
import Foundation
import Model
import Testing

@testable import WebhookGatewayService

@Suite("The catalogue: registries, policies, settings, tokens, candidates")
struct CatalogueConfigurationTests {
    private func policy(_ id: String, _ name: String) throws -> Policy {
        Policy(id: try PolicyID(id), version: 99, name: name, scope: .init(), controls: [])
    }

    @Test("a registry's version counts changes; the same record again writes nothing")
    func registryVersion() throws {
        var bench = try CatalogueBench()
        var registry = try CatalogueBench.registry("example")
        registry.version = 77
        #expect(try bench.apply(.putRegistry(registry)).isEmpty)
        registry.description = "ours"
        #expect(try bench.apply(.putRegistry(registry)).registries.map(\.version) == [2])
    }

    @Test("a credential is dropped when the address changes, and kept when it is given anew")
    func credential() throws {
        var bench = try CatalogueBench(registries: [])
        var registry = try CatalogueBench.registry("example")
        registry.credential = .sealed(keyID: "k", box: [1, 2, 3])
        try bench.apply(.putRegistry(registry))
        registry.description = "ours"
        #expect(try bench.apply(.putRegistry(registry)).registries.first?.credential != nil)
        registry.url = "https://evil.example.org"
        #expect(try bench.apply(.putRegistry(registry)).registries.first?.credential == nil)
        registry.url = "https://new.example.org"
        registry.credential = .sealed(keyID: "k", box: [4])
        #expect(try bench.apply(.putRegistry(registry)).registries.first?.credential != nil)
    }

    @Test("of two wishes for the version that both have seen the first is taken, and the second told")
    func conditions() throws {
        var bench = try CatalogueBench(registries: [])
        var registry = try CatalogueBench.registry("example")
        #expect(try bench.apply(.putRegistry(registry, under: .init(.exactly(1)))).refusals == [.missing])
        #expect(try bench.apply(.putRegistry(registry, under: .init(.present))).refusals == [.missing])
        #expect(try bench.apply(.putRegistry(registry, under: .init(.absent))).answered == [1])
        let again = try bench.apply(.putRegistry(registry, under: .init(.absent)))
        #expect(again.refusals == [.exists] && again.registries.isEmpty)
        registry.description = "first"
        #expect(try bench.apply(.putRegistry(registry, under: .init(.exactly(1)))).answered == [2])
        registry.description = "second"
        let late = try bench.apply(.putRegistry(registry, under: .init(.exactly(1))))
        #expect(late.refusals == [.changed] && late.registries.isEmpty)
        #expect(bench.state.registries[registry.name]?.description == "first")
        #expect(try bench.apply(.deleteRegistry(registry.name, under: .init(.exactly(1)))).refusals == [.changed])
        #expect(try bench.apply(.deleteRegistry(registry.name, under: .init(.exactly(2)))).refusals == [])

        let strict = try policy("strict", "A")
        #expect(try bench.apply(.putPolicy(strict, under: .init(.absent))).answered == [1])
        #expect(try bench.apply(.putPolicy(strict, under: .init(.absent))).refusals == [.exists])
        #expect(try bench.apply(.deletePolicy(strict.id, under: .init(.exactly(9)))).refusals == [.changed])
        let reply = try #require(bench.last.compactMap(\.reply).first)
        #expect(reply.command == "change-\(bench.position)" && reply.state == .failed)
    }

    @Test("secrets that a wish does not give are those in force at its turn")
    func keptSecrets() throws {
        var bench = try CatalogueBench(registries: [])
        var registry = try CatalogueBench.registry("example")
        registry.credential = .sealed(keyID: "k", box: [1])
        registry.webhook = .init(header: "X-A", valueSHA256: CatalogueBench.digest(1))
        try bench.apply(.putRegistry(registry))
        var old = registry
        old.description = "seen before the admin's change"
        registry.credential = .sealed(keyID: "k", box: [2])
        registry.webhook = .init(header: "X-A", valueSHA256: CatalogueBench.digest(2))
        try bench.apply(.putRegistry(registry))
        let operators = Change.Condition(.any, keepsCredential: .whileTrusted, keepsWebhook: .whole)
        var written = try #require(try bench.apply(.putRegistry(old, under: operators)).registries.first)
        #expect(written.credential == registry.credential && written.webhook == registry.webhook)
        old.webhook?.header = "X-B"
        let renamed = Change.Condition(.any, keepsCredential: .whileTrusted, keepsWebhook: .secret)
        written = try #require(try bench.apply(.putRegistry(old, under: renamed)).registries.first)
        #expect(written.webhook == .init(header: "X-B", valueSHA256: CatalogueBench.digest(2)))
        old.skipTLSVerification = true
        let admins = Change.Condition(.any, keepsCredential: .always, keepsWebhook: .whole)
        #expect(try bench.apply(.putRegistry(old, under: admins)).registries.first?.credential != nil)
        old.skipTLSVerification = false
        old.caFile = "/ca.pem"
        #expect(try bench.apply(.putRegistry(old, under: operators)).registries.first?.credential == nil)
    }

    @Test("the registry, the policy or the token beyond the limit is refused, and told")
    func tooMany() throws {
        var bench = try CatalogueBench(registries: [])
        for number in 0..<Limits.registriesMax {
            let registry = try CatalogueBench.registry("r\(number)")
            bench.state.registries[registry.name] = registry
            bench.state.policies[try PolicyID("p\(number)")] = try policy("p\(number)", "A")
        }
        for number in 0..<Limits.tokensMax { bench.state.tokens["t\(number)"] = token("t\(number)", bench) }
        let registry = try CatalogueBench.registry("more")
        #expect(try bench.apply(.putRegistry(registry, under: .init(.absent))).refusals == [.tooMany])
        #expect(try bench.apply(.putPolicy(policy("more", "A"), under: .init(.any))).refusals == [.tooMany])
        #expect(try bench.apply(.putToken(token("more", bench))).refusals == [.tooMany])
        var known = try CatalogueBench.registry("r1")
        known.description = "changed"
        #expect(try bench.apply(.putRegistry(known, under: .init(.any))).registries.count == 1)
    }

    private func token(_ id: String, _ bench: CatalogueBench) -> TokenRecord {
        TokenRecord(id: id, name: "ci", role: .ci, hash: CatalogueBench.digest(1), createdAt: bench.now, expiresAt: nil)
    }

    @Test("a pool that cannot be a topic's name is refused")
    func pool() throws {
        var bench = try CatalogueBench()
        var registry = try CatalogueBench.registry("other")
        registry.pool = "Not a pool"
        #expect(throws: CatalogueRefusal.self) { try bench.apply(.putRegistry(registry)) }
    }

    @Test("deleting a registry moves its images into the trash; configured again, it brings them back")
    func deleteRegistry() throws {
        var bench = try CatalogueBench(registries: ["example", "other"])
        try bench.observe("example/app:1", 1)
        try bench.observe("other/app:1", 1)
        let name = try RegistryName("example")
        let outputs = try bench.apply(.deleteRegistry(name))
        #expect(outputs.images.map(\.name.registry) == [name] && outputs.images.first?.trash != nil)
        #expect(outputs.contains { $0.effect == .dropRegistry(name) })
        let image = CatalogueBench.name("example/app:1")
        #expect(try bench.apply(.restore(.init(name: image, actor: "alice"))).audited == ["image.restore-refused"])
        try bench.apply(.putRegistry(CatalogueBench.registry("example")))
        #expect(try bench.observe("example/app:1", 1, source: .enumeration).images.first?.trash == nil)
    }

    @Test("a policy's versions count up, across a deletion too; head and version are written")
    func policyVersions() throws {
        var bench = try CatalogueBench()
        let first = try bench.apply(.putPolicy(policy("strict", "A")))
        #expect(first.policies.map(\.version) == [1])
        #expect(try first[0].drafts().map(\.key) == ["strict@1", "strict"])
        #expect(try bench.apply(.putPolicy(policy("strict", "A"))).isEmpty)
        #expect(try bench.apply(.putPolicy(policy("strict", "B"))).policies.map(\.version) == [2])
        #expect(try bench.apply(.deletePolicy(PolicyID("strict"))).map(\.effect) == [.dropPolicy(PolicyID("strict"))])
        #expect(try bench.apply(.putPolicy(policy("strict", "B"))).policies.map(\.version) == [3])
    }

    @Test("the standard policy is written at the first start only, also when it was deleted since")
    func firstStart() throws {
        let empty = try CatalogueBench(registries: [])
        var (bench, log) = try empty.restarted(from: [])
        #expect(log.policies == [Policy.standard])
        log += try bench.apply(.deletePolicy(.standard))
        #expect(try bench.restarted(from: log).1.isEmpty)
    }

    @Test("settings are kept within their limits and written once")
    func settings() throws {
        var bench = try CatalogueBench()
        try bench.apply(.putSettings(SettingsRecord(trashDays: -1, backgroundRequestsMax: 0)))
        #expect(bench.state.settings == SettingsRecord(trashDays: 0, backgroundRequestsMax: 1))
        #expect(try bench.apply(.putSettings(SettingsRecord(trashDays: 0, backgroundRequestsMax: 1))).isEmpty)
    }

    @Test("tokens are written and revoked once")
    func tokens() throws {
        var bench = try CatalogueBench()
        let token = TokenRecord(
            id: "t1", name: "ci", role: .ci, hash: CatalogueBench.digest(1), createdAt: bench.now, expiresAt: nil)
        #expect(try bench.apply(.putToken(token)).count == 1)
        #expect(try bench.apply(.putToken(token)).isEmpty)
        #expect(try bench.apply(.revokeToken(id: "t1")).map(\.effect) == [.dropToken(id: "t1")])
        #expect(try bench.apply(.revokeToken(id: "t1")).isEmpty)
    }

    // MARK: Candidates

    private func candidate(_ bench: CatalogueBench, _ number: Int, _ register: CandidateRecord.Register)
        -> CandidateRecord
    {
        CandidateRecord(
            name: CatalogueBench.name("example/app:1"), digest: CatalogueBench.digest(number), inventoryKey: "k",
            inventories: [.init(key: "k", sha256: CatalogueBench.digest(100 + number))],
            register: register, uploader: "ci", createdAt: bench.now, expiresAt: bench.now.addingTimeInterval(3600))
    }

    /// A verdict of now, on all that was uploaded or on something else.
    private func judge(
        _ bench: inout CatalogueBench, _ candidate: CandidateRecord, _ outcome: Verdict.Outcome,
        on inventories: [Verdict.InventoryVersion]? = nil
    ) -> [CatalogueOutput] {
        let verdict = CandidateVerdict(record(candidate, outcome, inventories, at: bench.now))
        let context = EventContext(id: "verdict", source: "test", time: bench.now)
        return bench.state.judged(candidate.key, verdict, context: context, now: bench.now)
    }

    private func record(
        _ candidate: CandidateRecord, _ outcome: Verdict.Outcome, _ inventories: [Verdict.InventoryVersion]?, at: Date
    ) -> VerdictRecord {
        let verdict = Verdict(
            outcome: outcome, controls: [], undetermined: [],
            inputs: .init(
                digest: candidate.digest, inventories: inventories ?? candidate.inventories, analyserVersion: nil,
                generation: nil, policies: [], now: at))
        return VerdictRecord(
            name: candidate.name, digest: candidate.digest, verdict: verdict, platforms: [], judgedAt: at)
    }

    @Test("“always” binds the name to the digest until a registry shows it")
    func always() throws {
        var bench = try CatalogueBench()
        let outputs = try bench.apply(.candidate(candidate(bench, 1, .always)))
        #expect(outputs.images.first?.resolution == .notPushed && outputs.requests.isEmpty)
        #expect(try bench.lose("example/app:1").isEmpty, "not pushed yet is no news")
        let pushed = try bench.observe("example/app:1", 1)
        #expect(pushed.images.first?.resolution == .resolved && pushed.requests.count == 1)
        #expect(pushed.images.first?.sources == [.ci, .webhook])
    }

    @Test("“never” binds nothing")
    func never() throws {
        var bench = try CatalogueBench()
        #expect(try bench.apply(.candidate(candidate(bench, 1, .never))).images.isEmpty)
    }

    @Test("“compliant” binds on a compliant verdict for that digest only", arguments: Verdict.Outcome.allCases)
    func compliant(outcome: Verdict.Outcome) throws {
        var bench = try CatalogueBench()
        let wish = candidate(bench, 1, .compliant)
        #expect(try bench.apply(.candidate(wish)).images.isEmpty)
        var other = wish
        other.digest = CatalogueBench.digest(2)
        #expect(judge(&bench, other, outcome).isEmpty)
        bench.now += 1
        #expect(judge(&bench, wish, outcome).images.count == (outcome == .compliant ? 1 : 0))
        bench.now += 1
        #expect(judge(&bench, wish, outcome).isEmpty)
    }

    @Test("a compliant verdict that comes after the registry showed another digest binds nothing")
    func compliantLate() throws {
        var bench = try CatalogueBench()
        let wish = candidate(bench, 1, .compliant)
        try bench.apply(.candidate(wish))
        try bench.observe("example/app:1", 2)
        #expect(judge(&bench, wish, .compliant).isEmpty)
    }

    @Test("a verdict from before the candidate, or on another upload, binds nothing; the next one does")
    func staleVerdict() throws {
        var bench = try CatalogueBench()
        let first = candidate(bench, 1, .never)
        try bench.apply(.candidate(first))
        #expect(judge(&bench, first, .compliant).isEmpty)
        let before = record(first, .compliant, nil, at: bench.now)
        bench.now += 1
        // The same upload again, now to be registered if compliant: what was judged before is no answer.
        let second = candidate(bench, 1, .compliant)
        try bench.apply(.candidate(second))
        let context = EventContext(id: "late", source: "test", time: bench.now)
        #expect(bench.state.judged(second.key, CandidateVerdict(before), context: context, now: bench.now).isEmpty)
        bench.state.loadedVerdicts[second.key] = CandidateVerdict(before)
        #expect(bench.state.takeOver(context: context, now: bench.now).images.isEmpty, "nor after a restart")
        #expect(judge(&bench, second, .compliant, on: []).isEmpty)
        #expect(judge(&bench, second, .compliant).images.map(\.upload) == ["k"])
    }

    @Test("the upload speaks for the digest that it was made from, and for no other")
    func uploadEnds() throws {
        var bench = try CatalogueBench()
        #expect(try bench.apply(.candidate(candidate(bench, 1, .always))).images.first?.upload == "k")
        #expect(try bench.observe("example/app:1", 1).images.first?.upload == "k")
        #expect(try bench.observe("example/app:1", 2).images.first?.upload == nil)
    }

    @Test("a candidate expires, and is then not bound")
    func expires() throws {
        var bench = try CatalogueBench()
        let wish = candidate(bench, 1, .compliant)
        try bench.apply(.candidate(wish))
        let effects = bench.advance(3601).effects
        let mark = CatalogueOutput.Effect.unnamed(.init(digest: wish.digest, since: bench.now))
        #expect(effects == [mark, .dropCandidate(key: wish.key)])
        #expect(judge(&bench, wish, .compliant).isEmpty)
        #expect(try bench.apply(.candidate(wish)).isEmpty)
    }
}

extension [CatalogueOutput] {
    fileprivate var replies: [Reply] { compactMap(\.reply) }
    fileprivate var refusals: [Reply.Refusal] { replies.compactMap(\.refusal) }
    /// The versions that were told.
    fileprivate var answered: [Int] { replies.compactMap(\.version) }
}

extension CatalogueOutput {
    fileprivate var reply: Reply? {
        guard case .reply(let reply) = effect else { return nil }
        return reply
    }
}
