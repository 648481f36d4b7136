import Events
import Foundation
import Model
import Testing

@testable import WebhookGatewayService

@Suite("The catalogue: scan requests")
struct CatalogueScanTests {
    private func failure(_ attempt: Int, at date: Date?) -> ScanStatusRecord.State {
        .failed(Failure(kind: .unreachable, message: "down", attempt: attempt, nextAttemptAt: date))
    }

    @Test("background requests are capped, and each answer makes room for one more")
    func capped() throws {
        var bench = try CatalogueBench()
        try bench.apply(.putSettings(SettingsRecord(backgroundRequestsMax: 3)))
        var requested = 0
        for number in 1...10 {
            requested += try bench.observe("example/app:\(number)", number, source: .enumeration, urgent: false)
                .requests.count
        }
        #expect(requested == 3)
        for number in 1...7 {
            #expect(bench.scanned(number).requests(.background).map(\.digest) == [CatalogueBench.digest(number + 3)])
        }
        #expect(bench.scanned(8).isEmpty)
    }

    @Test("an urgent request does not wait for the backlog")
    func urgent() throws {
        var bench = try CatalogueBench()
        try bench.apply(.putSettings(SettingsRecord(backgroundRequestsMax: 1)))
        for number in 1...50 { try bench.observe("example/app:\(number)", number, urgent: false) }
        #expect(try bench.observe("example/app:now", 99).requests(.urgent).count == 1)
    }

    @Test("a background change to a digest that is known only asks for the name, and that is durable")
    func knownInBackground() throws {
        var bench = try CatalogueBench()
        try bench.observe("example/app:1", 1)
        bench.scanned(1)
        let outputs = try bench.observe("example/app:2", 1, source: .enumeration, urgent: false)
        #expect(outputs.requests.isEmpty && outputs.asked == [CatalogueBench.name("example/app:2")])
    }

    @Test("a pool without scanners holds up no other pool")
    func pools() throws {
        var bench = try CatalogueBench()
        try bench.apply(.putSettings(SettingsRecord(backgroundRequestsMax: 2)))
        var other = try CatalogueBench.registry("other")
        other.pool = "site-b"
        try bench.apply(.putRegistry(other))
        for number in 1...5 { try bench.observe("other/app:\(number)", number, urgent: false) }
        let outputs = try bench.observe("example/app:1", 10, urgent: false)
        #expect(outputs.requests(.background).count == 1)
        guard
            case .request(_, "default", .background)? = outputs.map(\.effect).first(where: {
                if case .request = $0 { true } else { false }
            })
        else {
            Issue.record("is not in the pool of its registry")
            return
        }
    }

    @Test("a failed scan is requested again at its time, with the next attempt")
    func retry() throws {
        var bench = try CatalogueBench()
        try bench.observe("example/app:1", 1)
        #expect(bench.scanned(1, failure(3, at: bench.now.addingTimeInterval(600))).isEmpty)
        #expect(bench.advance(599).isEmpty)
        let outputs = bench.advance(2)
        #expect(outputs.requests(.background).map(\.attempt) == [4] && outputs.requests.first?.reason == "retry")
        #expect(bench.advance(600).isEmpty, "it is open")
    }

    @Test("a name that no registry has shown does not hold up the retry of its digest's scan")
    func retryByAnotherName() throws {
        var bench = try CatalogueBench()
        try bench.always("example/app:1", 1)
        #expect(bench.image("example/app:1")?.resolution == .notPushed)
        try bench.observe("example/app:2", 1)
        bench.scanned(1, failure(1, at: bench.now.addingTimeInterval(60)))
        #expect(bench.advance(61).requests.map(\.name) == [CatalogueBench.name("example/app:2")])
    }

    @Test("attempts go round the names of a digest, so that a registry that is away for good does not hold up its scan")
    func retryInTurn() throws {
        var bench = try CatalogueBench(registries: ["away", "example"])
        try bench.observe("away/app:1", 1)
        try bench.observe("example/app:1", 1)
        var asked: Set<ImageName> = []
        for attempt in 1...2 {
            bench.scanned(1, failure(attempt, at: bench.now.addingTimeInterval(60)))
            let requests = bench.advance(61).requests
            #expect(requests.map(\.attempt) == [attempt + 1])
            asked.formUnion(requests.map(\.name))
        }
        #expect(asked == [CatalogueBench.name("away/app:1"), CatalogueBench.name("example/app:1")])
    }

    @Test("a retry whose names are gone is asked for by the next name that a registry shows")
    func retryByLaterName() throws {
        var bench = try CatalogueBench()
        try bench.observe("example/app:1", 1)
        bench.scanned(1, failure(1, at: bench.now.addingTimeInterval(60)))
        try bench.lose("example/app:1")
        #expect(bench.advance(61).requests.isEmpty)
        #expect(try bench.observe("example/app:2", 1).requests.map(\.attempt) == [2])
    }

    @Test("a retry that waits in the queue goes to another name when its own is removed")
    func queuedRetry() throws {
        var bench = try CatalogueBench()
        try bench.apply(.putSettings(SettingsRecord(backgroundRequestsMax: 1)))
        for name in ["example/app:1", "example/app:2"] { try bench.observe(name, 1) }
        bench.scanned(1, failure(1, at: bench.now.addingTimeInterval(60)))
        try bench.observe("example/other:1", 2, urgent: false)
        #expect(bench.advance(61).requests.isEmpty, "the only place is taken")
        // The first attempt after a failed one is by the second name.
        try bench.apply(
            .remove(.init(name: CatalogueBench.name("example/app:2"), revision: 1, actor: "a", evidence: "e")))
        #expect(bench.scanned(2).requests.map(\.name) == [CatalogueBench.name("example/app:1")])
    }

    @Test("a failed scan is requested at once when the registry's record changed, and without a time only then")
    func registryChanged() throws {
        var bench = try CatalogueBench()
        try bench.observe("example/app:1", 1)
        bench.scanned(1, failure(1, at: nil))
        #expect(bench.advance(10 * 86_400).isEmpty)
        var registry = try CatalogueBench.registry("example")
        registry.credential = .reference(user: "robot", source: "env:SECRET")
        #expect(try bench.apply(.putRegistry(registry)).requests.map(\.attempt) == [2])
    }

    @Test("an index is scanned again for a registry that wants another platform of it")
    func platforms() throws {
        let both = [Platform.linuxAMD64, try Platform("linux/arm64")]
        var bench = try CatalogueBench()
        try bench.apply(.putRegistry(CatalogueBench.registry("other", platforms: both)))
        let first = try bench.observe("example/app:1", 1).requests
        #expect(first.map(\.platforms) == [[.linuxAMD64]] && first.map(\.wantsStatus) == [true])
        #expect(first.map(\.registryVersion) == [1])
        bench.scanned(1, platforms: [.linuxAMD64])
        let second = try bench.observe("other/app:1", 1).requests(.urgent)
        #expect(second.map(\.platforms) == [both] && second.map(\.wantsStatus) == [true])
        #expect(bench.scanned(1, platforms: both).requests.isEmpty)
        let third = try bench.observe("example/app:2", 1).requests
        #expect(third.map(\.wantsStatus) == [false])
        // A manifest has no platforms to choose from.
        try bench.observe("example/app:3", 2)
        bench.scanned(2)
        #expect(try bench.observe("other/app:3", 2).requests.map(\.wantsStatus) == [false])
    }

    @Test("while a scan is open for one platform, another registry's is asked for beside it")
    func openForAnother() throws {
        let arm = [try Platform("linux/arm64")]
        let both = [Platform.linuxAMD64] + arm
        var bench = try CatalogueBench()
        try bench.apply(.putRegistry(CatalogueBench.registry("other", platforms: arm)))
        try bench.observe("example/app:1", 1)
        #expect(try bench.observe("other/app:1", 1).requests(.urgent).map(\.platforms) == [both])
        #expect(try bench.observe("other/app:2", 1).requests.isEmpty, "it is open")
        // The answer to the first one, the second being lost: what it leaves out is asked for again.
        #expect(bench.scanned(1, platforms: [.linuxAMD64]).requests.map(\.platforms) == [both])
        #expect(bench.scanned(1, platforms: both).requests.isEmpty)
    }

    @Test("a failure for one registry's platforms does not keep another registry's from being read")
    func failedForAnother() throws {
        let arm = [try Platform("linux/arm64")]
        let both = [Platform.linuxAMD64] + arm
        var bench = try CatalogueBench()
        try bench.observe("example/app:1", 1)
        try bench.apply(.putRegistry(CatalogueBench.registry("other", platforms: arm)))
        bench.scanned(1, failure(1, at: nil), platforms: [.linuxAMD64])
        #expect(try bench.observe("other/app:1", 1).requests.map(\.platforms) == [both])
        #expect(bench.scanned(1, failure(2, at: nil), platforms: both).requests.isEmpty)
    }

    @Test("a platform that no registry wants any more is not asked for again, though it failed")
    func droppedPlatform() throws {
        let both = [Platform.linuxAMD64, try Platform("linux/arm64")]
        var bench = try CatalogueBench(registries: [])
        try bench.apply(.putRegistry(CatalogueBench.registry("example", platforms: both)))
        #expect(try bench.observe("example/app:1", 1).requests.map(\.platforms) == [both])
        bench.scanned(1, failure(1, at: nil), platforms: both)
        let outputs = try bench.apply(.putRegistry(CatalogueBench.registry("example")))
        #expect(outputs.requests.map(\.platforms) == [[.linuxAMD64]])
    }

    @Test("a request that was made before its registry changed does not stand for the changed one")
    func openBeforeChange() throws {
        var registry = try CatalogueBench.registry("example")
        registry.credential = .reference(user: "robot", source: "env:SECRET")
        var bench = try CatalogueBench()
        try bench.observe("example/app:1", 1)
        #expect(try bench.observe("example/app:2", 1).requests.isEmpty, "it is open")
        try bench.apply(.putRegistry(registry))
        let asked = try bench.observe("example/app:3", 1).requests
        #expect(asked.map(\.registryVersion) == [2])
        #expect(try bench.observe("example/app:4", 1).requests.isEmpty, "it is open")
    }

    @Test("a scan that failed with a registry's old record is asked for with the new one at once")
    func failedBeforeChange() throws {
        var registry = try CatalogueBench.registry("example")
        registry.credential = .reference(user: "robot", source: "env:SECRET")
        var bench = try CatalogueBench()
        try bench.observe("example/app:1", 1)
        try bench.apply(.putRegistry(registry))
        let asked = bench.scanned(1, failure(1, at: nil)).requests
        #expect(asked.map(\.registryVersion) == [2] && asked.map(\.reason) == ["registry changed"])
        #expect(bench.scanned(1, failure(2, at: nil)).requests.isEmpty)
    }

    @Test("other platforms of a registry want its indexes again, also after a restart; fewer want nothing")
    func platformsChanged() throws {
        let both = [Platform.linuxAMD64, try Platform("linux/arm64")]
        var bench = try CatalogueBench(registries: [])
        var log = try bench.apply(.putRegistry(CatalogueBench.registry("example")))
        for number in 1...2 { log += try bench.observe("example/app:\(number)", number) }
        bench.scanned(1, platforms: [.linuxAMD64])
        bench.scanned(2)
        log += try bench.apply(.putRegistry(CatalogueBench.registry("example", platforms: both)))
        #expect(bench.last.requests(.background).map(\.digest) == [CatalogueBench.digest(1)])
        #expect(bench.last.requests.map(\.reason) == ["platforms changed"])
        #expect(try bench.restarted(from: log).1.requests.map(\.platforms) == [both])
        bench.scanned(1, platforms: both)
        log += try bench.apply(.putRegistry(CatalogueBench.registry("example")))
        #expect(bench.last.requests.isEmpty)
        #expect(try bench.restarted(from: log).1.requests.isEmpty)
    }

    @Test("a report of a new analyser version wants the other inventories again, each once")
    func analyserVersion() throws {
        var bench = try CatalogueBench()
        for number in 1...3 {
            try bench.observe("example/app:\(number)", number)
            bench.scanned(number)
        }
        let outputs = bench.scanned(1, version: "2")
        #expect(
            Set(outputs.requests(.background).map(\.digest)) == [CatalogueBench.digest(2), CatalogueBench.digest(3)])
        #expect(outputs.requests.allSatisfy { $0.analyserVersion == "2" })
        #expect(bench.scanned(2, version: "1").isEmpty, "an old scanner's report does not make the new version old")
    }

    @Test("a request without an answer is given up before the log forgets it")
    func lost() throws {
        var bench = try CatalogueBench()
        try bench.observe("example/app:1", 1)
        #expect(bench.advance(5 * 86_400).isEmpty)
        #expect(bench.advance(86_400 + 1).requests.map(\.reason) == ["no answer"])
    }

    @Test("a rescan asks for each image in scope, in the background, within the cap")
    func rescan() throws {
        var bench = try CatalogueBench(registries: ["example", "other"])
        try bench.apply(.putSettings(SettingsRecord(backgroundRequestsMax: 2)))
        for number in 1...5 {
            try bench.observe("example/app:\(number)", number)
            bench.scanned(number)
        }
        try bench.observe("other/app:1", 9)
        bench.scanned(9)
        let registry = try RegistryName("example")
        var outputs = try bench.apply(.rescan(.init(registry: registry, reason: "schedule example")))
        let position = bench.position
        #expect(outputs.requests(.background).count == 2 && bench.state.takeFinishedRescans().isEmpty)
        for _ in 0..<2 { outputs += bench.advance(RequestBook.knownLease + 0.1) }
        #expect(outputs.requests.count == 5 && Set(outputs.requests.map(\.name.registry)) == [registry])
        #expect(outputs.requests.allSatisfy { $0.reason == "rescan schedule example" })
        #expect(bench.state.takeFinishedRescans() == [position])
    }

    @Test("two rescans that are due together make one request an image")
    func merged() throws {
        var bench = try CatalogueBench()
        for number in 1...5 {
            try bench.observe("example/app:\(number)", number)
            bench.scanned(number)
        }
        var outputs = try bench.apply(.rescan(.init(registry: try RegistryName("example"), reason: "schedule example")))
        outputs += try bench.apply(.rescan(.init(registry: nil, reason: "schedule all")))
        #expect(outputs.requests.count == 5)
        #expect(bench.state.takeFinishedRescans().count == 2)
        bench.now += 3600
        #expect(try bench.apply(.rescan(.init(registry: nil, reason: "schedule all"))).requests.count == 5)
    }

    @Test("a person's rescan is asked for although there was one a moment ago; it joins one that is still queued")
    func explicit() throws {
        var bench = try CatalogueBench()
        try bench.observe("example/app:1", 1)
        bench.scanned(1)
        let name = CatalogueBench.name("example/app:1")
        #expect(try bench.apply(.rescan(.init(registry: nil, reason: "schedule all"))).requests.count == 1)
        let wish = Change.rescan(.init(registry: nil, image: name, reason: "actor alice"))
        #expect(try bench.apply(wish).requests.map(\.reason) == ["rescan actor alice"])
        try bench.apply(.putSettings(SettingsRecord(backgroundRequestsMax: 1)))
        #expect(try bench.apply(wish).requests.isEmpty && bench.apply(wish).requests.isEmpty, "both are queued")
        var later: [CatalogueOutput] = []
        for _ in 0..<4 { later += bench.advance(RequestBook.knownLease + 0.1) }
        #expect(later.requests.count == 1)
        #expect(bench.state.takeFinishedRescans().count == 4)
    }

    @Test("a rescan of an image whose digest is not known asks the registry")
    func rescanWaiting() throws {
        var bench = try CatalogueBench()
        try bench.fail("example/app:1", .unauthorized)
        let name = CatalogueBench.name("example/app:1")
        #expect(try bench.apply(.rescan(.init(registry: nil, image: name, reason: "actor alice"))).asked == [name])
    }

    @Test("after a restart each image without a report is requested, failed ones at their time, done ones not")
    func restart() throws {
        var bench = try CatalogueBench(registries: [])
        var log = try bench.apply(.putRegistry(CatalogueBench.registry("example")))
        for number in 1...3 { log += try bench.observe("example/app:\(number)", number) }
        bench.scanned(1)
        bench.scanned(2, failure(1, at: bench.now.addingTimeInterval(5_000)))
        bench.now += 3600
        var (next, outputs) = try bench.restarted(from: log)
        #expect(outputs.requests.map(\.digest) == [CatalogueBench.digest(3)] && outputs.policies == [Policy.standard])
        #expect(next.advance(2_000).requests.map(\.attempt) == [2])
    }

    @Test("images bound just before a restart are asked for: their first ask may be lost")
    func recheck() throws {
        var bench = try CatalogueBench(registries: [])
        var log = try bench.apply(.putRegistry(CatalogueBench.registry("example")))
        log += try bench.observe("example/app:1", 1)
        bench.scanned(1)
        #expect(try bench.restarted(from: log).1.asked == [CatalogueBench.name("example/app:1")])
    }

    @Test("timers come in their order, whatever the order in which they were added")
    func timers() {
        var queue = TimerQueue<Int>()
        let numbers = (0..<200).shuffled()
        for number in numbers { queue.add(number, at: Date(timeIntervalSince1970: Double(number))) }
        var taken: [Int] = []
        while let number = queue.take(dueAt: Date(timeIntervalSince1970: 150)) { taken.append(number) }
        #expect(taken == Array(0...150) && queue.next == Date(timeIntervalSince1970: 151))
    }
}
