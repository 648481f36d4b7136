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

    public init(log: any EventLog) { self.log = log }

    /// - Throws: errors of the log only.
    public func assemble(_ record: Record) async throws -> Outcome {
        if record.isPart { return .part }
        let plain = WholeRecord(
            id: record.id, key: record.key, value: record.value, headers: record.headers,
            appendedAt: record.appendedAt)
        guard record.value != nil else { return .whole(plain) }
        let head: PartsHead?
        do { head = try PartsHead(record.headers) } catch { return .broken(plain, error) }
        guard let head else { return .whole(plain) }
        return try await collect(head, of: record, plain)
    }

    private func collect(_ head: PartsHead, of record: Record, _ plain: WholeRecord) async throws -> Outcome {
        var wanted: [String: Int] = [:]
        for n in 0..<head.count { wanted[head.partKey(record.key, n)] = n }
        var found: [Int: Data] = [:]
        var bytes = 0
        let partition = record.id.partition
        let end = try await log.end(of: record.topic)[partition] ?? -1
        var position = head.from - 1
        if position < end {
            let ends = try await log.end(of: record.topic)
            // The other partitions are read from their ends on, so only this one comes.
            var after = ends
            after[partition] = position
            let reader = try await log.read(record.topic, after: after)
            do {
                scan: while position < end, let batch = try await reader.next() {
                    for next in batch where next.id.partition == partition {
                        position = max(position, next.position)
                        if let n = wanted[next.key], let part = next.value {
                            bytes += part.count - (found[n]?.count ?? 0)
                            found[n] = part
                            if bytes > head.bytes || found.count == head.count { break scan }
                        } else if next.key == record.key, next.position > record.position {
                            await reader.close()
                            return .superseded
                        }
                    }
                }
            } catch {
                await reader.close()
                throw error
            }
            await reader.close()
        }
        guard found.count == head.count else {
            return .broken(plain, .missingParts(key: record.key, found: found.count, of: head.count))
        }
        return await check(head, found, plain)
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
