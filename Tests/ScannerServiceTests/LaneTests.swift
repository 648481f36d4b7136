import EventLogPort
import Events
import Model
import ScannerService
import TestSupport
import Testing

@Suite("The lanes of a scanner")
struct LaneTests {
    /// Images whose manifest the registry never answers for.
    private func held(_ count: Int, _ fixture: ScannerFixture) throws -> [Digest] {
        try (0..<count).map { number in
            let digest = fixture.registry.put(try debianImage("held\(number)"), "team/app")
            fixture.registry.script("GET /v2/team/app/manifests/\(digest)", .init(200, ending: .silent))
            return digest
        }
    }

    private func begun(_ digests: [Digest], _ fixture: ScannerFixture) -> Int {
        digests.count { fixture.registry.count("GET /v2/team/app/manifests/\($0)") > 0 }
    }

    @Test("an urgent request is read although images of the background have every place and more wait")
    func beyondBackground() async throws {
        let fixture = try await ScannerFixture.start(configuration: .init(width: 2))
        let held = try held(6, fixture)
        for digest in held { try await fixture.request(digest, "demo/team/app@\(digest)", lane: .background) }
        try await eventually("the background has every place") { begun(held, fixture) == 2 }
        let urgent = fixture.registry.put(try debianImage(), "team/app", tag: "1")
        try await fixture.request(urgent, "demo/team/app:1", lane: .urgent)
        #expect(try await fixture.status(of: urgent).state == .done)
        #expect(begun(held, fixture) == 2)
        let statuses = try await fixture.log.end(of: Topics.scanStatus.name)[0]
        #expect(statuses == 0, "nothing of the background has ended before")
        await fixture.stop()
    }

    @Test("a cap on the background leaves a place that only urgent requests get")
    func cap() async throws {
        let fixture = try await ScannerFixture.start(configuration: .init(width: 2, backgroundMax: 1))
        let held = try held(3, fixture)
        for digest in held { try await fixture.request(digest, "demo/team/app@\(digest)", lane: .background) }
        try await eventually("the background has its place") { begun(held, fixture) == 1 }
        for number in 0..<3 {
            let urgent = fixture.registry.put(try debianImage("urgent\(number)"), "team/app", tag: "\(number)")
            try await fixture.request(urgent, "demo/team/app:\(number)", lane: .urgent)
            #expect(try await fixture.status(of: urgent).state == .done)
        }
        #expect(begun(held, fixture) == 1)
        await fixture.stop()
    }

    @Test("a scanner serves each of its pools")
    func pools() async throws {
        let fixture = try await ScannerFixture.start(configuration: .init(pools: ["default", "site-b"]))
        for (number, pool) in ["default", "site-b"].enumerated() {
            let digest = fixture.registry.put(try debianImage("lib\(number)"), "team/app", tag: "\(number)")
            try await fixture.request(digest, "demo/team/app:\(number)", pool: pool, lane: .background)
            #expect(try await fixture.status(of: digest).state == .done)
        }
        await fixture.stop()
    }
}
