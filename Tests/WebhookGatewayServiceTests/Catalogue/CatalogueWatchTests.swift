import EventLogPort
import Events
import Foundation
import Model
import Testing

@testable import WebhookGatewayService

@Suite("The catalogue: alarms, and what fell through")
struct CatalogueWatchTests {
    private func begin(_ bench: inout CatalogueBench) -> [CatalogueOutput] {
        bench.state.takeOver(context: EventContext(id: "start", source: "test", time: bench.now), now: bench.now)
    }

    private func hear(_ bench: inout CatalogueBench, as instance: String = "s1", _ pools: [String]?)
        -> [CatalogueOutput]
    {
        let record = pools.map {
            ScannerRecord(instance: instance, pools: $0, width: 2, analyserVersion: "1", at: bench.now)
        }
        return bench.state.heard(
            instance, record, context: EventContext(id: "heard", source: "test", time: bench.now), now: bench.now)
    }

    private func passing(_ seconds: Int, _ bench: inout CatalogueBench) -> [CatalogueOutput] {
        (0..<seconds / 10).flatMap { _ in bench.advance(10) }
    }

    private func put(_ pool: String, _ bench: inout CatalogueBench) throws {
        var registry = try CatalogueBench.registry("site")
        registry.pool = pool
        try bench.apply(.putRegistry(registry))
    }

    @Test("images that wait in a pool without a scanner are an alarm, once, until one comes")
    func noScanner() throws {
        var bench = try CatalogueBench()
        try put("site-b", &bench)
        _ = begin(&bench)
        _ = hear(&bench, ["default"])
        #expect(passing(300, &bench).alarms.isEmpty, "nothing waits")
        try bench.observe("site/app:1", 1)
        #expect(passing(60, &bench).alarms.isEmpty, "a scanner may be about to come")
        let raised = passing(600, &bench).alarms
        #expect(raised.map(\.key) == ["pool-without-scanner/site-b"])
        #expect(raised.first?.message.contains("scanner.pools=site-b") == true)
        #expect(hear(&bench, as: "s2", ["default"]).ended.isEmpty)
        #expect(hear(&bench, as: "s3", ["site-b", "other"]).ended == ["pool-without-scanner/site-b"])
        #expect(passing(100, &bench).alarms.isEmpty)
    }

    @Test("a scanner that falls silent is missed, one that stops too, and one without work is not")
    func silent() throws {
        var bench = try CatalogueBench()
        _ = begin(&bench)
        _ = hear(&bench, ["default"])
        try bench.observe("example/app:1", 1)
        #expect(passing(Int(ScannerRecord.aliveSeconds), &bench).alarms.isEmpty)
        #expect(passing(120, &bench).alarms.count == 1)
        // The image is read after all: nothing waits any more.
        #expect(bench.scanned(1).ended.isEmpty && passing(30, &bench).ended.count == 1)
        #expect(passing(600, &bench).alarms.isEmpty)
        _ = hear(&bench, ["default"])
        try bench.observe("example/app:2", 2)
        _ = hear(&bench, nil)
        #expect(passing(100, &bench).alarms.count == 1)
    }

    @Test("an alarm outlives its instance, and is not raised twice; one that holds no more ends")
    func takeOver() throws {
        var bench = try CatalogueBench(registries: [])
        var log = try bench.apply(.putRegistry(CatalogueBench.registry("example")))
        log += begin(&bench)
        log += try bench.observe("example/app:1", 1)
        log += passing(200, &bench)
        #expect(log.alarms.count == 1)
        var (next, _) = try bench.restarted(from: log)
        #expect(next.state.alarms.count == 1)
        #expect(next.state.current(Topics.alarms.name, key: "pool-without-scanner/default") != nil)
        #expect(passing(200, &next).alarms.isEmpty)
        #expect(hear(&next, ["default"]).ended.count == 1)
    }

    @Test("a registry that got another pool takes what waits along")
    func otherPool() throws {
        var bench = try CatalogueBench()
        try put("site-b", &bench)
        _ = begin(&bench)
        try bench.observe("site/app:1", 1)
        #expect(passing(200, &bench).alarms.map(\.subject) == ["site-b"])
        _ = hear(&bench, ["site-c"])
        var registry = try CatalogueBench.registry("site")
        registry.pool = "site-c"
        let outputs = try bench.apply(.putRegistry(registry))
        guard case .request(let request, "site-c", _)? = outputs.effects.first(where: \.isRequest) else {
            Issue.record("it is not asked for in the new pool")
            return
        }
        #expect(request.digest == CatalogueBench.digest(1))
        #expect(passing(30, &bench).ended == ["pool-without-scanner/site-b"])
    }

    @Test("a scanner that ended without a word is forgotten after a day")
    func forgotten() throws {
        var bench = try CatalogueBench()
        _ = begin(&bench)
        _ = hear(&bench, ["default"])
        let outputs = passing(2 * 86_400, &bench)
        #expect(outputs.effects.filter { $0 == .dropScanner(instance: "s1") }.count == 1)
        #expect(bench.state.scanners.isEmpty)
    }

    @Test("an image without a status and without an open request is asked for within the hour, without a restart")
    func fellThrough() throws {
        var bench = try CatalogueBench()
        _ = begin(&bench)
        _ = hear(&bench, ["default"])
        try bench.observe("example/app:1", 1)
        try bench.observe("example/app:2", 2)
        bench.scanned(2, .failed(.init(kind: .damaged, message: "cut", attempt: 1, nextAttemptAt: bench.now + 60)))
        // As if the requests and timers had been lost.
        bench.state.books = [:]
        bench.state.timers = TimerQueue()
        bench.state.timers.add(.reconcile, at: bench.now.addingTimeInterval(CatalogueState.reconcileEvery))
        let outputs = passing(3_700, &bench).requests
        #expect(Set(outputs.map(\.digest)) == [CatalogueBench.digest(1), CatalogueBench.digest(2)])
        #expect(passing(3_600, &bench).requests.isEmpty, "they are open now")
    }

    @Test("a status of a newer schema counts as an answer that an older program cannot read")
    func newerStatus() throws {
        var bench = try CatalogueBench()
        _ = begin(&bench)
        try bench.observe("example/app:1", 1)
        #expect(bench.state.books["default"]?.open.count == 1)
        bench.state.passOver(
            WholeRecord(
                id: RecordID(topic: Topics.scanStatus.name, partition: 0, position: 1),
                key: CatalogueBench.digest(1).text, value: Data("{}".utf8), headers: [], appendedAt: bench.now))
        #expect(bench.state.books["default"]?.open.isEmpty == true)
        #expect(passing(2 * 3_600, &bench).requests.isEmpty)
        bench.scanned(1)
        #expect(bench.state.beyond.isEmpty)
    }
}

extension [CatalogueOutput] {
    var alarms: [AlarmRecord] { compactMap { if case .alarm(let alarm) = $0.effect { alarm } else { nil } } }
    /// Keys of alarms that ended.
    var ended: [String] { compactMap { if case .dropAlarm(let key) = $0.effect { key } else { nil } } }
}

extension CatalogueOutput.Effect {
    fileprivate var isRequest: Bool { if case .request = self { true } else { false } }
}
