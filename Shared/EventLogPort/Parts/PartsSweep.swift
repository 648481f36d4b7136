import Foundation

/// Removes parts that no head names: a writer ended between parts and head, or before it could tombstone old parts.
///
/// Run it from time to time (daily) by one writer of the topic. It reads the topic once, keeps keys only, and appends
/// tombstones for sets whose newest part is older than `olderThan`; a set that is being written is younger than that.
public struct PartsSweep: Sendable {
    public static let olderThan: Duration = .seconds(3600)

    private let log: any EventLog
    private let time: TimeSource

    public init(log: any EventLog, time: TimeSource) {
        self.log = log
        self.time = time
    }

    private struct Key: Hashable {
        let partition: Int
        let text: String
    }

    private struct Part {
        let headKey: String
        let appendedAt: Date
    }

    /// Sweeps one topic.
    /// - Returns: how many tombstones were appended.
    @discardableResult
    public func sweep(_ topic: TopicName) async throws -> Int {
        let (parts, heads) = try await census(of: topic)
        let limit = time.now().addingTimeInterval(-Self.olderThan.inSeconds)
        let stray = parts.filter { key, part in
            guard part.appendedAt < limit else { return false }
            guard let head = heads[Key(partition: key.partition, text: part.headKey)] else { return true }
            return !key.text.hasPrefix("\(part.headKey)#\(head.sha256)#")
        }
        let drafts = stray.map { key, part in
            RecordDraft(
                topic: topic, key: key.text, value: nil, headers: [Header(PartsHeader.part, part.headKey)],
                partition: key.partition)
        }
        for first in stride(from: 0, to: drafts.count, by: 500) {
            _ = try await log.append(Array(drafts[first..<min(first + 500, drafts.count)]))
        }
        return drafts.count
    }

    private func census(of topic: TopicName) async throws -> ([Key: Part], [Key: PartsHead]) {
        var parts: [Key: Part] = [:]
        var heads: [Key: PartsHead] = [:]
        var missing = try await log.end(of: topic).filter { $0.value >= 0 }
        guard !missing.isEmpty else { return (parts, heads) }
        let reader = try await log.read(topic, after: [:])
        do {
            while !missing.isEmpty, let batch = try await reader.next() {
                for record in batch {
                    let key = Key(partition: record.id.partition, text: record.key)
                    if let headKey = record.header(PartsHeader.part) {
                        parts[key] =
                            record.isTombstone ? nil : Part(headKey: headKey, appendedAt: record.appendedAt)
                    } else {
                        heads[key] = record.isTombstone ? nil : (try? PartsHead(record.headers)) ?? nil
                    }
                    if let end = missing[record.id.partition], record.position >= end {
                        missing[record.id.partition] = nil
                    }
                }
            }
        } catch {
            await reader.close()
            throw error
        }
        await reader.close()
        return (parts, heads)
    }
}
