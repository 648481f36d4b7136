import EventLogPort
import Events
import Foundation
import Model
import TestSupport
import Testing

@Suite("Judging the platforms of an index")
struct PlatformJudgingTests {
    private let root = Fixtures.digest(9)
    private let amd = Fixtures.digest(1)
    private let arm = Fixtures.digest(2)
    private let arm64: Platform

    init() throws { arm64 = try Platform("linux/arm64/v8") }

    private func put(
        _ fixture: EvaluatorFixture, children: [InventoryRecord.Child], missing: [Platform] = []
    ) async throws {
        let index = InventoryRecord.IndexChildren(digest: root, children: children, missing: missing)
        try await fixture.put(Topics.inventories, root.text, InventoryRecord.index(index))
    }

    private var amdChild: InventoryRecord.Child { .init(platform: .linuxAMD64, digest: amd) }
    private var armChild: InventoryRecord.Child { .init(platform: arm64, digest: arm) }

    private func fixture(_ registries: [String: [Platform]]) async throws -> EvaluatorFixture {
        let fixture = try await EvaluatorFixture()
        try await fixture.put(policy: .standard)
        for (name, platforms) in registries {
            try await fixture.put(registry: name, platforms: platforms)
            try await fixture.put(image: "\(name)/team/app:1", root)
        }
        try await fixture.put(inventory: amd, packages: ["flask": "3.0.0"])
        return fixture
    }

    private func importAdvisories(_ fixture: EvaluatorFixture) async throws {
        _ = try await fixture.importAdvisories([.init(id: "PYSEC-1", package: "jinja2", fixed: "3.1.3")])
    }

    @Test("each registry's name is judged by its own platforms; one that was not read is never passed over")
    func twoRegistries() async throws {
        let wanted = try Platform("linux/arm64")
        let fixture = try await fixture(["one": [.linuxAMD64], "two": [.linuxAMD64, wanted]])
        try await put(fixture, children: [amdChild])
        try await fixture.running {
            try await self.importAdvisories(fixture)
            _ = try await fixture.waitForVerdict("one/team/app:1", "compliance") { $0.verdict.outcome == .compliant }
            let half = try await fixture.waitForVerdict("two/team/app:1")
            #expect(half.verdict.outcome == .undetermined)
            #expect(half.verdict.undetermined.contains { $0.what == "platform linux/arm64" })
            // Read since, with a flaw; the index names the variant.
            try await fixture.put(inventory: self.arm, packages: ["jinja2": "3.1.0"])
            try await self.put(fixture, children: [self.amdChild, self.armChild])
            let whole = try await fixture.waitForVerdict("two/team/app:1", "the flaw") {
                $0.verdict.outcome == .nonCompliant
            }
            #expect(whole.platforms.map(\.digest) == [self.amd, self.arm])
            let one = try #require(try await fixture.verdict("one/team/app:1"))
            #expect(one.verdict.outcome == .compliant && one.platforms.map(\.digest) == [self.amd])
        }
    }

    @Test("a platform whose scan failed has its reason; a registry that does not want it is not concerned")
    func failed() async throws {
        let wanted = try Platform("linux/arm64")
        let fixture = try await fixture(["one": [.linuxAMD64], "two": [.linuxAMD64, wanted]])
        let failure = Failure(kind: .damaged, message: "layer 3 is cut off", attempt: 1, nextAttemptAt: nil)
        try await fixture.put(
            Topics.scanStatus, root.text,
            ScanStatusRecord(
                digest: root, state: .failed(failure), platforms: [.linuxAMD64, wanted], analyserVersion: "1",
                name: try ImageName("two/team/app:1"), scanner: "s", finishedAt: fixture.time.now()))
        try await put(fixture, children: [amdChild])
        try await fixture.running {
            try await self.importAdvisories(fixture)
            _ = try await fixture.waitForVerdict("one/team/app:1", "compliance") { $0.verdict.outcome == .compliant }
            let two = try await fixture.waitForVerdict("two/team/app:1", "the reason") { record in
                record.verdict.undetermined.contains { $0.reason == "layer 3 is cut off" }
            }
            #expect(two.verdict.outcome == .undetermined)
        }
    }

    @Test("a platform that the index does not have is passed over, unless it has none of them")
    func absent() async throws {
        let other = try Platform("linux/s390x")
        let fixture = try await fixture(["one": [.linuxAMD64, other], "two": [other]])
        try await put(fixture, children: [amdChild], missing: [other])
        try await fixture.running {
            try await self.importAdvisories(fixture)
            _ = try await fixture.waitForVerdict("one/team/app:1", "compliance") { $0.verdict.outcome == .compliant }
            let two = try await fixture.waitForVerdict("two/team/app:1")
            #expect(two.verdict.outcome == .undetermined)
            #expect(two.verdict.undetermined.contains { $0.what == "platforms" })
        }
    }

    @Test("a registry that wants another platform has its names judged again; one that is not known leaves them open")
    func changed() async throws {
        let fixture = try await fixture([:])
        try await fixture.put(image: "one/team/app:1", root)
        try await put(fixture, children: [amdChild])
        try await fixture.running {
            try await self.importAdvisories(fixture)
            let open = try await fixture.waitForVerdict("one/team/app:1")
            #expect(open.verdict.outcome == .undetermined)
            #expect(open.verdict.undetermined.contains { $0.what == "platforms" })
            try await fixture.put(registry: "one", platforms: [.linuxAMD64])
            _ = try await fixture.waitForVerdict("one/team/app:1", "compliance") { $0.verdict.outcome == .compliant }
            try await fixture.put(
                registry: "one", platforms: [.linuxAMD64, self.arm64])
            _ = try await fixture.waitForVerdict("one/team/app:1", "the other platform") {
                $0.verdict.outcome == .undetermined
            }
        }
    }
}
