import Crypto
package import Foundation

/// Appends values of any size: what does not fit into one record goes as parts, then a head.
///
/// **Promises**: the head is appended after all of its parts are durable. The parts of the value that it replaces stay,
/// as do those of a writer that ended before its head: no head names them, and `PartsSweep` removes them after an hour.
/// So a head never follows its first part by more than `headWithin`: when that took longer, the parts are written
/// again.
/// **Limits**: `PartsHead.bytesMax` a value. Like `EventLog.append` it is not atomic.
public struct WholeWriter: Sendable {
    static let headWithin = 600.0
    private static let roundsMax = 3
    private static let partsPerAppend = 8

    private let log: any EventLog
    private let time: TimeSource

    public init(log: any EventLog, time: TimeSource) {
        self.log = log
        self.time = time
    }

    /// Appends in the order given and returns the places of the records or of their heads.
    public func append(_ drafts: [RecordDraft]) async throws -> [RecordID] {
        var places: [RecordID] = []
        var small: [RecordDraft] = []
        for draft in drafts {
            guard let value = draft.value, value.count > log.valueBytesLimit else {
                small.append(draft)
                continue
            }
            if !small.isEmpty { places += try await log.append(small) }
            small = []
            places.append(try await appendLarge(draft, value))
        }
        if !small.isEmpty { places += try await log.append(small) }
        return places
    }

    private func appendLarge(_ draft: RecordDraft, _ value: Data) async throws -> RecordID {
        guard value.count <= PartsHead.bytesMax else { throw PartsError.tooLarge(key: draft.key, bytes: value.count) }
        let partition = try await partition(of: draft.key, in: draft.topic, asked: draft.partition)
        let sha256 = await Self.sha256(of: value)
        for _ in 0..<Self.roundsMax {
            let started = time.now()
            let (count, from) = try await appendParts(draft, value, sha256, partition)
            guard time.now().timeIntervalSince(started) <= Self.headWithin else { continue }
            CrashPoint.hit(.partsBeforeHead)
            let head = PartsHead(count: count, bytes: value.count, sha256: sha256, from: from)
            let headers = draft.headers.filter { !PartsHeader.ofHead.contains($0.name) } + head.headers
            let record = RecordDraft(
                topic: draft.topic, key: draft.key, value: Data(), headers: headers, partition: partition)
            guard let place = try await log.append([record]).first else {
                throw EventLogError.unavailable(reason: "the log returned no place")
            }
            CrashPoint.hit(.partsAfterHead)
            return place
        }
        throw EventLogError.unavailable(reason: "writing the parts of \(draft.key) takes too long")
    }

    private func appendParts(
        _ draft: RecordDraft, _ value: Data, _ sha256: String, _ partition: Int
    ) async throws -> (count: Int, from: Int64) {
        let size = PartsHead.partBytesMax
        let count = (value.count + size - 1) / size
        var from = Int64.max
        for first in stride(from: 0, to: count, by: Self.partsPerAppend) {
            let parts = (first..<min(first + Self.partsPerAppend, count)).map { n in
                let start = value.startIndex + n * size
                return RecordDraft(
                    topic: draft.topic, key: PartsHead.partKey(draft.key, sha256, n),
                    value: value[start..<min(start + size, value.endIndex)],
                    headers: [Header(PartsHeader.part, draft.key)], partition: partition)
            }
            for place in try await log.append(parts) { from = min(from, place.position) }
        }
        return (count, from)
    }

    private func partition(of key: String, in topic: TopicName, asked: Int?) async throws -> Int {
        if let asked { return asked }
        return Partitioner.partition(of: key, among: max(1, try await log.end(of: topic).count))
    }

    /// Hashes piece by piece and lets others run in between: the pool has few threads.
    package static func sha256(of value: Data) async -> String {
        var hash = SHA256()
        var index = value.startIndex
        while index < value.endIndex {
            let end = min(index + 1024 * 1024, value.endIndex)
            hash.update(data: value[index..<end])
            index = end
            await Task.yield()
        }
        return hash.finalize().map { byte in
            let text = String(byte, radix: 16)
            return text.count == 1 ? "0" + text : text
        }.joined()
    }
}

extension EventLog {
    /// `valueBytesMax`, reachable through `any EventLog`.
    var valueBytesLimit: Int { Self.valueBytesMax }

    /// Appends values of any size; see `WholeWriter`.
    public func appendWhole(_ drafts: [RecordDraft], time: TimeSource) async throws -> [RecordID] {
        try await WholeWriter(log: self, time: time).append(drafts)
    }
}
