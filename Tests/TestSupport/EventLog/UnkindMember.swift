import EventLogPort
import Synchronization

/// A member whose partitions are taken away and given back at random: everything from the lowest unfinished record on
/// comes again, and a few finished ones, whose acknowledgement a crash would have lost.
final class UnkindMember: GroupMember {
    private struct Handed {
        /// In the order of the partition.
        var records: [Record] = []
        var finished: Set<Int64> = []
        var isAway = false

        mutating func forgetFinished() {
            let lowest = records.firstIndex { !finished.contains($0.position) } ?? records.count
            let keep = 4
            guard lowest > keep else { return }
            for record in records.prefix(lowest - keep) { finished.remove(record.position) }
            records.removeFirst(lowest - keep)
        }
    }

    private struct State {
        var handed: [TopicPartition: Handed] = [:]
        var steps: [GroupStep] = []
    }

    private let inner: any GroupMember
    private let dice: Dice
    private let state = Mutex(State())

    init(_ inner: any GroupMember, dice: Dice) {
        self.inner = inner
        self.dice = dice
    }

    func next() async throws -> GroupStep? {
        while true {
            await dice.delay()
            try dice.fail(\.failNext)
            if let step = queued() { return step }
            guard let step = try await inner.next() else { return nil }
            switch step {
            case .assigned(let partitions):
                state.withLock { state in for partition in partitions { state.handed[partition] = Handed() } }
                return step
            case .revoked(let partitions):
                state.withLock { state in for partition in partitions { state.handed[partition] = nil } }
                return step
            case .records(let records): take(records.map { Gaps.widen($0) })
            }
        }
    }

    private func queued() -> GroupStep? {
        state.withLock { state in
            if state.steps.isEmpty, dice.roll(\.revoke) { plot(&state) }
            guard !state.steps.isEmpty else { return nil }
            let step = state.steps.removeFirst()
            if case .assigned(let partitions) = step {
                for partition in partitions { state.handed[partition]?.isAway = false }
            }
            return step
        }
    }

    private func plot(_ state: inout State) {
        let candidates = state.handed.filter { !$0.value.records.isEmpty }.keys.sorted { "\($0)" < "\($1)" }
        guard !candidates.isEmpty else { return }
        let partition = candidates[dice.number(in: 0...(candidates.count - 1))]
        state.handed[partition]?.isAway = true
        state.steps = [.revoked([partition]), .assigned([partition])]
        state.steps += split(state.handed[partition]?.records ?? [])
    }

    private func take(_ records: [Record]) {
        state.withLock { state in
            for record in records { state.handed[record.id.topicPartition]?.records.append(record) }
            state.steps += split(records)
        }
    }

    private func split(_ records: [Record]) -> [GroupStep] {
        guard records.count > 1, dice.roll(\.split) else { return [.records(records)] }
        let cut = dice.number(in: 1...(records.count - 1))
        return [.records(Array(records.prefix(cut))), .records(Array(records.dropFirst(cut)))]
    }

    func acknowledge(_ record: RecordID) async throws {
        if dice.number(in: 0...1) == 0 { try dice.fail(\.failAcknowledge) }
        try await finish(record)
        try dice.fail(\.failAcknowledge)
    }

    private func finish(_ record: RecordID) async throws {
        let counts = state.withLock { state in
            guard var handed = state.handed[record.topicPartition], !handed.isAway else { return false }
            handed.finished.insert(record.position)
            handed.forgetFinished()
            state.handed[record.topicPartition] = handed
            return true
        }
        if counts { try await inner.acknowledge(Gaps.narrow(record)) }
    }

    func leave() async { await inner.leave() }
}
