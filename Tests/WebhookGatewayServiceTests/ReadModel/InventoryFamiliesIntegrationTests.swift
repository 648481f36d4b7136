import EventLogPort
import EventLogSQLite
import Events
import Foundation
import Model
import TestSupport
import Testing

@testable import WebhookGatewayService

@Suite struct InventoryFamiliesIntegrationTests {
    @Test("inventories of an index without a name since a week go from the log, with its platforms and their uploads")
    func goes() async throws {
        let folder = try TestFolder()
        let (index, child, kept) = (digest(1), digest(2), digest(3))
        let log = try await openTestLog(in: folder)
        try await log.declare(Topics.all(pools: ["default"]))
        let list = InventoryRecord.index(
            .init(digest: index, children: [.init(platform: .linuxAMD64, digest: child)]))
        var drafts = [
            try inventory(index.text, list), try inventory(child.text, platform(child)),
            try inventory(
                InventoryRecord.uploadKey(child, uploader: "ci", candidate: "demo/app:1@\(child)"), platform(child)),
            try inventory(kept.text, platform(kept)),
        ]
        let since = Date().addingTimeInterval(-CatalogueState.unnamedSeconds - 60).milliseconds
        drafts.append(
            try RecordDraft(Topics.unnamed, key: index.text, UnnamedRecord(digest: index, since: since), context))
        for digest in [index, child, kept] { drafts.append(try status(digest)) }
        _ = try await log.append(drafts)
        await log.close()
        try await Gateway.run(in: folder) { gateway in
            try await eventually("the mark is gone") {
                try await gateway.newest(Topics.unnamed)[index.text] == .some(nil)
            }
            let inventories = try await gateway.newest(Topics.inventories).filter { $0.value != nil }
            #expect(Set(inventories.keys) == [kept.text])
            let statuses = try await gateway.newest(Topics.scanStatus).filter { $0.value != nil }
            #expect(Set(statuses.keys) == [kept.text])
        }
    }

    private var context: EventContext { EventContext(id: UUID().uuidString, source: "test", time: Date()) }

    private func digest(_ byte: UInt8) -> Digest { Digest(sha256: [UInt8](repeating: byte, count: 32)) }

    private func platform(_ digest: Digest) -> InventoryRecord {
        .platform(
            Inventory(
                digest: digest, platform: .linuxAMD64, distribution: nil,
                configuration: ImageConfiguration(platform: .linuxAMD64), layers: [], packages: [], undetermined: [],
                analyserVersion: "1"))
    }

    private func inventory(_ key: String, _ record: InventoryRecord) throws -> RecordDraft {
        try RecordDraft(Topics.inventories, key: key, record, context)
    }

    private func status(_ digest: Digest) throws -> RecordDraft {
        let record = ScanStatusRecord(
            digest: digest, state: .done, analyserVersion: "1", name: try ImageName("demo/app:1"), scanner: "s",
            finishedAt: Date())
        return try RecordDraft(Topics.scanStatus, key: digest.text, record, context)
    }
}

extension Gateway {
    /// The newest value of each key; nil for a tombstone.
    func newest(_ topic: Topic) async throws -> [String: Data?] {
        var newest: [String: Data?] = [:]
        for record in try await records(topic) { newest[record.key] = .some(record.value) }
        return newest
    }
}
