import EventLogPort
import Synchronization

/// One member of a group in this process.
final class SQLiteGroupMember: GroupMember {
    private let room: GroupRoom
    private let id: GroupMachine.MemberID
    private let wake: Wake
    private let isOver = Mutex(false)
    private let whenOver: @Sendable (GroupRoom) async -> Void

    init(_ room: GroupRoom, topics: [TopicEntry], whenOver: @escaping @Sendable (GroupRoom) async -> Void) {
        self.room = room
        self.whenOver = whenOver
        wake = Wake()
        id = room.join(topics, wake: wake)
    }

    deinit {
        if !isOver.withLock({ $0 }) { room.leave(id) }
    }

    func next() async throws -> GroupStep? {
        while true {
            try Task.checkCancellation()
            if isOver.withLock({ $0 }) { return nil }
            if let step = try await room.step(for: id) { return step }
            try await wake.wait()
        }
    }

    func acknowledge(_ record: RecordID) async throws {
        if isOver.withLock({ $0 }) { return }
        room.acknowledge(record, by: id)
        CrashPoint.hit(.logAfterAcknowledge)
    }

    func leave() async {
        let first = isOver.withLock { isOver in
            defer { isOver = true }
            return !isOver
        }
        guard first else { return }
        room.leave(id)
        wake.fire()
        await whenOver(room)
    }
}
