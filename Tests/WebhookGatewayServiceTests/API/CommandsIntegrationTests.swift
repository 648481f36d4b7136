import EventLogPort
import Events
import Foundation
import GatewayAPI
import HTTPPort
import Model
import TestSupport
import Testing

@testable import WebhookGatewayService

@Suite struct CommandsIntegrationTests {
    private func command(_ gateway: Gateway, _ topic: Topic) async throws -> Command {
        try await eventually("a command is in \(topic.name)") { try await !gateway.records(topic).isEmpty }
        return try #require(try await gateway.records(topic).last).payload(Command.self)
    }

    @Test("a command is accepted, its progress is shown, and its end is waited for")
    func run() async throws {
        try await Gateway.run { gateway in
            try await gateway.addRegistry()
            let asked = try await gateway.call(.post, "cleanup/preview", #"{"registry":"demo","keepNewest":3}"#)
            #expect(asked.status == 202)
            let id = try asked.json(CommandAnswer.self).id
            #expect(asked.headers["location"] == "/api/v1/replies/\(id)")
            let command = try await command(gateway, Topics.cleanupCommands)
            #expect(command.id == id)
            #expect(command.action == .previewCleanup(.init(registry: try RegistryName("demo"), keepNewest: 3)))
            #expect(command.deadline > command.issuedAt)
            let waiting = Task { try await gateway.call(.get, "replies/\(id)?wait=30") }
            let proposal = CleanupProposal(
                name: try ImageName("demo/app:1"), digest: nil, revision: 4, evidence: "4 newer images")
            let running = Reply(
                command: id, state: .running, message: "looking", progress: .init(done: 1, total: 2),
                at: gateway.time.now())
            let done = Reply(command: id, state: .done, message: "1 image", cleanup: [proposal], at: gateway.time.now())
            try await gateway.append([try RecordDraft(Topics.replies, key: id, running, gateway.context())])
            try await gateway.append([try RecordDraft(Topics.replies, key: id, done, gateway.context())])
            let answer = try await waiting.value
            #expect(answer.status == 200)
            let end = try answer.json(CommandAnswer.self)
            #expect(end.state == .done)
            #expect(end.proposals?.map(\.evidence) == ["4 newer images"])
        }
    }

    @Test("each command goes to its own service")
    func topics() async throws {
        try await Gateway.run { gateway in
            try await gateway.addRegistry()
            let cases: [(String, String, Topic, Command.Action)] = [
                ("registries/demo/enumerate", "", Topics.enumeratorCommands, .enumerate(try RegistryName("demo"))),
                (
                    "advisories/import", #"{"origin":"/srv/osv"}"#, Topics.evaluatorCommands,
                    .importAdvisories(origin: "/srv/osv")
                ),
                ("advisories/activate", #"{"generation":3}"#, Topics.evaluatorCommands, .activateGeneration(3)),
                (
                    "cleanup/apply", #"{"registry":"demo","keepNewest":1}"#, Topics.cleanupCommands,
                    .applyCleanup(.init(registry: try RegistryName("demo"), keepNewest: 1))
                ),
                (
                    "cleanup/restore", #"{"images":["demo/app:1"]}"#, Topics.cleanupCommands,
                    .restore([try ImageName("demo/app:1")])
                ),
            ]
            for (path, body, topic, action) in cases {
                #expect(try await gateway.call(.post, path, body).status == 202, "\(path)")
                #expect(try await command(gateway, topic).action == action, "\(path)")
            }
            #expect(try await gateway.call(.get, "advisories/status").text == "{}")
        }
    }

    @Test(
        "an address that carries a secret is refused by its field, and kept nowhere",
        arguments: [
            "https://user:s3cret@mirror.example.com/osv/PyPI/all.zip",
            "https://s3cret@mirror.example.com/osv/PyPI/all.zip",
            "https://mirror.example.com/osv/PyPI/all.zip?token=s3cret",
        ])
    func secretInAddress(origin: String) async throws {
        try await Gateway.run { gateway in
            let answer = try await gateway.call(.post, "advisories/import", #"{"origin":"\#(origin)"}"#)
            #expect(answer.status == 422)
            #expect(answer.text.contains(#""origin""#))
            #expect(!answer.text.contains("s3cret"))
            let commands = try await gateway.records(Topics.evaluatorCommands)
            #expect(commands.isEmpty)
            for record in try await gateway.records(Topics.audit) {
                #expect(!String(decoding: record.value ?? Data(), as: UTF8.self).contains("s3cret"))
            }
        }
    }

    @Test("the generation in force is shown")
    func advisories() async throws {
        try await Gateway.run { gateway in
            let record = GenerationRecord(
                number: 4, importedAt: SampleImages.now, origin: "/srv/osv", advisories: 10, changed: 2,
                coverage: ["PyPI"])
            let judged = JudgedRecord(generation: 4, images: 1, judgedAt: SampleImages.now)
            try await gateway.append([
                try RecordDraft(Topics.generations, key: GenerationRecord.activeKey, record, gateway.context()),
                try RecordDraft(Topics.verdicts, key: JudgedRecord.key, judged, gateway.context()),
            ])
            try await eventually("both are shown") {
                let status = try await gateway.call(.get, "advisories/status").json(AdvisoryStatus.self)
                return status.active != nil && status.judgedAt != nil
            }
            let status = try await gateway.call(.get, "advisories/status").json(AdvisoryStatus.self)
            #expect(status.active?.number == 4)
            #expect(status.judgedAt == SampleImages.now)
        }
    }

    // MARK: Inventories

    private func upload(
        _ digest: Digest, _ register: InventoryUpload.Register, image: String = "demo/team/app:1",
        platforms: [Digest] = []
    ) throws -> String {
        let inventories =
            try platforms.isEmpty
            ? [SampleImages.inventory(digest)]
            : platforms.enumerated().map {
                SampleImages.inventory($1, platform: try Platform($0 == 0 ? "linux/amd64" : "linux/arm64"))
            }
        let body = InventoryUpload(
            image: image, register: register, digest: digest, inventories: inventories)
        return String(decoding: try JSONFormat.encode(body), as: UTF8.self)
    }

    @Test("an upload becomes a candidate, and its verdict comes back on the open request")
    func inventory() async throws {
        try await Gateway.run { gateway in
            try await gateway.addRegistry()
            let token = try await gateway.token(role: "ci")
            let digest = try SampleImages.digest("a")
            let body = try upload(digest, .never)
            let waiting = Task { try await gateway.call(.post, "inventories?wait=30", body, token: token) }
            try await eventually("the candidate is written") { try await !gateway.records(Topics.candidates).isEmpty }
            let candidate = try #require(try await gateway.records(Topics.candidates).first).payload(
                CandidateRecord.self)
            let stored = try await gateway.records(Topics.inventories)
            #expect(stored.map(\.key) == [candidate.inventoryKey])
            #expect(candidate.uploader == token.split(separator: "_")[1])
            // A verdict on an earlier upload is no answer; the one that names this upload is.
            let other = try SampleImages.verdict("demo/team/app:1", digest, .compliant)
            let verdict = try SampleImages.verdict(
                "demo/team/app:1", digest, .nonCompliant, from: candidate.inventories)
            for record in [other, verdict] {
                try await gateway.append([
                    try RecordDraft(Topics.verdicts, key: candidate.key, record, gateway.context())
                ])
            }
            let answer = try await waiting.value
            #expect(answer.status == 200)
            let result = try answer.json(CandidateAnswer.self)
            #expect(result.status == .nonCompliant)
            #expect(!result.registered)
            #expect(result.report?.platforms.first?.packages.count == 1)
            #expect(result.report?.platforms.first?.findings.count == 1)
            let later = try await gateway.call(.get, "candidates/\(candidate.key)", token: token)
            #expect(try later.json(CandidateAnswer.self) == result)
            // The same again: nothing changes, and the verdict that stands is answered.
            let again = try await gateway.call(.post, "inventories?wait=1", body, token: token)
            #expect(again.status == 200)
        }
    }

    @Test("uploads of one digest for two names lie apart, so that neither replaces what the other's verdict names")
    func twoNames() async throws {
        try await Gateway.run { gateway in
            try await gateway.addRegistry()
            let token = try await gateway.token(role: "ci")
            let digest = try SampleImages.digest("a")
            for image in ["demo/team/app:1", "demo/team/app:2"] {
                let answer = try await gateway.call(
                    .post, "inventories?wait=0", try upload(digest, .never, image: image), token: token)
                #expect(answer.status == 202)
            }
            let keys = try await gateway.records(Topics.inventories).map(\.key)
            #expect(Set(keys).count == 2 && keys.allSatisfy { $0.hasPrefix("\(digest)/upload/") })
        }
    }

    @Test("an upload that cannot be read is answered with the verdict that says so")
    func unreadableUpload() async throws {
        try await Gateway.run { gateway in
            try await gateway.addRegistry()
            let digest = try SampleImages.digest("a")
            let waiting = Task {
                try await gateway.call(.post, "inventories?wait=30", try upload(digest, .never))
            }
            try await eventually("the candidate is written") { try await !gateway.records(Topics.candidates).isEmpty }
            let candidate = try #require(try await gateway.records(Topics.candidates).first).payload(
                CandidateRecord.self)
            var broken = try RecordDraft(
                Topics.inventories, key: candidate.inventoryKey,
                InventoryRecord.platform(SampleImages.inventory(digest)), gateway.context())
            broken.value = Data("{".utf8)
            var verdict = try SampleImages.verdict("demo/team/app:1", digest, .undetermined)
            verdict.judgedAt = candidate.createdAt
            let record = verdict
            try await gateway.append([
                broken, try RecordDraft(Topics.verdicts, key: candidate.key, record, gateway.context()),
            ])
            let answer = try await waiting.value
            #expect(answer.status == 200)
            #expect(try answer.json(CandidateAnswer.self).status == .undetermined)
        }
    }

    @Test("a compliant upload that is to be registered is answered when it is bound")
    func registered() async throws {
        try await Gateway.run { gateway in
            try await gateway.addRegistry()
            let digest = try SampleImages.digest("a")
            let body = try upload(digest, .compliant)
            let waiting = Task { try await gateway.call(.post, "inventories?wait=30", body) }
            try await eventually("the candidate is written") { try await !gateway.records(Topics.candidates).isEmpty }
            let candidate = try #require(try await gateway.records(Topics.candidates).first).payload(
                CandidateRecord.self)
            var verdict = try SampleImages.verdict("demo/team/app:1", digest, .compliant, from: candidate.inventories)
            verdict.judgedAt = candidate.createdAt
            try await gateway.append([try RecordDraft(Topics.verdicts, key: candidate.key, verdict, gateway.context())])
            let answer = try await waiting.value.json(CandidateAnswer.self)
            #expect(answer.status == .compliant)
            #expect(answer.registered)
        }
    }

    @Test("a candidate is waited for, and pending while the catalogue has not written it")
    func candidateWait() async throws {
        try await Gateway.run { gateway in
            try await gateway.addRegistry()
            let digest = try SampleImages.digest("a")
            let path = "candidates/demo/team/app:1@\(digest)"
            #expect(try await gateway.call(.get, path).status == 404)
            #expect(try await gateway.call(.get, "candidates/demo/team/app:1@sha256:1").status == 404)
            let token = try await gateway.token(role: "ci")
            let uploader = String(try #require(token.split(separator: "_").dropFirst().first))
            let candidateKey = "demo/team/app:1@\(digest)"
            // What the gateway writes first; the catalogue comes later.
            try await gateway.append([
                try RecordDraft(
                    Topics.inventories,
                    key: InventoryRecord.uploadKey(digest, uploader: uploader, candidate: candidateKey),
                    InventoryRecord.platform(SampleImages.inventory(digest)), gateway.context())
            ])
            try await eventually("it is pending") { try await gateway.call(.get, path, token: token).status == 202 }
            #expect(try await gateway.call(.get, path).status == 404, "another's upload is not told of")
            let waiting = Task { try await gateway.call(.get, path + "?wait=30", token: token) }
            let uploaded = try await gateway.call(
                .post, "inventories?wait=0", try upload(digest, .never), token: token)
            #expect(uploaded.status == 202)
            try await eventually("the candidate is written") { try await !gateway.records(Topics.candidates).isEmpty }
            let candidate = try #require(try await gateway.records(Topics.candidates).first).payload(
                CandidateRecord.self)
            let verdict = try SampleImages.verdict("demo/team/app:1", digest, .compliant, from: candidate.inventories)
            try await gateway.append([try RecordDraft(Topics.verdicts, key: candidate.key, verdict, gateway.context())])
            let answer = try await waiting.value
            #expect(answer.status == 200)
            #expect(try answer.json(CandidateAnswer.self).status == .compliant)
        }
    }

    @Test("a failed scan's report says why")
    func failedReport() async throws {
        try await Gateway.run { gateway in
            try await gateway.addRegistry()
            let digest = try SampleImages.digest("a")
            try await gateway.addImage("demo/team/app:1", digest, .undetermined)
            var failed = try SampleImages.verdict("demo/team/app:1", digest, .undetermined)
            failed.platforms = []
            failed.verdict.undetermined = [Undetermined(what: "inventory", reason: "layer 3 is cut off")]
            let record = failed
            try await gateway.append([
                try RecordDraft(Topics.verdicts, key: "demo/team/app:1", record, gateway.context())
            ])
            try await eventually("the report says why") {
                let answer = try await gateway.call(.get, "images/demo/team/app:1/report")
                guard answer.status == 200 else { return false }
                let report = try answer.json(ScanReport.self)
                return report.undetermined == record.verdict.undetermined && report.verdict.outcome == .undetermined
            }
        }
    }

    @Test("without a verdict in time the answer is 202 and says where to look")
    func late() async throws {
        try await Gateway.run { gateway in
            try await gateway.addRegistry()
            let digest = try SampleImages.digest("b")
            let answer = try await gateway.call(.post, "inventories?wait=0", try upload(digest, .always))
            #expect(answer.status == 202)
            let place = try #require(answer.headers["location"])
            #expect(place == "/api/v1/candidates/demo/team/app:1@\(digest)")
            try await eventually("it is registered") {
                try await gateway.call(.get, String(place.dropFirst("/api/v1/".count))).text.contains(
                    #""registered":true"#)
            }
            let image = try await gateway.call(.get, "images/demo/team/app:1").json(ImageSummary.self)
            #expect(image.status == .notPushed)
            #expect(image.packages == 1)
        }
    }

    @Test("several platforms lie under the index that names them")
    func platforms() async throws {
        try await Gateway.run { gateway in
            try await gateway.addRegistry()
            let (index, first, second) = (
                try SampleImages.digest("c"), try SampleImages.digest("d"), try SampleImages.digest("e")
            )
            let answer = try await gateway.call(
                .post, "inventories?wait=0", try upload(index, .never, platforms: [first, second]))
            #expect(answer.status == 202)
            let records = try await gateway.records(Topics.inventories)
            #expect(records.count == 3)
            guard case .index(let children) = try #require(records.last).payload(InventoryRecord.self) else {
                Issue.record("the index is not the last")
                return
            }
            #expect(children.children.map(\.digest) == [first, second])
            // One platform of an index: the index is written all the same.
            let one = try await gateway.call(
                .post, "inventories?wait=0", try upload(SampleImages.digest("f"), .never, platforms: [first]))
            #expect(one.status == 202)
            let last = try #require(try await gateway.records(Topics.inventories).last)
            guard case .index(let single) = try last.payload(InventoryRecord.self) else {
                Issue.record("the index of one platform is not written")
                return
            }
            #expect(single.children.map(\.digest) == [first])
            let twice = try await gateway.call(
                .post, "inventories?wait=0", try upload(index, .never, platforms: [first, first]))
            #expect(try twice.json(Problem.self).field == "inventories[1].digest")
        }
    }
}
