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
    private let arm: Platform

    init() throws { arm = try Platform("linux/arm64") }

    @Test("an index is judged from its platforms' uploads, be it one or two", arguments: [1, 2])
    func platforms(count: Int) async throws {
        let fixture = try await EvaluatorFixture()
        try await fixture.put(policy: .standard)
        let children =
            [InventoryRecord.Child(platform: .linuxAMD64, digest: Fixtures.digest(1))]
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
            try await fixture.upload(Fixtures.inventory(Fixtures.digest(1), ["jinja2": "3.1.0"]), for: candidate.key)
            _ = try await fixture.waitForVerdict(candidate.key, "the finding") { $0.verdict.outcome == .nonCompliant }
        }
    }

    @Test("the platforms of one upload's index are never another's", arguments: ["ci", "other"])
    func otherUpload(by uploader: String) async throws {
        let fixture = try await EvaluatorFixture()
        try await fixture.put(policy: .standard)
        let child = InventoryRecord.Child(platform: .linuxAMD64, digest: Fixtures.digest(1))
        let candidate = try await fixture.upload(app, index, children: [child], packages: ["jinja2": "3.1.0"])
        let other = uploader == "ci" ? CandidateRecord.key(try ImageName("main/team/app:2"), index) : candidate.key
        try await fixture.upload(Fixtures.inventory(child.digest, ["flask": "3"]), by: uploader, for: other)
        try await fixture.running {
            _ = try await fixture.importAdvisories([.init(id: "PYSEC-1", package: "jinja2", fixed: "3.1.3")])
            _ = try await fixture.waitForVerdict(candidate.key, "the finding") { $0.verdict.outcome == .nonCompliant }
        }
    }

    @Test("a platform keeps what its text form does not hold")
    func wholePlatform() async throws {
        let fixture = try await EvaluatorFixture()
        try await fixture.put(policy: .standard)
        let windows = try Platform(os: "windows", architecture: "amd64", osVersion: "10.0.17763.1")
        let child = InventoryRecord.Child(platform: windows, digest: Fixtures.digest(1))
        let candidate = try await fixture.upload(app, index, children: [child])
        let verdict = try await fixture.running { try await fixture.waitForVerdict(candidate.key) }
        #expect(verdict.platforms.map(\.platform) == [windows])
    }
}

@Suite("An image that CI registered")
struct RegisteredUploadTests {
    private let app = "main/team/app:1"
    private let digest = Fixtures.digest(1)

    private func put(
        _ fixture: EvaluatorFixture, _ name: String, upload: String?, _ resolution: ImageRecord.Resolution = .notPushed
    ) async throws {
        try await fixture.put(
            Topics.images, name,
            ImageRecord(
                name: try ImageName(name), digest: digest, sources: [.ci], firstSeenAt: fixture.time.now(),
                boundAt: fixture.time.now(), resolution: resolution, upload: upload))
    }

    @Test("is judged from the upload that it was registered with, never from another's")
    func scope() async throws {
        let fixture = try await EvaluatorFixture()
        try await fixture.put(policy: .standard)
        let own = Fixtures.inventory(digest, ["jinja2": "3.1.0"])
        let candidate = CandidateRecord.key(try ImageName(app), digest)
        try await fixture.upload(own, by: "team-a", for: candidate)
        try await fixture.upload(Fixtures.inventory(digest, ["flask": "3"]), by: "team-b", for: candidate)
        let key = InventoryRecord.uploadKey(digest, uploader: "team-a", candidate: candidate)
        try await put(fixture, app, upload: key)
        try await put(fixture, "main/other/app:1", upload: nil)
        try await fixture.running {
            _ = try await fixture.importAdvisories([.init(id: "PYSEC-1", package: "jinja2", fixed: "3.1.3")])
            let verdict = try await fixture.waitForVerdict(app, "the finding") { $0.verdict.outcome == .nonCompliant }
            let draft = try RecordDraft(
                Topics.inventories, key: key, InventoryRecord.platform(own),
                EventContext(id: "e", source: "test", time: fixture.time.now()))
            #expect(verdict.verdict.inputs.inventories == [.init(key: key, sha256: try draft.contentHash())])
            try await fixture.waitForFullPass(generation: 1)
            #expect(try await fixture.verdict("main/other/app:1") == nil)
            // Our own scan takes its place.
            try await fixture.put(inventory: digest, packages: ["flask": "3"])
            let scanned = try await fixture.waitForVerdict(app, "our scan") { $0.verdict.outcome == .compliant }
            #expect(scanned.verdict.inputs.inventories.map(\.key) == [digest.text])
        }
    }

    @Test("is undetermined once our own scan of what the registry shows has failed", arguments: [true, false])
    func failed(isResolved: Bool) async throws {
        let fixture = try await EvaluatorFixture()
        try await fixture.put(policy: .standard)
        let candidate = CandidateRecord.key(try ImageName(app), digest)
        try await fixture.upload(Fixtures.inventory(digest, ["flask": "3"]), for: candidate)
        let failure = Failure(kind: .damaged, message: "layer 3 is cut off", attempt: 1, nextAttemptAt: nil)
        try await fixture.put(
            Topics.scanStatus, digest.text,
            ScanStatusRecord(
                digest: digest, state: .failed(failure), analyserVersion: "1", name: try ImageName(app), scanner: "s",
                finishedAt: fixture.time.now()))
        let key = InventoryRecord.uploadKey(digest, uploader: "ci", candidate: candidate)
        try await put(fixture, app, upload: key, isResolved ? .resolved : .notPushed)
        try await fixture.running {
            _ = try await fixture.importAdvisories([.init(id: "PYSEC-1", package: "jinja2", fixed: "3.1.3")])
            try await fixture.waitForFullPass(generation: 1)
            let verdict = try await fixture.waitForVerdict(app, "its verdict") {
                $0.verdict.inputs.generation != nil || isResolved
            }
            #expect(verdict.verdict.outcome == (isResolved ? .undetermined : .compliant))
            #expect(verdict.verdict.undetermined.contains { $0.reason == "layer 3 is cut off" } == isResolved)
        }
    }

    @Test("a candidate that is uploaded again gets a verdict again, though it says the same")
    func again() async throws {
        let fixture = try await EvaluatorFixture()
        try await fixture.put(policy: .standard)
        let children = [InventoryRecord.Child(platform: .linuxAMD64, digest: Fixtures.digest(1))]
        let first = try await fixture.upload(app, Fixtures.digest(9), children: children)
        try await fixture.running {
            _ = try await fixture.importAdvisories([.init(id: "PYSEC-1", package: "jinja2", fixed: "3.1.3")])
            let before = try await fixture.waitForVerdict(first.key, "compliance") { $0.verdict.outcome == .compliant }
            var second = first
            // By a clock that is ahead of the evaluator's.
            second.createdAt = before.judgedAt.addingTimeInterval(3600).milliseconds
            second.register = .compliant
            let asked = second
            try await fixture.put(Topics.candidates, first.key, asked)
            let after = try await fixture.waitForVerdict(first.key, "a verdict again") {
                $0.judgedAt >= asked.createdAt
            }
            #expect(after.verdict.outcome == .compliant)
        }
    }
}

extension EvaluatorFixture {
    func upload(_ inventory: Inventory, by uploader: String = "ci", for candidate: String) async throws {
        let key = InventoryRecord.uploadKey(inventory.digest, uploader: uploader, candidate: candidate)
        try await put(Topics.inventories, key, InventoryRecord.platform(inventory))
    }

    /// What the gateway writes for an upload of an index: its platforms, the index, the candidate.
    func upload(
        _ name: String, _ index: Digest, children: [InventoryRecord.Child], packages: [String: String] = ["flask": "3"]
    ) async throws -> CandidateRecord {
        let own = CandidateRecord.key(try ImageName(name), index)
        for child in children { try await upload(Fixtures.inventory(child.digest, packages), for: own) }
        let key = InventoryRecord.uploadKey(index, uploader: "ci", candidate: own)
        try await put(Topics.inventories, key, InventoryRecord.index(.init(digest: index, children: children)))
        let now = time.now()
        let candidate = CandidateRecord(
            name: try ImageName(name), digest: index, inventoryKey: key, register: .never, uploader: "ci",
            createdAt: now, expiresAt: now.addingTimeInterval(60))
        try await put(Topics.candidates, candidate.key, candidate)
        return candidate
    }
}
