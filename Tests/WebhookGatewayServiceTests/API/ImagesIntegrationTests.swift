import EventLogPort
import Events
import Foundation
import GatewayAPI
import HTTPPort
import Model
import ServiceRuntime
import TestSupport
import Testing

@testable import WebhookGatewayService

@Suite struct ImagesIntegrationTests {
    private func shown(_ gateway: Gateway, _ name: String) async throws {
        try await eventually("\(name) is shown") { try await gateway.call(.get, "images/\(name)").status == 200 }
    }

    /// Everything that `addImage` wrote is shown: the topics do not wait for each other.
    private func judged(_ gateway: Gateway, _ name: String, _ status: ImageSummary.Status) async throws {
        try await eventually("\(name) is \(status)") {
            let answer = try await gateway.call(.get, "images/\(name)")
            guard answer.status == 200 else { return false }
            let image = try answer.json(ImageSummary.self)
            let history = try await gateway.call(.get, "images/\(name)/history").json(Page<PastVerdict>.self)
            return image.status == status && image.packages == 1 && history.items.count == 1
        }
    }

    @Test("an image is listed with its verdict, reasons, counts and packages")
    func verdict() async throws {
        try await Gateway.run { gateway in
            try await gateway.addRegistry()
            let digest = try SampleImages.digest("a")
            try await gateway.addImage("demo/team/app:1", digest, .nonCompliant)
            try await judged(gateway, "demo/team/app:1", .nonCompliant)
            let image = try await gateway.call(.get, "images/demo/team/app:1").json(ImageSummary.self)
            #expect(image.status == .nonCompliant)
            #expect(image.digest == digest)
            #expect(image.counts.critical == 1)
            #expect(image.packages == 1)
            #expect(image.reasons == ["openssl 3.0.11-1 has DSA-1-1 of severity critical"])
            #expect(image.judgedAt == SampleImages.now)
            let page = try await gateway.call(.get, "images").json(Page<ImageSummary>.self)
            #expect(page.items == [image])
            #expect(page.next == nil)
            let reports = try await gateway.call(.get, "images/demo/team/app:1/report").json(ScanReports.self).platforms
            #expect(reports.count == 1)
            #expect(reports[0].image == "demo/team/app:1")
            #expect(reports[0].packages.map(\.name) == ["openssl"])
            #expect(reports[0].findings == [SampleImages.finding])
            #expect(reports[0].verdict.outcome == .nonCompliant)
            let bill = try await gateway.call(.get, "images/demo/team/app:1/sbom")
            #expect(bill.status == 200 && bill.text.contains(#""bomFormat":"CycloneDX""#))
            #expect(bill.text.contains(#""name":"openssl""#))
            let other = try await gateway.call(.get, "images/demo/team/app:1/sbom?format=spdx&platform=linux/amd64")
            #expect(other.status == 200 && other.text.contains(#""spdxVersion":"SPDX-2.3""#))
            for wrong in ["format=pdf", "platform=linux", "platform=linux/s390x"] {
                #expect(try await gateway.call(.get, "images/demo/team/app:1/sbom?" + wrong).status == 400, "\(wrong)")
            }
            let encoded = try await gateway.call(.get, "images/demo%2Fteam%2Fapp%3A1")
            #expect(encoded.status == 200)
            let history = try await gateway.call(.get, "images/demo/team/app:1/history").json(Page<PastVerdict>.self)
            #expect(history.items.map(\.verdict.outcome) == [.nonCompliant])
        }
    }

    @Test("while a name's new digest waits for its verdict the old one is `previous`, and no report passes for it")
    func pending() async throws {
        try await Gateway.run { gateway in
            try await gateway.addRegistry()
            try await gateway.addImage("demo/app:1", try SampleImages.digest("a"), .compliant)
            try await judged(gateway, "demo/app:1", .compliant)
            try await gateway.observe("demo/app:1", try SampleImages.digest("b"))
            try await eventually("the new digest is shown") {
                try await gateway.call(.get, "images/demo/app:1").text.contains("pending")
            }
            let image = try await gateway.call(.get, "images/demo/app:1").json(ImageSummary.self)
            #expect(image.status == .pending)
            #expect(image.previous == .compliant)
            #expect(image.counts == .init())
            #expect(image.judgedAt == nil)
            #expect(try await gateway.call(.get, "images/demo/app:1/report").status == 404)
        }
    }

    @Test("a verdict that cannot be read makes its image undetermined and the service not ready, until it is replaced")
    func unreadable() async throws {
        try await Gateway.run { gateway in
            try await gateway.addRegistry()
            let digest = try SampleImages.digest("a")
            try await gateway.observe("demo/app:1", digest)
            var draft = try RecordDraft(
                Topics.verdicts, key: "demo/app:1", try SampleImages.verdict("demo/app:1", digest, .compliant),
                gateway.context())
            draft.value = Data("{".utf8)
            try await gateway.append([draft])
            try await eventually("it is told") {
                let answer = try await gateway.call(.get, "images/demo/app:1")
                guard answer.status == 200 else { return false }
                let image = try answer.json(ImageSummary.self)
                return image.status == .undetermined && image.reasons.first?.contains("cannot be read") == true
                    && gateway.readiness.report.parts["read-model"] == .notReady("1 records cannot be read")
            }
            try await gateway.addImage("demo/app:1", digest, .compliant)
            try await eventually("the next verdict stands") {
                let image = try await gateway.call(.get, "images/demo/app:1").json(ImageSummary.self)
                return image.status == .compliant && gateway.readiness.report.parts["read-model"] == .ready
            }
        }
    }

    @Test("a failed scan shows its reason, its attempt and the next one")
    func failure() async throws {
        try await Gateway.run { gateway in
            let digest = try SampleImages.digest("c")
            let name = try ImageName("demo/app:1")
            let next = SampleImages.now.addingTimeInterval(60)
            let failure = Failure(kind: .damaged, message: "layer 3 is cut short", attempt: 2, nextAttemptAt: next)
            let status = ScanStatusRecord(
                digest: digest, state: .failed(failure), analyserVersion: "1", name: name, scanner: "s",
                finishedAt: SampleImages.now)
            try await gateway.append([
                try RecordDraft(Topics.scanStatus, key: digest.text, status, gateway.context())
            ])
            try await gateway.addRegistry()
            try await gateway.observe(name.text, digest)
            try await eventually("the failure is shown") {
                try await gateway.call(.get, "images/demo/app:1").text.contains("cut short")
            }
            let image = try await gateway.call(.get, "images/demo/app:1").json(ImageSummary.self)
            #expect(image.status == .pending)
            #expect(
                image.failure
                    == .init(kind: "damaged", message: "layer 3 is cut short", attempt: 2, nextAttemptAt: next))
            #expect(image.reasons == ["layer 3 is cut short"])
        }
    }

    @Test("the list is filtered by registry, repository, status, text and trash, page by page, in the order of names")
    func list() async throws {
        try await Gateway.run { gateway in
            try await gateway.addRegistry()
            try await gateway.addRegistry("other", url: "https://other.example.com")
            var names: [String] = []
            for (index, name) in ["demo/a:1", "demo/b:1", "demo/team/c:1", "other/a:1", "other/a:2"].enumerated() {
                names.append(name)
                let digest = try SampleImages.digest(Character("\(index)"))
                try await gateway.addImage(name, digest, index == 0 ? .nonCompliant : .compliant)
            }
            try await gateway.observe("demo/gone:1", try SampleImages.digest("f"))
            try await shown(gateway, "demo/gone:1")
            let revision = try await gateway.call(.get, "images/demo/gone:1").json(ImageSummary.self).revision
            let removal = Change.remove(
                .init(name: try ImageName("demo/gone:1"), revision: revision, actor: "a", evidence: "e"))
            try await gateway.append([try RecordDraft(Topics.changes, key: removal.key, removal, gateway.context())])
            let all = names
            try await eventually("all are judged") {
                let summary = try await gateway.call(.get, "summary").text
                return summary.contains(#""compliant":4"#) && summary.contains(#""pending":0"#)
            }
            func list(_ query: String) async throws -> [String] {
                try await gateway.call(.get, "images?\(query)").json(Page<ImageSummary>.self).items.map(\.name.text)
            }
            #expect(try await list("") == all)
            #expect(try await list("registry=other") == ["other/a:1", "other/a:2"])
            #expect(try await list("repository=team/*") == ["demo/team/c:1"])
            #expect(try await list("repository=%5Bab%5D") == [])
            #expect(try await list("status=non-compliant") == ["demo/a:1"])
            #expect(try await list("q=TEAM") == ["demo/team/c:1"])
            #expect(try await list("trash=true") == ["demo/gone:1"])
            #expect(try await list("status=compliant&registry=demo") == ["demo/b:1", "demo/team/c:1"])
            var paged: [String] = []
            var after: String? = ""
            while let start = after {
                let page = try await gateway.call(.get, "images?limit=2&after=\(start)").json(Page<ImageSummary>.self)
                #expect(page.items.count <= 2)
                paged += page.items.map(\.name.text)
                after = page.next
            }
            #expect(paged == all)
        }
    }

    @Test("a token sees what its scope names, by name: the same digest elsewhere stays hidden")
    func scope() async throws {
        try await Gateway.run { gateway in
            try await gateway.addRegistry()
            let digest = try SampleImages.digest("a")
            try await gateway.addImage("demo/team/app:1", digest, .compliant)
            try await gateway.addImage("demo/secret/app:1", digest, .compliant)
            try await shown(gateway, "demo/secret/app:1")
            let token = try await gateway.token(
                role: "ci", scope: #"{"registries":["demo"],"repositories":["team/*"]}"#)
            let page = try await gateway.call(.get, "images", token: token).json(Page<ImageSummary>.self)
            #expect(page.items.map(\.name.text) == ["demo/team/app:1"])
            #expect(try await gateway.call(.get, "summary", token: token).text.contains(#""compliant":1"#))
            let hidden = try await gateway.call(.get, "images/demo/secret/app:1", token: token)
            let absent = try await gateway.call(.get, "images/demo/secret/none:1", token: token)
            #expect(hidden.status == 404)
            #expect(hidden.text == absent.text)
            for action in ["report", "timeline", "history"] {
                #expect(try await gateway.call(.get, "images/demo/secret/app:1/\(action)", token: token).status == 404)
            }
            let refused = try await gateway.call(
                .post, "images", #"{"images":["demo/team/x:1","demo/secret/x:1"]}"#, token: token)
            #expect(refused.status == 403)
            #expect(try refused.json(Problem.self).field == "images[1]")
            #expect(try await gateway.call(.post, "images/demo/secret/app:1/rescan", token: token).status == 404)
        }
    }

    @Test("images are registered by name and by reference; the catalogue takes them up")
    func register() async throws {
        try await Gateway.run { gateway in
            try await gateway.addRegistry()
            let host = "127.0.0.1:\(gateway.away.number)"
            let body = #"{"images":["demo/team/app:1","\#(host)/team/other","demo/team/app:1"]}"#
            let answer = try await gateway.call(.post, "images", body)
            #expect(answer.status == 202)
            let names = try answer.json(RegistrationAnswer.self).images.map(\.text)
            #expect(names == ["demo/team/app:1", "demo/team/other:latest", "demo/team/app:1"])
            try await shown(gateway, "demo/team/other:latest")
            let image = try await gateway.call(.get, "images/demo/team/other:latest").json(ImageSummary.self)
            #expect(image.status == .pending)
            let audit = try await gateway.records(Topics.audit).map { try $0.payload(AuditEntry.self) }
            #expect(audit.filter { $0.action == "image.register" }.count == 2)
            #expect(audit.allSatisfy { $0.actor != "" })
            let rescan = try await gateway.call(.post, "images/demo/team/app:1/rescan")
            #expect(rescan.status == 202)
            #expect(try rescan.json(RegistrationAnswer.self).images.map(\.text) == ["demo/team/app:1"])
        }
    }

    @Test("the steps of an image are shown, the newest first")
    func timeline() async throws {
        try await Gateway.run { gateway in
            try await gateway.addRegistry()
            let digest = try SampleImages.digest("a")
            let name = try ImageName("demo/app:1")
            try await gateway.addImage(name.text, digest, .compliant)
            for (step, seconds) in [(TimelineEntry.Step.observed, 1.0), (.scanned, 2), (.judged, 3)] {
                let entry = TimelineEntry(
                    name: name, digest: digest, step: step, detail: "d",
                    at: SampleImages.now.addingTimeInterval(seconds))
                try await gateway.append([try RecordDraft(Topics.timeline, key: name.text, entry, gateway.context())])
            }
            try await eventually("three steps") {
                try await gateway.call(.get, "images/demo/app:1/timeline").text.contains("judged")
            }
            let steps = try await gateway.call(.get, "images/demo/app:1/timeline").json(Page<TimelineStep>.self).items
            #expect(steps.filter { $0.detail == "d" }.map(\.step) == ["judged", "scanned", "observed"])
        }
    }

    @Test("the read model's file may be deleted: it is built again and shows the same")
    func rebuilt() async throws {
        let folder = try TestFolder()
        try await Gateway.run(in: folder) { gateway in
            try await gateway.addRegistry()
            try await gateway.addImage("demo/app:1", try SampleImages.digest("a"), .nonCompliant)
            try await eventually("it is judged") {
                try await gateway.call(.get, "images").text.contains("non-compliant")
            }
        }
        let data = folder.file("webhook-gateway")
        for suffix in ["", "-wal", "-shm"] {
            try? FileManager.default.removeItem(at: data.appending(path: ReadModel.fileName + suffix))
        }
        try await Gateway.run(in: folder) { gateway in
            let image = try await gateway.call(.get, "images/demo/app:1").json(ImageSummary.self)
            #expect(image.status == .nonCompliant)
            #expect(try await gateway.call(.get, "registries/demo").status == 200)
        }
    }
}
