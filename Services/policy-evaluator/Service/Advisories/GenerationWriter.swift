import Advisories
import Dispatch
import EventLogPort
import Events
import Foundation
import Model
import Storage
import Synchronization

/// Writes one generation to the log: changed advisories, then the generation, then `active`.
///
/// Used on a thread of the compute pool, which it blocks while the log makes a batch durable: that bounds what is held.
final class GenerationWriter: Sendable {
    static let batchMax = 500

    private struct State {
        var batch: [RecordDraft] = []
        var written = 0
        var end: Int64 = -1
    }

    let number: Int
    private let replies: Replies
    private let state = Mutex(State())

    init(number: Int, replies: Replies) {
        self.number = number
        self.replies = replies
    }

    var written: Int { state.withLock { $0.written + $0.batch.count } }

    /// Blocks: only on threads of the compute pool.
    func put(_ advisory: Advisory) throws {
        let key = advisory.key.description
        try add(
            RecordDraft(
                Topics.advisories, key: key, AdvisoryRecord(advisory), replies.caused("\(number)/\(key)"),
                headers: [header]))
    }

    /// Blocks, like `put`.
    func remove(_ key: Advisory.Key) throws {
        var draft = RecordDraft.tombstone(Topics.advisories, key: key.description, replies.caused("\(number)/\(key)"))
        draft.headers.append(header)
        try add(draft)
    }

    /// Writes again what an interrupted import left under these keys, so that the log holds what the set does.
    func settle(
        _ keys: Set<Advisory.Key>, as set: AdvisorySet, of number: Int,
        _ view: View<EvaluatorProjection, SQLiteViewStore>
    ) async throws {
        guard !keys.isEmpty else { return }
        // On the thread of a database reader, which may block.
        try await view.store.read { db in
            for key in keys.sorted() {
                if set.contentHash(of: key) != nil, let advisory = try AdvisoryRows.advisory(key, asOf: number, db) {
                    try self.put(advisory)
                } else {
                    try self.remove(key)
                }
            }
        }
    }

    private var header: Header { Header(GenerationHeader.number, String(number)) }

    private func add(_ draft: RecordDraft) throws {
        let full = state.withLock { state in
            state.batch.append(draft)
            return state.batch.count >= Self.batchMax
        }
        if full { try blocking { try await self.flush() } }
    }

    /// Appends what is left and puts the generation in force.
    func finish(_ record: GenerationRecord) async throws {
        try await flush()
        let session = replies.session
        CrashPoint.hit(.evaluatorBeforeGeneration)
        let end = GenerationHeader.end(state.withLock { $0.end })
        try await session.append([
            try RecordDraft(
                Topics.generations, key: String(number), record, replies.caused("generation-\(number)"), headers: [end])
        ])
        CrashPoint.hit(.evaluatorBeforeActive)
        try await session.append([
            try RecordDraft(
                Topics.generations, key: GenerationRecord.activeKey, record, replies.caused("active-\(number)"),
                headers: [end])
        ])
    }

    /// Appends what is left.
    func flush() async throws {
        let batch = state.withLock { state in
            defer { state.batch = [] }
            return state.batch
        }
        guard !batch.isEmpty else { return }
        let places = try await replies.session.append(batch)
        CrashPoint.hit(.evaluatorInImport)
        let written = state.withLock { state in
            state.written += batch.count
            state.end = max(state.end, places.map(\.position).max() ?? -1)
            return state.written
        }
        if written % (Self.batchMax * 10) == 0 {
            try await replies.send(
                .running, "\(written) changed advisories written", progress: .init(done: written, total: nil))
        }
    }

    /// Runs an append for a thread that may block. The task is not a child of anything: the thread waits for its end.
    private func blocking(_ body: @escaping @Sendable () async throws -> Void) throws {
        let done = DispatchSemaphore(value: 0)
        let failure = Mutex<(any Error)?>(nil)
        Task {
            do { try await body() } catch { failure.withLock { $0 = error } }
            done.signal()
        }
        done.wait()
        if let error = failure.withLock({ $0 }) { throw error }
    }
}
