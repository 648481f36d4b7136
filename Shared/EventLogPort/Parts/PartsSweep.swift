import Foundation

/// Removes parts that no head names: those of values that were replaced or deleted, and those of a writer that ended
/// between parts and head.
///
/// Run it from time to time (daily), from anywhere: it is safe beside the topic's writers. It reads the topic once,
/// keeps keys only, and appends tombstones for sets whose newest part is older than `olderThan`; a set that is being
/// written is younger than that. A set that changed since it was read is left to the next sweep, and parts that were
/// written again between that look and their tombstone are put back.
public struct PartsSweep: Sendable {
    public static let olderThan: Duration = .seconds(3600)
    private static let tombstonesPerAppend = 500

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
        let headKey: Key
        let appendedAt: Date
    }

    /// What a topic holds: its parts and the heads that name some.
    private struct Census {
        var parts: [Key: Part] = [:]
        var heads: [Key: PartsHead] = [:]

        mutating func note(_ record: Record) {
            let key = Key(partition: record.id.partition, text: record.key)
            if let headKey = record.headKey {
                let head = Key(partition: record.id.partition, text: headKey)
                parts[key] = record.isTombstone ? nil : Part(headKey: head, appendedAt: record.appendedAt)
            } else {
                heads[key] = record.isTombstone ? nil : (try? PartsHead(record.headers)) ?? nil
            }
        }

        func stray(before limit: Date) -> [Key: Part] {
            let young = Set(parts.values.lazy.filter { $0.appendedAt >= limit }.map(\.headKey))
            return parts.filter { key, part in
                if let head = heads[part.headKey], key.text.hasPrefix("\(part.headKey.text)#\(head.sha256)#") {
                    return false
                }
                return !young.contains(part.headKey)
            }
        }
    }

    /// Sweeps one topic.
    /// - Returns: how many tombstones were appended.
    @discardableResult
    public func sweep(_ topic: TopicName) async throws -> Int {
        var seen = try await log.end(of: topic)
        var census = Census()
        try await walk(topic, after: [:], upTo: seen) { census.note($0) }
        let stray = Array(census.stray(before: time.now().addingTimeInterval(-Self.olderThan.inSeconds)))
        var changed: Set<Key> = []
        var count = 0
        for first in stride(from: 0, to: stray.count, by: Self.tombstonesPerAppend) {
            let ends = try await log.end(of: topic)
            try await walk(topic, after: seen, upTo: ends) { record in
                changed.insert(Key(partition: record.id.partition, text: record.headKey ?? record.key))
            }
            seen = ends
            let wanted = stray[first..<min(first + Self.tombstonesPerAppend, stray.count)]
                .filter { !changed.contains($0.value.headKey) }
            try await bury(wanted.map { ($0.key, $0.value.headKey.text) }, in: topic, seen: seen)
            count += wanted.count
        }
        return count
    }

    private func bury(_ stray: [(key: Key, headKey: String)], in topic: TopicName, seen: [Int: Int64]) async throws {
        guard !stray.isEmpty else { return }
        let places = try await log.append(
            stray.map { key, headKey in
                RecordDraft(
                    topic: topic, key: key.text, value: nil, headers: [Header(PartsHeader.part, headKey)],
                    partition: key.partition)
            })
        var buried: [Key: Int64] = [:]
        for (part, place) in zip(stray, places) { buried[part.key] = place.position }
        var ends: [Int: Int64] = [:]
        for place in places { ends[place.partition] = max(place.position, ends[place.partition] ?? -1) }
        var again: [RecordDraft] = []
        try await walk(topic, after: seen, upTo: ends) { record in
            let key = Key(partition: record.id.partition, text: record.key)
            guard record.isPart, let value = record.value, let tombstone = buried[key], record.position < tombstone
            else { return }
            again.append(
                RecordDraft(
                    topic: topic, key: record.key, value: value, headers: record.headers, partition: key.partition))
        }
        // A reader finds them behind their head as well.
        for draft in again { _ = try await log.append([draft]) }
    }

    private func walk(
        _ topic: TopicName, after positions: [Int: Int64], upTo ends: [Int: Int64], _ body: (Record) -> Void
    ) async throws {
        guard ends.contains(where: { $0.value > positions[$0.key] ?? -1 }) else { return }
        try await log.reading(topic, after: positions) { reader in
            var reading = ReadToEnd(reader, of: topic, after: positions, upTo: ends, log: log, time: time)
            while let batch = try await reading.next() { for record in batch { body(record) } }
        }
    }
}

extension Record {
    /// The key of the value that this is a part of.
    fileprivate var headKey: String? { header(PartsHeader.part) }
}
