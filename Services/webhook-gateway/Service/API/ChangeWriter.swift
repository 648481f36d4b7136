import EventLogPort
import Events
import Foundation
import Model
import ServiceRuntime
import Synchronization

/// Sends wishes and commands into the log, each with who wished it. Returns when they are durable.
struct ChangeWriter: Sendable {
    static let source = "webhook-gateway"

    /// Appends that were given up are held until the log answers; beyond this many bytes new ones are refused at once.
    static let unansweredBytesMax = 256 << 20

    let log: any EventLog
    let time: TimeSource
    private let unanswered = UnansweredBytes()

    init(log: any EventLog, time: TimeSource) {
        self.log = log
        self.time = time
    }

    /// A wish and its line in the audit.
    struct Wish: Sendable {
        let change: Change
        /// Such as `registry.update`.
        let action: String
        let detail: String

        init(_ change: Change, action: String, detail: String = "") {
            self.change = change
            self.action = action
            self.detail = detail
        }
    }

    /// - Returns: the ids of the wishes; the catalogue replies under them to wishes with a condition.
    @discardableResult
    func submit(_ wishes: [Wish], by actor: String, trace: String) async throws -> [String] {
        let context = context(trace)
        var drafts: [RecordDraft] = []
        var ids: [String] = []
        for (index, wish) in wishes.enumerated() {
            let own = context.caused("wish-\(index)", by: Self.source, at: context.time)
            ids.append(own.id)
            drafts.append(try RecordDraft(Topics.changes, key: wish.change.key, wish.change, own))
            drafts.append(
                try audit(
                    actor, wish.action, wish.change.key, wish.detail,
                    context.caused("audit-\(index)", by: Self.source, at: context.time)))
        }
        try await append(drafts)
        return ids
    }

    /// Passes a command on. The reply "accepted" goes first, so that whoever asks for the command finds it.
    func command(
        _ action: Command.Action, to topic: Topic, subject: String, by actor: String, detail: String, trace: String
    ) async throws -> Command {
        let context = context(trace)
        let command = Command(
            id: context.id, action: action, actor: actor, issuedAt: context.time,
            deadline: context.time.addingTimeInterval(Limits.commandDeadline).milliseconds)
        let reply = Reply(command: command.id, state: .running, message: Reply.acceptance, at: context.time)
        try await append([
            try RecordDraft(
                Topics.replies, key: command.id, reply, context.caused("accepted", by: Self.source, at: context.time)),
            try RecordDraft(topic, key: subject, command, context),
            try audit(
                actor, "command.\(topic.name)", subject, detail,
                context.caused("audit", by: Self.source, at: context.time)),
        ])
        return command
    }

    /// Values of any size, such as uploaded inventories.
    /// - Throws: `DeadlineExceeded` when the log does not answer in time: it may have them all the same.
    @discardableResult
    func append(_ drafts: [RecordDraft]) async throws -> [RecordID] {
        let (log, time, unanswered) = (log, time, unanswered)
        let bytes = drafts.reduce(0) { $0 + ($1.value?.count ?? 0) + 1_024 }
        let tooLate = DeadlineExceeded(limit: Limits.appendWait)
        guard unanswered.add(bytes, max: Self.unansweredBytesMax) else { throw tooLate }
        return try await givingUp(after: Limits.appendWait, on: time, tooLate) {
            defer { unanswered.remove(bytes) }
            return try await log.appendWhole(drafts, time: time)
        }
    }

    func context(_ trace: String) -> EventContext {
        EventContext(
            id: UUID().uuidString.lowercased(), source: Self.source, time: time.now(), traceparent: trace)
    }

    func audit(
        _ actor: String, _ action: String, _ subject: String, _ detail: String, _ context: EventContext
    ) throws -> RecordDraft {
        let entry = AuditEntry(actor: actor, action: action, subject: subject, detail: detail, at: context.time)
        return try RecordDraft(Topics.audit, key: subject, entry, context)
    }
}

/// How much waits for the log, also what nobody waits for any more.
private final class UnansweredBytes: Sendable {
    private let bytes = Mutex(0)

    /// False when there is no room; a single append always has some.
    func add(_ count: Int, max: Int) -> Bool {
        bytes.withLock { bytes in
            guard bytes == 0 || bytes + count <= max else { return false }
            bytes += count
            return true
        }
    }

    func remove(_ count: Int) { bytes.withLock { $0 -= count } }
}
