import EventLogPort
import Foundation
import Storage
import Synchronization

/// A group's members in this process and what they share. It holds the group's lock until `release`.
final class GroupRoom: Sendable {
    /// How long a member may take to notice that it lost a partition before the next owner goes on without it.
    static let revocationMax: Duration = .seconds(10)

    fileprivate struct State {
        var machine = GroupMachine()
        var wakes: [GroupMachine.MemberID: Wake] = [:]
        var places: [Int64: TopicPartition] = [:]
        var slots: [TopicPartition: Int64] = [:]
        var isTiming = false
    }

    let name: GroupName
    private let lock: Mutex<FileLock?>
    private let positions: [Int64: Int64]
    private let pages: LogPages
    private let tail: LogTail
    private let writer: LogWriter
    private let time: TimeSource
    private let state = Mutex(State())

    init(
        _ name: GroupName, lock: consuming FileLock, positions: [Int64: Int64], pages: LogPages, tail: LogTail,
        writer: LogWriter, time: TimeSource
    ) {
        self.name = name
        self.lock = Mutex(lock)
        self.positions = positions
        self.pages = pages
        self.tail = tail
        self.writer = writer
        self.time = time
    }

    var isEmpty: Bool { state.withLock { $0.machine.memberCount == 0 } }

    /// Gives the group to whoever wants it next.
    func release() { lock.withLock { $0 = nil } }

    func join(_ topics: [TopicEntry], wake: Wake) -> GroupMachine.MemberID {
        let slots = Set(topics.flatMap(\.slots))
        let id = state.withLock { state in
            for topic in topics {
                for (partition, slot) in topic.slots.enumerated() {
                    state.places[slot] = topic.topicPartition(partition)
                    state.slots[topic.topicPartition(partition)] = slot
                }
            }
            let id = state.machine.join(slots, positions: positions)
            state.wakes[id] = wake
            return id
        }
        tail.listen(wake, to: slots)
        changed()
        return id
    }

    func leave(_ id: GroupMachine.MemberID) {
        let wake = state.withLock { state in
            state.machine.leave(id)
            return state.wakes.removeValue(forKey: id)
        }
        if let wake { tail.unlisten(wake, from: state.withLock { Array($0.places.keys) }) }
        changed()
    }

    /// The next step for a member, nil when there is none yet.
    func step(for id: GroupMachine.MemberID) async throws -> GroupStep? {
        while true {
            let (control, want) = state.withLock { state in
                if let control = state.machine.nextControl(id) {
                    return (Optional(state.step(control)), GroupMachine.Want?.none)
                }
                return (nil, state.machine.want(id, ends: { tail.end(of: $0) }))
            }
            if let control {
                if case .revoked = control { changed() }
                return control
            }
            guard let want, let place = state.withLock({ $0.places[want.slot] }) else { return nil }
            let page = try await pages.fetch(
                want.slot, place, after: want.after, upTo: tail.end(of: want.slot), limit: want.limit)
            let isMine = state.withLock { state in
                state.machine.handOut(
                    page.records.map(\.position), reached: page.reached, for: want, to: id)
            }
            if isMine, !page.records.isEmpty { return .records(page.records) }
        }
    }

    func acknowledge(_ record: RecordID, by id: GroupMachine.MemberID) {
        let (slot, position, wake) = state.withLock { state in
            guard let slot = state.slots[record.topicPartition] else {
                return (Int64(0), Int64?.none, Wake?.none)
            }
            return (slot, state.machine.acknowledge(record.position, in: slot, by: id), state.wakes[id])
        }
        if let position { writer.note(position, of: GroupSlot(group: name.rawValue, slot: slot)) }
        wake?.fire()
    }

    /// Wakes the members after partitions moved, and sees to it that a silent member does not hold others up.
    private func changed() {
        let (wakes, startsTimer) = state.withLock { state in
            let starts = state.machine.isRevoking && !state.isTiming
            if starts { state.isTiming = true }
            return (Array(state.wakes.values), starts)
        }
        for wake in wakes { wake.fire() }
        guard startsTimer else { return }
        // Outlives the caller on purpose: it ends by itself after its time.
        Task { [weak self, time] in
            try? await time.clock.sleep(for: Self.revocationMax)
            self?.passOver()
        }
    }

    private func passOver() {
        state.withLock { state in
            state.isTiming = false
            if state.machine.isRevoking { state.machine.passOverLeaving() }
        }
        changed()
    }
}

extension GroupRoom.State {
    fileprivate func step(_ control: GroupMachine.Control) -> GroupStep {
        switch control {
        case .assigned(let slots): .assigned(Set(slots.compactMap { places[$0] }))
        case .revoked(let slots): .revoked(Set(slots.compactMap { places[$0] }))
        }
    }
}
