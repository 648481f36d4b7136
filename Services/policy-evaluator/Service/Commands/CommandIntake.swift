import EventLogPort
import Events
import Foundation
import Logging
import Model

/// Carries out the commands of the evaluator, one after the other: advisories in, and which generation is in force.
///
/// A command that comes again has the effect of once: an import that changes nothing writes nothing. What fails is a
/// reply; what cannot be read is a dead letter. Neither stops the next command.
struct CommandIntake: Sendable {
    let session: ActiveSession
    let log: any EventLog
    /// Held while a command is carried out: nobody else writes advisories and generations meanwhile.
    let turn: AsyncLock
    let importer: AdvisoryImporter
    let rollback: Rollback
    let time: TimeSource
    let logger: Logger

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
            let letter = DeadLetter.draft(
                for: record, because: error, group: PolicyEvaluatorRunner.group, at: time.now())
            try await session.append([letter])
            return
        }
        let replies = Replies(session: session, command: command, context: record.context, time: time)
        do {
            let message = try await turn.withLock { try await carryOut(command, replies) }
            try await replies.send(.done, message)
        } catch let error as EventLogError {
            throw error
        } catch let error as ActiveInstanceError {
            throw error
        } catch is CancellationError {
            throw CancellationError()
        } catch {
            logger.warning("a command failed", metadata: ["command": "\(command.id)", "error.chain": "\(error)"])
            try await replies.send(.failed, "\(error)")
        }
    }

    private func carryOut(_ command: Command, _ replies: Replies) async throws -> String {
        if time.now() > command.deadline, try await !wasStarted(command) {
            throw CommandError.tooLate(command.deadline)
        }
        switch command.action {
        case .importAdvisories(let origin): return try await importer.run(origin: origin, replies)
        case .activateGeneration(let number): return try await rollback.run(to: number, replies)
        case .enumerate, .previewCleanup, .applyCleanup, .restore: throw CommandError.notMine
        }
    }
}

extension CommandIntake {
    /// Whether this or another instance began with it: then it is finished, whatever its deadline, since what it has
    /// written so far has taken the place of other records. Reads the whole topic, and only for a command that is late.
    private func wasStarted(_ command: Command) async throws -> Bool {
        let topic = Topics.replies.name
        guard let end = try await log.end(of: topic)[0], end >= 0 else { return false }
        let reader = try await log.read(topic, after: [:])
        var found = false
        var position: Int64 = -1
        do {
            while !found, position < end, let batch = try await reader.next() {
                position = max(position, batch.last?.position ?? position)
                found = batch.contains { record in
                    record.key == command.id && (try? record.payload(Reply.self))?.state == .running
                }
            }
        } catch {
            await reader.close()
            throw error
        }
        await reader.close()
        return found
    }
}

/// Says how one command fares.
struct Replies: Sendable {
    let session: ActiveSession
    let command: Command
    let context: EventContext
    let time: TimeSource

    func send(_ state: Reply.State, _ message: String, progress: Reply.Progress? = nil) async throws {
        let now = time.now().milliseconds
        let reply = Reply(command: command.id, state: state, message: message, progress: progress, at: now)
        let mark = progress.map { "reply-\($0.done)" } ?? "reply"
        let effect = context.caused(mark, by: PolicyEvaluatorRunner.name, at: now)
        try await session.append([try RecordDraft(Topics.replies, key: command.id, reply, effect)])
    }

    func caused(_ suffix: String) -> EventContext {
        context.caused(suffix, by: PolicyEvaluatorRunner.name, at: time.now().milliseconds)
    }
}

/// Why a command was not carried out, for its reply.
enum CommandError: Error, Sendable, Equatable, CustomStringConvertible {
    case tooLate(Date)
    case notMine
    case badOrigin(String, reason: String)
    case download(String, reason: String)
    case nothingRead(String)
    case unknownGeneration(Int)
    case generationNotKept(Int, oldest: Int, newest: Int)

    var description: String {
        switch self {
        case .tooLate(let deadline): "it was to be started before \(deadline.rfc3339)"
        case .notMine: "the policy evaluator does not carry out this command"
        case .badOrigin(let origin, let reason): "cannot import from “\(origin)”: \(reason)"
        case .download(let origin, let reason): "cannot download \(origin): \(reason)"
        case .nothingRead(let origin): "“\(origin)” holds no advisory that can be read; nothing was changed"
        case .unknownGeneration(let number): "there is no generation \(number)"
        case .generationNotKept(let number, let oldest, let newest):
            "generation \(number) is no longer kept; \(oldest) to \(newest) can be put in force"
        }
    }
}
