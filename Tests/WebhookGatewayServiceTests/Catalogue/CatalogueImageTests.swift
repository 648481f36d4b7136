import Events
import Foundation
import Model
import Testing

@testable import WebhookGatewayService

@Suite("The catalogue: images")
struct CatalogueImageTests {
    @Test("a new name is written with revision 1 and asks for one urgent scan")
    func first() throws {
        var bench = try CatalogueBench()
        let outputs = try bench.observe("example/app:1", 1)
        let record = try #require(outputs.images.first)
        #expect(outputs.images.count == 1 && record.revision == 1 && record.resolution == .resolved)
        #expect(
            record.digest == CatalogueBench.digest(1) && record.boundAt == bench.now && record.sources == [.webhook])
        #expect(outputs.requests(.urgent).map(\.digest) == [CatalogueBench.digest(1)])
        #expect(outputs.requests.first?.attempt == 1 && outputs.asked.isEmpty)
    }

    @Test("200 equal observations write and request once")
    func equal() throws {
        var bench = try CatalogueBench()
        var outputs: [CatalogueOutput] = []
        for _ in 0..<200 { outputs += try bench.observe("example/app:1", 1) }
        #expect(outputs.images.count == 1 && outputs.requests.count == 1 && outputs.asked.isEmpty)
    }

    @Test("another source grows the sources, and asks for nothing; a scan is no source of its own")
    func sources() throws {
        var bench = try CatalogueBench()
        try bench.observe("example/app:1", 1)
        let outputs = try bench.observe("example/app:1", 1, source: .enumeration)
        #expect(outputs.images.map(\.sources) == [[.enumeration, .webhook]] && outputs.requests.isEmpty)
        #expect(try bench.observe("example/app:1", 1, source: .scan).isEmpty)
    }

    @Test("a moved tag has the next revision and one request, also for a digest that is done")
    func moved() throws {
        var bench = try CatalogueBench()
        try bench.observe("example/app:1", 1)
        bench.scanned(1)
        bench.now += 60
        try bench.observe("example/app:1", 2)
        bench.scanned(2)
        let outputs = try bench.observe("example/app:1", 1)
        #expect(outputs.images.map(\.revision) == [3])
        #expect(outputs.images.first?.boundAt == bench.now && outputs.images.first?.firstSeenAt != bench.now)
        #expect(outputs.requests.map(\.digest) == [CatalogueBench.digest(1)])
    }

    @Test("a second name of a digest whose request is open is asked for by intake: one request a digest")
    func sharedDigest() throws {
        var bench = try CatalogueBench()
        try bench.observe("example/app:1", 1)
        let outputs = try bench.observe("example/app:latest", 1)
        #expect(outputs.requests.isEmpty && outputs.asked == [CatalogueBench.name("example/app:latest")])
    }

    @Test("an urgent change overtakes a background request of its digest")
    func overtakes() throws {
        var bench = try CatalogueBench()
        try bench.observe("example/app:1", 1, urgent: false)
        #expect(bench.last.requests(.background).count == 1)
        #expect(try bench.observe("example/app:2", 1).requests(.urgent).count == 1)
        #expect(try bench.observe("example/app:3", 1).requests.isEmpty)
    }

    @Test("an observation of a registry that is not configured is left out")
    func unknownRegistry() throws {
        var bench = try CatalogueBench()
        #expect(try bench.observe("other/app:1", 1).isEmpty)
        #expect(try bench.fail("other/app:1").isEmpty)
    }

    @Test("a 404 for an image moves it into the trash with the evidence and asks once more")
    func gone() throws {
        var bench = try CatalogueBench()
        try bench.observe("example/app:1", 1)
        let outputs = try bench.lose("example/app:1")
        let trash = try #require(outputs.images.first?.trash)
        #expect(trash.evidence.contains("404") && trash.restorableUntil == bench.now.addingTimeInterval(30 * 86_400))
        #expect(
            outputs.images.first?.resolution == .notFound && outputs.asked == [CatalogueBench.name("example/app:1")])
        #expect(try bench.lose("example/app:1").isEmpty)
        let back = try bench.observe("example/app:1", 1)
        #expect(back.images.first?.trash == nil && back.images.first?.revision == 3)
        #expect(back.requests.isEmpty && back.asked.count == 1, "its first scan is still open")
    }

    @Test("a 404 for a name that is not in the catalogue writes nothing")
    func goneUnknown() throws {
        var bench = try CatalogueBench()
        #expect(try bench.lose("example/app:1").isEmpty)
    }

    @Test("an explicitly registered image that no registry has stays listed as not found")
    func registeredNotFound() throws {
        var bench = try CatalogueBench()
        let outputs = try bench.apply(.register(.init(name: CatalogueBench.name("example/app:1"), actor: "alice")))
        #expect(outputs.images.first?.resolution == .waiting(nil) && outputs.asked.count == 1)
        try bench.lose("example/app:1")
        #expect(bench.image("example/app:1")?.resolution == .notFound && bench.image("example/app:1")?.trash == nil)
        #expect(try bench.observe("example/app:1", 1).images.first?.sources == [.api, .webhook])
    }

    @Test("a registered name that gets no answer is asked for again, and not once it has one")
    func registeredAgain() throws {
        var bench = try CatalogueBench()
        try bench.apply(.register(.init(name: CatalogueBench.name("example/app:1"), actor: "alice")))
        #expect(bench.advance(599).asked.isEmpty)
        #expect(bench.advance(2).asked.count == 1)
        try bench.observe("example/app:1", 1)
        #expect(bench.advance(700).asked.isEmpty)
    }

    @Test("a failure keeps the digest, counts attempts, and is asked for again when its time comes")
    func unresolved() throws {
        var bench = try CatalogueBench()
        try bench.observe("example/app:1", 1)
        #expect(try bench.fail("example/app:1").images.first?.digest == CatalogueBench.digest(1))
        var waits: [TimeInterval] = []
        for attempt in 1...12 {
            guard case .waiting(let failure?)? = bench.image("example/app:1")?.resolution else {
                Issue.record("is not waiting")
                return
            }
            #expect(failure.attempt == attempt)
            let wait = try #require(failure.nextAttemptAt).timeIntervalSince(bench.now)
            waits.append(wait)
            #expect(try bench.fail("example/app:1").isEmpty, "a second failure in the meantime")
            #expect(bench.advance(wait - 1).asked.isEmpty)
            #expect(bench.advance(2).asked.count == 1)
            try bench.fail("example/app:1")
        }
        #expect(waits.last.map { $0 <= 6 * 3600 } == true && waits.last.map { $0 > 3600 } == true)
        let good = try bench.observe("example/app:1", 1)
        #expect(good.images.first?.resolution == .resolved && good.requests.count <= 1)
    }

    @Test("a failure without a next attempt waits until the registry's record changes")
    func noAttempt() throws {
        var bench = try CatalogueBench()
        try bench.fail("example/app:1", .unsupported, after: nil)
        #expect(try bench.fail("example/app:1", .unsupported, after: nil).isEmpty)
        #expect(bench.advance(90 * 86_400).asked.isEmpty)
        var registry = try CatalogueBench.registry("example")
        registry.skipTLSVerification = true
        #expect(try bench.apply(.putRegistry(registry)).asked == [CatalogueBench.name("example/app:1")])
    }

    @Test("questions carry the version of the registry's record; a failure of an older one is asked for again at once")
    func registryVersion() throws {
        var bench = try CatalogueBench()
        var registry = try CatalogueBench.registry("example")
        registry.credential = .reference(user: "robot", source: "env:SECRET")
        try bench.fail("example/app:1", .unauthorized, after: 3_600)
        let outputs = try bench.apply(.putRegistry(registry))
        #expect(outputs.deliveries.map(\.registryVersion) == [2])
        let failure = Failure(
            kind: .unauthorized, message: "401", attempt: 1, nextAttemptAt: bench.now.addingTimeInterval(3_600))
        // Also where the wait of the failure before still runs.
        let first = CatalogueBench.name("example/app:1")
        try bench.apply(.unresolved(.init(name: first, source: .scan, failure: failure, registryVersion: 1)))
        #expect(bench.advance(0).asked == [first])
        try bench.apply(.unresolved(.init(name: first, source: .webhook, failure: failure, registryVersion: 2)))
        let name = CatalogueBench.name("example/app:2")
        try bench.apply(.unresolved(.init(name: name, source: .webhook, failure: failure, registryVersion: 1)))
        #expect(bench.advance(0).asked == [name])
        try bench.apply(.unresolved(.init(name: name, source: .webhook, failure: failure, registryVersion: 2)))
        #expect(bench.advance(600).asked.isEmpty)
        #expect(try bench.observe("example/app:3", 3).requests.map(\.registryVersion) == [2])
    }

    @Test("a removal of the judged revision goes into the trash; of another one it is refused and told")
    func remove() throws {
        var bench = try CatalogueBench()
        try bench.observe("example/app:1", 1)
        let name = CatalogueBench.name("example/app:1")
        let late = try bench.apply(.remove(.init(name: name, revision: 9, actor: "cleanup", evidence: "old")))
        #expect(late.images.isEmpty && late.audited == ["image.remove-refused"])
        let outputs = try bench.apply(.remove(.init(name: name, revision: 1, actor: "cleanup", evidence: "old")))
        #expect(outputs.images.first?.trash?.actor == "cleanup" && outputs.audited == ["image.remove"])
        #expect(try bench.observe("example/app:1", 1).isEmpty, "the registry still shows it: that changes nothing")
        #expect(try bench.observe("example/app:1", 2).images.first?.trash == nil, "a new digest is a new image")
    }

    @Test("a restored image is asked for; one that the registry does not have stays listed")
    func restore() throws {
        var bench = try CatalogueBench()
        let name = CatalogueBench.name("example/app:1")
        try bench.observe("example/app:1", 1)
        try bench.apply(.remove(.init(name: name, revision: 1, actor: "cleanup", evidence: "old")))
        let outputs = try bench.apply(.restore(.init(name: name, actor: "alice")))
        #expect(outputs.images.first?.trash == nil && outputs.asked == [name] && outputs.audited == ["image.restore"])
        try bench.lose("example/app:1")
        #expect(bench.image("example/app:1")?.trash == nil && bench.image("example/app:1")?.resolution == .notFound)
    }

    @Test("what was registered or restored stays listed where it is not found, also after the registry was away")
    func awaited() throws {
        var bench = try CatalogueBench()
        let name = CatalogueBench.name("example/app:1")
        try bench.observe("example/app:1", 1)
        try bench.apply(.remove(.init(name: name, revision: 1, actor: "cleanup", evidence: "old")))
        for wish in [Change.restore(.init(name: name, actor: "alice")), .register(.init(name: name, actor: "alice"))] {
            try bench.apply(wish)
            try bench.fail("example/app:1")
            try bench.lose("example/app:1")
            #expect(bench.image("example/app:1")?.trash == nil && bench.image("example/app:1")?.resolution == .notFound)
        }
        try bench.observe("example/app:1", 1)
        try bench.fail("example/app:1")
        try bench.lose("example/app:1")
        #expect(bench.image("example/app:1")?.trash?.actor == CatalogueState.registryActor, "it was shown since")
    }

    @Test("what CI registered stays bound until a registry shows it: no failure, 404 or registration changes that")
    func notPushed() throws {
        var bench = try CatalogueBench()
        let name = CatalogueBench.name("example/app:1")
        try bench.always("example/app:1", 1)
        let image = try #require(bench.image("example/app:1"))
        #expect(image.resolution == .notPushed && image.digest == CatalogueBench.digest(1))
        #expect(try bench.fail("example/app:1").isEmpty && bench.fail("example/app:1").isEmpty)
        #expect(bench.advance(CatalogueState.askAgainSeconds + 1).asked == [name], "the registry may answer now")
        #expect(try bench.lose("example/app:1").isEmpty)
        #expect(bench.advance(10 * CatalogueState.askAgainSeconds).asked.isEmpty)
        #expect(try bench.apply(.register(.init(name: name, actor: "alice"))).asked == [name])
        #expect(bench.image("example/app:1")?.resolution == .notPushed)
        let revision = try #require(bench.image("example/app:1")).revision
        try bench.apply(.remove(.init(name: name, revision: revision, actor: "alice", evidence: "mistake")))
        try bench.apply(.restore(.init(name: name, actor: "alice")))
        #expect(bench.image("example/app:1")?.resolution == .notPushed)
        #expect(try bench.observe("example/app:1", 1).images.first?.resolution == .resolved)
    }

    @Test("the trash is emptied when its time is over, and then nothing can be restored")
    func purge() throws {
        var bench = try CatalogueBench()
        try bench.apply(.putSettings(SettingsRecord(trashDays: 2)))
        try bench.observe("example/app:1", 1)
        try bench.lose("example/app:1")
        #expect(bench.advance(2 * 86_400 - 1).isEmpty)
        let outputs = bench.advance(2)
        let mark = UnnamedRecord(digest: CatalogueBench.digest(1), since: bench.now)
        #expect(outputs.map(\.effect) == [.unnamed(mark), .dropImage(CatalogueBench.name("example/app:1"))])
        let late = try bench.apply(.restore(.init(name: CatalogueBench.name("example/app:1"), actor: "alice")))
        #expect(late.audited == ["image.restore-refused"])
    }

    /// An image that a person removed and whose time in the trash is over.
    private func purged() throws -> (CatalogueBench, [CatalogueOutput]) {
        var bench = try CatalogueBench(registries: [])
        var log = try bench.apply(.putRegistry(CatalogueBench.registry("example")))
        log += try bench.apply(.putSettings(SettingsRecord(trashDays: 2)))
        log += try bench.observe("example/app:1", 1)
        let name = CatalogueBench.name("example/app:1")
        log += try bench.apply(.remove(.init(name: name, revision: 1, actor: "cleanup", evidence: "old")))
        log += bench.advance(2 * 86_400 + 1)
        #expect(bench.image("example/app:1") == nil)
        return (bench, log)
    }

    @Test("an image that was removed does not come back when its time in the trash is over, also after a restart")
    func staysOut() throws {
        let (bench, log) = try purged()
        for var bench in [bench, try bench.restarted(from: log).0] {
            #expect(try bench.observe("example/app:1", 1).isEmpty, "the registry still shows it")
            #expect(try bench.fail("example/app:1").isEmpty)
            #expect(try bench.observe("example/app:1", 1).isEmpty)
            #expect(try bench.observe("example/app:1", 2).images.map(\.revision) == [1], "another one is new")
            #expect(try bench.observe("example/app:1", 1).images.map(\.revision) == [2])
        }
    }

    @Test("an image that was removed comes back after a 404, a registration, or with its registry")
    func comesBack() throws {
        let (bench, log) = try purged()
        let name = CatalogueBench.name("example/app:1")
        let wishes: [[Change]] = [
            [.gone(.init(name: name, source: .webhook))], [.register(.init(name: name, actor: "alice"))],
            [.candidate(bench.candidate(name, 1))],
            [.deleteRegistry(name.registry), .putRegistry(try CatalogueBench.registry("example"))],
        ]
        for wish in wishes {
            var (next, written) = (bench, log)
            for change in wish { written += try next.apply(change) }
            #expect(next.state.removals.isEmpty, "\(wish)")
            #expect(try next.restarted(from: written).0.state.removals.isEmpty, "\(wish)")
            try next.observe("example/app:1", 1)
            #expect(next.image("example/app:1")?.resolution == .resolved, "\(wish)")
        }
    }

    @Test("a 404 for an image that was removed for good asks once more: it may be older than a push")
    func askedAfterRemoval() throws {
        var (bench, _) = try purged()
        let name = CatalogueBench.name("example/app:1")
        #expect(try bench.lose("example/app:1").asked == [name])
        #expect(try bench.lose("example/app:1").isEmpty, "nothing keeps it out any more")
    }

    @Test("an image that was removed while its registry was away does not come back with the registry")
    func removedWhileAway() throws {
        var bench = try CatalogueBench()
        let name = CatalogueBench.name("example/app:1")
        try bench.observe("example/app:1", 1)
        try bench.fail("example/app:1")
        try bench.apply(.remove(.init(name: name, revision: 2, actor: "cleanup", evidence: "old")))
        let outputs = try bench.observe("example/app:1", 1)
        #expect(outputs.images.first?.resolution == .resolved && outputs.images.first?.trash != nil)
        #expect(outputs.requests.isEmpty && outputs.asked.isEmpty)
    }

    @Test("an image that came back before its time is not purged")
    func notPurged() throws {
        var bench = try CatalogueBench()
        try bench.observe("example/app:1", 1)
        try bench.lose("example/app:1")
        try bench.observe("example/app:1", 1)
        bench.advance(40 * 86_400)
        #expect(bench.image("example/app:1") != nil)
    }

    @Test("changes that come again after newer ones are not applied again, also after a restart")
    func redelivered() throws {
        var bench = try CatalogueBench()
        let name = CatalogueBench.name("example/app:1")
        var log = try bench.apply(.putRegistry(CatalogueBench.registry("second")))
        log += try CatalogueBench(registries: []).restarted(from: []).1
        var changes: [(Int64, Change)] = []
        func change(_ change: Change) throws {
            log += try bench.apply(change)
            changes.append((bench.position, change))
        }
        try change(.putRegistry(CatalogueBench.registry("third")))
        let seen = { (registry: String, number: Int) in
            Change.observed(
                .init(
                    name: CatalogueBench.name("\(registry)/app:1"), digest: CatalogueBench.digest(number),
                    mediaType: .ociManifest,
                    source: .webhook, urgent: true))
        }
        try change(seen("third", 1))
        try change(.remove(.init(name: CatalogueBench.name("third/app:1"), revision: 1, actor: "a", evidence: "e")))
        try change(.restore(.init(name: CatalogueBench.name("third/app:1"), actor: "a")))
        try change(seen("third", 2))
        try change(.remove(.init(name: CatalogueBench.name("third/app:1"), revision: 4, actor: "a", evidence: "e")))
        #expect(bench.image("third/app:1")?.trash != nil && bench.state.images[name] == nil)
        var (next, _) = try bench.restarted(from: log)
        #expect(
            next.state.images == bench.state.images && next.state.registries["third"] == bench.state.registries["third"]
        )
        for (position, change) in changes { #expect(try next.apply(change, at: position).images.isEmpty, "\(change)") }
        #expect(next.state.images == bench.state.images)
    }
}

extension [RegistryName: Registry] {
    subscript(_ name: String) -> Registry? { (try? RegistryName(name)).flatMap { self[$0] } }
}
