import EventLogPort
import Events
import Foundation
import ScannerService
import TestSupport
import Testing

@Suite("A scanner tells that it works")
struct PresenceTests {
    private func told(_ fixture: ScannerFixture) async throws -> [Record] {
        let end = try await fixture.log.inner.end(of: Topics.scanners.name)[0] ?? -1
        guard end >= 0 else { return [] }
        let reader = try await fixture.log.inner.read(Topics.scanners.name, after: [:])
        var found: [Record] = []
        while found.last?.position ?? -1 < end, let batch = try await reader.next() { found += batch }
        await reader.close()
        return found
    }

    @Test("once a minute and not more often, and at its end that it does no more")
    func presence() async throws {
        let clock = ManualClock()
        let fixture = try await ScannerFixture.start(
            configuration: .init(pools: ["site-b", "default"], width: 3), time: clock.time)
        try await eventually("it is there") { try await told(fixture).count == 1 }
        let first = try await told(fixture)[0].payload(ScannerRecord.self)
        #expect(first.instance == "scanner-test" && first.pools == ["default", "site-b"] && first.width == 3)
        #expect(first.at == clock.time.now() && !first.analyserVersion.isEmpty)
        try await eventually("it waits") { clock.hasSleeper(for: .seconds(ScannerRecord.everySeconds)) }
        clock.advance(by: .seconds(ScannerRecord.everySeconds - 1))
        let image = fixture.registry.put(try debianImage(), "team/app", tag: "1")
        try await fixture.request(image, "demo/team/app:1")
        _ = try await fixture.status(of: image)
        #expect(try await told(fixture).count == 1)
        clock.advance(by: .seconds(1))
        try await eventually("it is still there") { try await told(fixture).count == 2 }
        fixture.running.cancel()
        _ = await fixture.running.result
        let records = try await told(fixture)
        #expect(records.count == 3 && records.last?.isTombstone == true)
        #expect(Set(records.map(\.key)) == ["scanner-test"])
        await fixture.stop()
    }
}
