import EventLogPort
import Synchronization

/// Reads in small and uneven batches, repeats itself, and leaves out what compaction might have removed.
final class UnkindReader: EventReader {
    private struct State {
        var waiting: [Record] = []
        var recent: [Record] = []
        var delivered: Set<String> = []
    }

    private let inner: any EventReader
    private let isState: Bool
    /// Whoever goes on from a position knows keys from before, and gets their tombstones: they live for 7 days.
    private let isFromStart: Bool
    private let dice: Dice
    private let state = Mutex(State())

    init(_ inner: any EventReader, isState: Bool, isFromStart: Bool, dice: Dice) {
        self.inner = inner
        self.isState = isState
        self.isFromStart = isFromStart
        self.dice = dice
    }

    func next() async throws -> [Record]? {
        await dice.delay()
        try dice.fail(\.failNext)
        if state.withLock({ $0.waiting.isEmpty }) {
            guard let batch = try await inner.next() else { return nil }
            let kept = thinned(batch.map { Gaps.widen($0) })
            state.withLock { state in
                // A rewind: some that were read come again, in their order.
                if dice.roll(\.repeatRead) { state.waiting += state.recent }
                state.waiting += kept
            }
        }
        return state.withLock { state in
            let count = dice.roll(\.split) ? dice.number(in: 1...state.waiting.count) : state.waiting.count
            let batch = Array(state.waiting.prefix(count))
            state.waiting.removeFirst(count)
            state.delivered.formUnion(batch.map(\.key))
            state.recent = Array((state.recent + batch).suffix(dice.number(in: 1...8)))
            return batch
        }
    }

    /// Of a state topic, leaves out records that are followed by a newer one of their key, and tombstones of keys that
    /// this reader never heard of; never the last record.
    private func thinned(_ batch: [Record]) -> [Record] {
        guard isState, let last = batch.last else { return batch }
        var newest: [String: Int64] = [:]
        for record in batch { newest[record.key] = record.position }
        var heard = state.withLock { $0.delivered }
        return batch.filter { record in
            if record.id == last.id { return true }
            let isSuperseded = (newest[record.key] ?? -1) > record.position
            let isUnheard = isFromStart && record.isTombstone && !heard.contains(record.key)
            if isSuperseded || isUnheard, dice.roll(\.compact) { return false }
            heard.insert(record.key)
            return true
        }
    }

    func close() async { await inner.close() }
}
