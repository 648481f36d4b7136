import EventLogPort
import Events
import Foundation
import Model
import TestSupport
import Testing

@Suite("Judging what CI uploaded")
struct UploadTests {
    private let app = "main/team/app:1"
    private let index = Fixtures.digest(9)
    private let arm = Platform(os: "linux", architecture: "arm64")

    @Test("an index is judged from its platforms' uploads, be it one or two", arguments: [1, 2])
    func platforms(count: Int) async throws {
        let fixture = try await EvaluatorFixture()
        try await fixture.put(policy: .standard)
        let children = [InventoryRecord.Child(platform: .linuxAMD64, digest: Fixtures.digest(1))]
            + [InventoryRecord.Child(platform: arm, digest: Fixtures.digest(2))]
        let candidate = try await fixture.upload(app, index, children: Array(children.prefix(count)))
        try await fixture.running {
            _ = try await fixture.importAdvisories([.init(id: "PYSEC-1", package: "jinja2", fixed: "3.1.3")])
            let verdict = try await fixture.waitForVerdict(candidate.key, "compliance") {
                $0.verdict.outcome == .compliant
            }
            #expect(verdict.platforms.map(\.digest) == children.prefix(count).map(\.digest))
            #expect(verdict.digest == index)
            // A platform's inventory that changes is judged again under the index's candidate.
            try await fixture.upload(Fixtures.inventory(Fixtures.digest(1), ["jinja2": "3.1.0"]))
            _ = try await fixture.waitForVerdict(candidate.key, "the finding") { $0.verdict.outcome == .nonCompliant }
        }
    }

    @Test("the platforms of one uploader's index are never another's")
    func otherUploader() async throws {
        let fixture = try await EvaluatorFixture()
        try await fixture.put(policy: .standard)
        let child = InventoryRecord.Child(platform: .linuxAMD64, digest: Fixtures.digest(1))
        let candidate = try await fixture.upload(app, index, children: [child], packages: ["jinja2": "3.1.0"])
        try await fixture.upload(Fixtures.inventory(child.digest, ["flask": "3"]), by: "other")
        try await fixture.running {
            _ = try await fixture.importAdvisories([.init(id: "PYSEC-1", package: "jinja2", fixed: "3.1.3")])
            _ = try await fixture.waitForVerdict(candidate.key, "the finding") { $0.verdict.outcome == .nonCompliant }
        }
    }

    @Test("a platform that cannot be written as text is judged all the same")
    func oddPlatform() async throws {
        let fixture = try await EvaluatorFixture()
        try await fixture.put(policy: .standard)
        let odd = InventoryRecord.Child(platform: Platform(os: "", architecture: "a/b/c/d"), digest: Fixtures.digest(1))
        let candidate = try await fixture.upload(app, index, children: [odd])
        let verdict = try await fixture.running { try await fixture.waitForVerdict(candidate.key) }
        #expect(verdict.platforms.map(\.platform) == [odd.platform])
    }
}

extension EvaluatorFixture {
    func upload(_ inventory: Inventory, by uploader: String = "ci") async throws {
        try await put(
            Topics.inventories, InventoryRecord.uploadKey(inventory.digest, uploader: uploader),
            InventoryRecord.platform(inventory))
    }

    /// What the gateway writes for an upload of an index: its platforms, the index, the candidate.
    func upload(
        _ name: String, _ index: Digest, children: [InventoryRecord.Child], packages: [String: String] = ["flask": "3"]
    ) async throws -> CandidateRecord {
        for child in children { try await upload(Fixtures.inventory(child.digest, packages)) }
        let key = InventoryRecord.uploadKey(index, uploader: "ci")
        try await put(Topics.inventories, key, InventoryRecord.index(.init(digest: index, children: children)))
        let now = time.now()
        let candidate = CandidateRecord(
            name: try ImageName(name), digest: index, inventoryKey: key, register: .never, uploader: "ci",
            createdAt: now, expiresAt: now.addingTimeInterval(60))
        try await put(Topics.candidates, candidate.key, candidate)
        return candidate
    }
}
