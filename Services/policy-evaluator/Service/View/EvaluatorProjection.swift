import Advisories
import EventLogPort
import Events
import Foundation
import GRDB
import Model
import Storage

/// What the evaluator keeps of the log, and which names each record makes dirty.
struct EvaluatorProjection: Projection {
    typealias Transaction = SQLiteViewStore.Transaction

    /// What a record says, read before the transaction.
    enum Effect: Sendable {
        case nothing
        case image(ImageRecord?)
        case candidate(CandidateRecord?)
        case registry(Registry?)
        case policy(Policy?)
        case inventory(ReadInventory?)
        case scanStatus
        case verdict(VerdictRecord?)
        case judged(JudgedRecord?)
        case advisory(generation: Int)
        case generation(number: Int, advisoriesEnd: Int64)
        case generationGone(Int)
        case active(Int?, advisoriesEnd: Int64)
    }

    /// An inventory without what is only needed when it is judged.
    struct ReadInventory: Sendable {
        var digest: Digest
        var sha256: Digest
        var children: [InventoryRecord.Child]?
        var targets: Set<AdvisedPackage>
    }

    let version = EvaluatorSchema.version
    let topics: [TopicName] = Self.topics
    static let topics: [TopicName] = [
        Topics.images, Topics.candidates, Topics.registries, Topics.policies, Topics.inventories, Topics.scanStatus,
        Topics.verdicts,
        Topics.advisories, Topics.generations,
    ].map(\.name)
    let compute: ComputePool
    let fence: OutputFence

    /// The topics that this service alone writes.
    static let ownTopics = [Topics.verdicts, Topics.advisories, Topics.generations].map(\.name)

    func prepare(_ record: WholeRecord) async throws -> Effect {
        let isGone = record.value == nil
        switch record.id.topic {
        case Topics.images.name: return .image(isGone ? nil : try record.payload(ImageRecord.self))
        case Topics.candidates.name: return .candidate(isGone ? nil : try record.payload(CandidateRecord.self))
        case Topics.registries.name:
            return .registry(isGone ? nil : try record.payload(RegistryRecord.self).registry)
        case Topics.policies.name:
            // Old versions are kept for the verdicts that name them; only the head is in force.
            if record.key.contains("@") { return .nothing }
            return .policy(isGone ? nil : try record.payload(PolicyRecord.self).policy)
        case Topics.inventories.name:
            if isGone { return .inventory(nil) }
            return try await compute.run { .inventory(try Self.read(record)) }
        case Topics.scanStatus.name:
            if !isGone { _ = try record.payload(ScanStatusRecord.self) }
            return .scanStatus
        case Topics.verdicts.name where record.key == JudgedRecord.key:
            return .judged(isGone ? nil : try record.payload(JudgedRecord.self))
        case Topics.verdicts.name: return .verdict(isGone ? nil : try record.payload(VerdictRecord.self))
        case Topics.advisories.name:
            if !isGone { _ = try record.payload(AdvisoryRecord.self) }
            return .advisory(generation: record.header(GenerationHeader.number).flatMap { Int($0) } ?? 0)
        case Topics.generations.name: return try prepareGeneration(record)
        default: return .nothing
        }
    }

    private static func read(_ record: WholeRecord) throws -> ReadInventory {
        let sha256 = try record.contentHash()
        return switch try record.payload(InventoryRecord.self) {
        case .platform(let inventory):
            ReadInventory(
                digest: inventory.digest, sha256: sha256, children: nil, targets: AdvisorySet.targets(of: inventory))
        case .index(let index):
            ReadInventory(digest: index.digest, sha256: sha256, children: index.children, targets: [])
        }
    }

    private func prepareGeneration(_ record: WholeRecord) throws -> Effect {
        guard record.value != nil else {
            if record.key == GenerationRecord.activeKey { return .active(nil, advisoriesEnd: -1) }
            return Int(record.key).map { .generationGone($0) } ?? .nothing
        }
        let generation = try record.payload(GenerationRecord.self)
        let end = record.header(GenerationHeader.advisoriesEnd).flatMap { Int64($0) } ?? -1
        if record.key == GenerationRecord.activeKey { return .active(generation.number, advisoriesEnd: end) }
        return .generation(number: generation.number, advisoriesEnd: end)
    }

    func reset(in transaction: borrowing Transaction) throws {
        for table in EvaluatorSchema.tables { try transaction.db.execute(sql: "DELETE FROM \(table)") }
    }
}

/// Headers that tie advisories and generations together.
enum GenerationHeader {
    /// On a record of the topic `advisories`: the generation that it was written for.
    static let number = "pratique-generation"
    /// On a generation: the position of its last advisory, which a reader must have before it may use it.
    static let advisoriesEnd = "pratique-advisories-end"

    static func end(_ position: Int64) -> Header { Header(advisoriesEnd, String(position)) }
}
