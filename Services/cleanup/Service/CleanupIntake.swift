import EventLogPort
import Events
import Foundation
import Logging
import Metrics
import Model
import Storage

/// Carries out the commands of cleanup, one after the other. What fails is a reply; what cannot be read is a dead
/// letter.
struct CleanupIntake: Sendable {
    let view: View<ImageProjection, SQLiteViewStore>
    let session: ActiveSession
    let configuration: CleanupConfiguration
    let time: TimeSource
    let logger: Logger

    private struct Plan: Sendable {
        var proposals: [CleanupProposal] = []
        var unreadable = 0
        var ageless = 0
        var isCut = false
    }

    func run() async throws {
        while let records = try await session.next() {
            for record in records {
                try await handle(record)
                try await session.acknowledge(record.id)
            }
        }
    }

    private func handle(_ record: Record) async throws {
        let command: Command
        do { command = try record.payload(Command.self) } catch {
            let letter = DeadLetter.draft(for: record, because: error, group: CleanupRunner.group, at: time.now())
            try await session.append([letter])
            return
        }
        do {
            guard time.now() <= command.deadline else { throw CleanupError.tooLate(command.deadline) }
            try await carryOut(command, record.context)
        } catch let error as CleanupError {
            logger.warning("a command failed", metadata: ["command": "\(command.id)", "error.chain": "\(error)"])
            try await reply(.failed, "\(error)", to: command, record.context)
        } catch ViewError.tooLate {
            try await reply(.failed, "the list of images is not current yet; try again", to: command, record.context)
        } catch let error where Self.isOfCommand(error) {
            logger.error("a command failed", metadata: ["command": "\(command.id)", "error.chain": "\(error)"])
            try await reply(.failed, "\(error)", to: command, record.context)
        }
    }

    /// What is not of the log, the view or the end: thrown on, it would come again with the command at each start.
    private static func isOfCommand(_ error: any Error) -> Bool {
        switch error {
        case is EventLogError, is ViewError, is StorageError, is ActiveInstanceError, is CancellationError: false
        default: true
        }
    }

    private func carryOut(_ command: Command, _ context: EventContext) async throws {
        // What was written before the command was taken up counts.
        let ends = try await session.ends(of: view.projection.topics).filter { $0.value >= 0 }
        try await view.waitFor(ends, within: configuration.viewWait)
        switch command.action {
        case .previewCleanup(let rule):
            let plan = try await plan(rule)
            try await reply(
                .done, "\(plan.proposals.count) images would be removed\(remarks(plan))", plan.proposals, to: command,
                context)
        case .applyCleanup(let rule): try await apply(rule, command, context)
        case .restore(let names): try await restore(names, command, context)
        case .enumerate, .importAdvisories, .activateGeneration: throw CleanupError.notMine
        }
    }

    // MARK: The rule

    private func plan(_ rule: CleanupRule) async throws -> Plan {
        if let reason = KeepNewest.refusal(rule) { throw CleanupError.badRule(reason) }
        let max = configuration.proposalsMax
        return try await view.store.read { db in
            var plan = Plan()
            for repository in try ImageProjection.repositories(of: rule.registry, db) {
                guard KeepNewest.isInScope(repository, rule) else { continue }
                let (images, unreadable) = try ImageProjection.images(rule.registry, repository, db)
                plan.unreadable += unreadable
                let (proposals, ageless) = KeepNewest.proposals(images, rule)
                plan.proposals += proposals
                plan.ageless += ageless
                if plan.proposals.count > max {
                    plan.proposals = Array(plan.proposals.prefix(max))
                    plan.isCut = true
                    break
                }
            }
            return plan
        }
    }

    private func remarks(_ plan: Plan) -> String {
        (plan.isCut ? "; more are left for another time" : "")
            + (plan.ageless > 0 ? "; \(plan.ageless) images of unknown age stay and are not counted" : "")
            + (plan.unreadable > 0 ? "; \(plan.unreadable) images cannot be read and are left alone" : "")
    }

    private func apply(_ rule: CleanupRule, _ command: Command, _ context: EventContext) async throws {
        let plan = try await plan(rule)
        let changes = plan.proposals.map { proposal in
            Change.remove(
                .init(
                    name: proposal.name, revision: proposal.revision, actor: command.actor, evidence: proposal.evidence)
            )
        }
        try await send(changes, context)
        Counter(label: "pratique_cleanup_removals_total").increment(by: Int64(changes.count))
        try await reply(
            .done, "\(changes.count) images go into the trash\(remarks(plan))", plan.proposals, to: command, context)
    }

    private func restore(_ names: [ImageName], _ command: Command, _ context: EventContext) async throws {
        let images = try await view.store.read { db in try names.map { try ImageProjection.image($0, db) } }
        let now = time.now()
        var changes: [Change] = []
        var refused: [String] = []
        for (name, image) in zip(names, images) {
            guard let trash = image?.trash else {
                refused.append("\(name) is not in the trash")
                continue
            }
            guard trash.restorableUntil > now else {
                refused.append("\(name) could be restored until \(trash.restorableUntil.rfc3339)")
                continue
            }
            changes.append(.restore(.init(name: name, actor: command.actor)))
        }
        if changes.isEmpty { throw CleanupError.nothingToRestore(Array(refused.prefix(20))) }
        try await send(changes, context)
        let left = refused.isEmpty ? "" : "; not restored: " + refused.prefix(20).joined(separator: ", ")
        try await reply(.done, "\(changes.count) images are restored\(left)", to: command, context)
    }

    // MARK: Out

    private func send(_ changes: [Change], _ context: EventContext) async throws {
        CrashPoint.hit(.cleanupBeforeChanges)
        let now = time.now().milliseconds
        for start in stride(from: 0, to: changes.count, by: 500) {
            let drafts = try changes[start..<min(start + 500, changes.count)].map { change in
                try RecordDraft(
                    Topics.changes, key: change.key, change, context.caused(change.key, by: CleanupRunner.name, at: now)
                )
            }
            try await session.append(drafts)
        }
        CrashPoint.hit(.cleanupAfterChanges)
    }

    private func reply(
        _ state: Reply.State, _ message: String, _ proposals: [CleanupProposal]? = nil, to command: Command,
        _ context: EventContext
    ) async throws {
        let now = time.now().milliseconds
        let reply = Reply(command: command.id, state: state, message: message, cleanup: proposals, at: now)
        let effect = context.caused("reply", by: CleanupRunner.name, at: now)
        try await session.append([try RecordDraft(Topics.replies, key: command.id, reply, effect)])
    }
}

/// Why a command of cleanup was not carried out, for its reply.
enum CleanupError: Error, Sendable, Equatable, CustomStringConvertible {
    case tooLate(Date)
    case notMine
    case badRule(String)
    case nothingToRestore([String])

    var description: String {
        switch self {
        case .tooLate(let deadline): "it was to be started before \(deadline.rfc3339)"
        case .notMine: "cleanup does not carry out this command"
        case .badRule(let reason): "the rule cannot be followed: \(reason)"
        case .nothingToRestore(let reasons):
            reasons.isEmpty ? "no image was named" : "nothing was restored: " + reasons.joined(separator: ", ")
        }
    }
}
