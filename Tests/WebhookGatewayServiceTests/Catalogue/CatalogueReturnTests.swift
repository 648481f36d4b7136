import Events
import Foundation
import Model
import Testing

@testable import WebhookGatewayService

@Suite("The catalogue: a registry is back")
struct CatalogueReturnTests {
    private func failed(_ kind: Failure.Kind = .unreachable, at date: Date?) -> ScanStatusRecord.State {
        .failed(Failure(kind: kind, message: "down", attempt: 9, nextAttemptAt: date))
    }

    /// Everything that is due within these seconds.
    private func passing(_ seconds: Int, _ bench: inout CatalogueBench) -> [CatalogueOutput] {
        (0..<seconds).flatMap { _ in bench.advance(1) }
    }

    /// Ten images whose scans failed and ten names that could not be asked for, all to be tried again in hours.
    private func outage(_ bench: inout CatalogueBench) throws {
        let later = bench.now.addingTimeInterval(6 * 3_600)
        for number in 1...10 {
            try bench.observe("example/app:\(number)", number)
            bench.scanned(number, failed(at: later), name: "example/app:\(number)")
            try bench.fail("example/new:\(number)", after: 6 * 3_600)
        }
    }

    @Test("what failed while it was away is asked for soon after it answers, and keeps its own time else")
    func back() throws {
        var bench = try CatalogueBench(registries: ["example", "other"])
        try bench.observe("other/app:1", 50)
        bench.scanned(50, failed(at: bench.now.addingTimeInterval(3_600)), name: "other/app:1")
        try outage(&bench)
        #expect(passing(70, &bench).isEmpty, "nothing answers")
        try bench.observe("example/app:99", 99)
        let outputs = passing(3, &bench)
        #expect(Set(outputs.requests.map(\.digest)) == Set((1...10).map(CatalogueBench.digest)))
        #expect(outputs.requests.allSatisfy { $0.reason == "registry back" && $0.attempt == 10 })
        #expect(Set(outputs.asked.map(\.repository.text)) == ["new"] && outputs.asked.count == 10)
        #expect(passing(60, &bench).isEmpty, "once")
    }

    @Test("a few at a time, and no longer than it goes on answering")
    func paced() throws {
        var bench = try CatalogueBench()
        try bench.apply(.putSettings(SettingsRecord(backgroundRequestsMax: 10_000)))
        let later = bench.now.addingTimeInterval(6 * 3_600)
        for number in 1...100 {
            try bench.observe("example/app:\(number)", number)
            bench.scanned(number, failed(at: later), name: "example/app:\(number)")
        }
        _ = passing(70, &bench)
        try bench.observe("example/app:999", 999)
        let first = bench.advance(0).requests
        #expect(first.count == CatalogueState.returningAtATime)
        #expect(bench.advance(0.5).requests.isEmpty)
        let second = bench.advance(0.5).requests
        #expect(second.count == CatalogueState.returningAtATime)
        for request in first.prefix(CatalogueState.returningMissesMax) {
            bench.last = bench.state.scanned(
                ScanStatusRecord(
                    digest: request.digest, state: failed(at: later), analyserVersion: "1", name: request.name,
                    scanner: "s", finishedAt: bench.now),
                context: .init(id: "again", source: "test", time: bench.now), now: bench.now)
        }
        #expect(passing(30, &bench).requests.isEmpty, "it is away again")
    }

    @Test("what failed for another reason is not asked for", arguments: Failure.Kind.allCases)
    func otherReasons(kind: Failure.Kind) throws {
        var bench = try CatalogueBench()
        try bench.observe("example/app:1", 1)
        bench.scanned(1, failed(kind, at: bench.now.addingTimeInterval(3_600)))
        _ = passing(70, &bench)
        try bench.observe("example/app:2", 2)
        #expect(passing(3, &bench).requests.map(\.digest) == (kind == .unreachable ? [CatalogueBench.digest(1)] : []))
    }

    @Test("one repository that always fails beside others that answer keeps its back-off")
    func oneRepository() throws {
        var bench = try CatalogueBench()
        try bench.observe("example/bad:1", 1)
        var requests: [ScanRequest] = []
        for round in 0..<20 {
            bench.scanned(1, failed(at: bench.now.addingTimeInterval(6 * 3_600)), name: "example/bad:1")
            requests += passing(20, &bench).requests
            try bench.observe("example/good:\(round)", 100 + round)
            requests += passing(20, &bench).requests
        }
        #expect(requests.isEmpty)
    }

    @Test("a scan that is done and the enumerator's word are answers, too; old ones are not", arguments: [true, false])
    func answers(byScan: Bool) throws {
        var bench = try CatalogueBench()
        try bench.observe("example/app:2", 2)
        try bench.observe("example/app:1", 1)
        let before = bench.now.addingTimeInterval(-10)
        bench.scanned(1, failed(at: bench.now.addingTimeInterval(3_600)))
        _ = passing(70, &bench)
        func answer(at date: Date) throws {
            let context = EventContext(id: "answer", source: "test", time: bench.now)
            if byScan {
                let status = ScanStatusRecord(
                    digest: CatalogueBench.digest(2), state: .done, analyserVersion: "1",
                    name: CatalogueBench.name("example/app:2"), scanner: "s", finishedAt: date)
                bench.last = bench.state.scanned(status, context: context, now: bench.now)
            } else {
                let status = RegistryStatusRecord(
                    registry: try RegistryName("example"), instance: "e",
                    enumeration: .init(startedAt: date, finishedAt: date, complete: true))
                bench.last = bench.state.listed(status, context: context, now: bench.now)
            }
        }
        try answer(at: before)
        #expect(passing(3, &bench).requests.isEmpty)
        try answer(at: bench.now)
        #expect(passing(3, &bench).requests.map(\.digest) == [CatalogueBench.digest(1)])
    }

    @Test("after a take-over, too")
    func takeOver() throws {
        var bench = try CatalogueBench(registries: [])
        var log = try bench.apply(.putRegistry(CatalogueBench.registry("example")))
        log += try bench.observe("example/app:1", 1)
        log += try bench.fail("example/new:1", after: 6 * 3_600)
        bench.scanned(1, failed(at: bench.now.addingTimeInterval(6 * 3_600)))
        bench.now += 1_000
        var (next, _) = try bench.restarted(from: log)
        _ = passing(70, &next)
        try next.observe("example/app:2", 2)
        let outputs = passing(3, &next)
        #expect(outputs.requests.map(\.digest) == [CatalogueBench.digest(1)])
        #expect(outputs.asked == [CatalogueBench.name("example/new:1")])
    }

    @Test("a scan that only a change can help is asked for again with new analysers, and with new credentials")
    func changed() throws {
        var bench = try CatalogueBench()
        try bench.observe("example/app:1", 1)
        try bench.observe("example/app:2", 2)
        bench.scanned(1, failed(.unsupported, at: nil))
        #expect(bench.advance(86_400).requests.isEmpty)
        #expect(bench.scanned(2, version: "2").requests.map(\.digest) == [CatalogueBench.digest(1)])
        bench.scanned(1, failed(.unauthorized, at: nil), version: "2")
        var registry = try CatalogueBench.registry("example")
        registry.credential = .reference(user: "robot", source: "env:SECRET")
        #expect(try bench.apply(.putRegistry(registry)).requests.map(\.digest) == [CatalogueBench.digest(1)])
    }
}
