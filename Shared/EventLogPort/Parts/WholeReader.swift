import Foundation

/// Puts values in parts together again, from nothing but the head: it names the position of the first part.
///
/// A reader keeps no state between records, so it may start anywhere. The parts of a head that was replaced meanwhile
/// may be gone; that is told apart from parts that are missing by looking for the newer record of that key.
public struct WholeReader: Sendable {
    /// What a record turned out to be.
    public enum Outcome: Sendable {
        case whole(WholeRecord)
        /// A piece of a larger value: its head comes later. Nothing to do but to acknowledge it.
        case part
        /// A head whose parts are gone because a newer record of its key follows.
        case superseded
        /// A head whose parts do not match; `record.value` is the head's own.
        case broken(WholeRecord, PartsError)
    }

    private let log: any EventLog
    private let time: TimeSource

    /// - Parameter time: paces the look for parts that may have been removed meanwhile.
    public init(log: any EventLog, time: TimeSource = .system) {
        self.log = log
        self.time = time
    }

    /// - Throws: errors of the log only.
    public func assemble(_ record: Record) async throws -> Outcome {
        if record.isPart { return .part }
        let plain = WholeRecord(record)
        guard record.value != nil else { return .whole(plain) }
        let head: PartsHead?
        do { head = try PartsHead(record.headers) } catch { return .broken(plain, error) }
        guard let head else { return .whole(plain) }
        return try await collect(head, of: record, plain)
    }

    private func collect(_ head: PartsHead, of record: Record, _ plain: WholeRecord) async throws -> Outcome {
        let partition = record.id.partition
        let ends = try await log.end(of: record.topic)
        // The other partitions are read from their ends on, so only this one comes.
        var after = ends
        after[partition] = head.from - 1
        let end = [partition: ends[partition] ?? -1]
        let gathering = try await log.reading(record.topic, after: after) { reader in
            var reading = ReadToEnd(reader, of: record.topic, after: after, upTo: end, log: log, time: time)
            var gathering = Gathering(head, of: record)
            while !gathering.isOver, let batch = try await reading.next() {
                for next in batch where next.id.partition == partition { gathering.take(next) }
            }
            return gathering
        }
        if gathering.found.count == head.count { return await check(head, gathering.found, plain) }
        if gathering.isSuperseded { return .superseded }
        let found = gathering.found.count
        return .broken(plain, .missingParts(key: record.key, found: found, of: head.count))
    }

    /// The parts of one value, as far as they came.
    private struct Gathering: Sendable {
        private let head: PartsHead
        private let record: RecordID
        private let key: String
        private let wanted: [String: Int]
        private var bytes = 0
        private(set) var found: [Int: Data] = [:]
        private(set) var isSuperseded = false

        init(_ head: PartsHead, of record: Record) {
            self.head = head
            self.record = record.id
            key = record.key
            wanted = Dictionary(uniqueKeysWithValues: (0..<head.count).map { (head.partKey(record.key, $0), $0) })
        }

        var isOver: Bool { isSuperseded || found.count == head.count || bytes > head.bytes }

        mutating func take(_ next: Record) {
            guard !isOver else { return }
            if let n = wanted[next.key], let part = next.value {
                bytes += part.count - (found[n]?.count ?? 0)
                found[n] = part
            } else if next.key == key, next.position > record.position {
                isSuperseded = true
            }
        }
    }

    private func check(_ head: PartsHead, _ found: [Int: Data], _ plain: WholeRecord) async -> Outcome {
        var value = Data(capacity: head.bytes)
        for n in 0..<head.count { value.append(found[n] ?? Data()) }
        guard value.count == head.bytes else {
            return .broken(plain, .mismatch(key: plain.key, reason: "\(value.count) bytes instead of \(head.bytes)"))
        }
        let sha256 = await WholeWriter.sha256(of: value)
        guard sha256 == head.sha256 else {
            return .broken(plain, .mismatch(key: plain.key, reason: "sha256 \(sha256) instead of \(head.sha256)"))
        }
        return .whole(
            WholeRecord(
                id: plain.id, key: plain.key, value: value, headers: plain.headers, appendedAt: plain.appendedAt))
    }
}
