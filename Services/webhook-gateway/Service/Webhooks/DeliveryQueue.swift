import EventLogPort
import Events
import Foundation
import Logging
import Metrics
import ServiceRuntime
import Synchronization

/// Makes deliveries durable: in the log, or in the spool while the log cannot be reached.
///
/// Requests that wait at the same time go to the log in one append and share its fsync. While the spool holds anything,
/// new deliveries go behind it, so their order stays. `run` and `drain` run for as long as requests are taken.
final class DeliveryQueue: Sendable {
    struct Limits: Sendable {
        /// Requests that wait for durability; the next one is told to come again.
        var waitingMax = 4_096
        var batchMax = 256
        /// The log counts as out of reach when it has not answered after this time. Senders wait a few seconds at most.
        var appendWait: Duration = .seconds(2)
        var drainBatchMax = 64
        /// One entry is moved however large it is.
        var drainBatchBytesMax = 4 << 20
        var backoff = Backoff(first: .milliseconds(100), longest: .seconds(5), attemptsMax: 1_000_000)
    }

    private struct Waiting {
        let draft: RecordDraft
        let continuation: CheckedContinuation<Void, any Error>
    }

    private struct State {
        var waiting: [Waiting] = []
        var isClosed = false
    }

    private let log: any EventLog
    private let spool: Spool
    private let time: TimeSource
    private let limits: Limits
    private let logger: Logger
    private let state = Mutex(State())
    private let arrived = Wake()
    private let spooled = Wake()
    private let toLog = Counter(label: "pratique.gateway.deliveries", dimensions: [("place", "log")])
    private let toSpool = Counter(label: "pratique.gateway.deliveries", dimensions: [("place", "spool")])

    init(log: any EventLog, spool: Spool, time: TimeSource, logger: Logger, limits: Limits = Limits()) {
        self.log = log
        self.spool = spool
        self.time = time
        self.limits = limits
        self.logger = logger
    }

    /// Returns when the delivery is durable.
    /// - Throws: `DeliveryError`, or what the spool threw.
    func accept(_ draft: RecordDraft) async throws {
        try await withCheckedThrowingContinuation { continuation in
            let refusal: DeliveryError? = state.withLock { state in
                if state.isClosed { return .stopped }
                guard state.waiting.count < limits.waitingMax else { return .overloaded }
                state.waiting.append(Waiting(draft: draft, continuation: continuation))
                return nil
            }
            if let refusal { continuation.resume(throwing: refusal) } else { arrived.fire() }
        }
    }

    /// Places what arrives until the task is cancelled; what still waits then is refused.
    func run() async throws {
        defer { close() }
        while true {
            let batch = state.withLock { state in
                let batch = Array(state.waiting.prefix(limits.batchMax))
                state.waiting.removeFirst(batch.count)
                return batch
            }
            guard !batch.isEmpty else {
                try await arrived.wait()
                continue
            }
            await place(batch)
        }
    }

    private func close() {
        let left = state.withLock { state in
            state.isClosed = true
            defer { state.waiting = [] }
            return state.waiting
        }
        for waiting in left { waiting.continuation.resume(throwing: DeliveryError.stopped) }
    }

    private func place(_ batch: [Waiting]) async {
        let drafts = batch.map(\.draft)
        do {
            if spool.isEmpty, await appended(drafts) {
                CrashPoint.hit(.gatewayAfterDelivery)
                toLog.increment(by: batch.count)
            } else {
                try await spool.append(drafts)
                CrashPoint.hit(.gatewayAfterSpool)
                toSpool.increment(by: batch.count)
                spooled.fire()
            }
            for waiting in batch { waiting.continuation.resume() }
        } catch {
            let refusal: any Error = if case SpoolError.full = error { DeliveryError.spoolFull } else { error }
            logger.error("deliveries refused", metadata: ["count": "\(batch.count)", "error.chain": "\(error)"])
            for waiting in batch { waiting.continuation.resume(throwing: refusal) }
        }
    }

    /// Whether the log has them for certain. After `false` it may have them too: readers know a delivery by its id.
    private func appended(_ drafts: [RecordDraft]) async -> Bool {
        do {
            try await append(drafts)
            return true
        } catch {
            logger.warning("deliveries go to the spool", metadata: ["error.chain": "\(error)"])
            return false
        }
    }

    /// An append cannot be taken back, so nobody waits for one that takes too long: it ends on its own.
    private func append(_ drafts: [RecordDraft]) async throws {
        let (log, time) = (log, time)
        _ = try await givingUp(after: limits.appendWait, on: time, DeliveryError.logTooSlow) {
            try await log.appendWhole(drafts, time: time)
        }
    }

    /// Moves the spool to the log, in order, until the task is cancelled.
    ///
    /// No sender waits for it, so an append has the time that it takes: one that was given up would land, too, and be
    /// repeated without end.
    func drain() async throws {
        var failures = 0
        while true {
            guard !spool.isEmpty else {
                try await spooled.wait()
                continue
            }
            do {
                let entries = try await spool.first(limits.drainBatchMax, bytesMax: limits.drainBatchBytesMax)
                try await move(entries)
                CrashPoint.hit(.gatewayBeforeDrained)
                try await spool.remove(entries)
                if failures > 0 { logger.notice("the spool moves to the log", metadata: ["left": "\(spool.count)"]) }
                failures = 0
            } catch is CancellationError {
                throw CancellationError()
            } catch {
                failures += 1
                if failures == 1 {
                    logger.warning("the spool waits for the log", metadata: ["error.chain": "\(error)"])
                }
                var generator = SystemRandomNumberGenerator()
                let wait = limits.backoff.delay(after: failures, using: &generator) ?? limits.backoff.longest
                try await time.clock.sleep(for: wait)
            }
        }
    }
}

extension DeliveryQueue {
    static let group = GroupName(constant: "webhook-gateway.spool")

    /// A draft that the log refuses for what it is goes to the dead letters: it must not hold up those behind it.
    private func move(_ entries: [Spool.Entry]) async throws {
        do {
            _ = try await log.appendWhole(entries.map(\.draft), time: time)
        } catch let error where Self.isOfADraft(error) {
            guard entries.count == 1 else {
                for entry in entries { try await move([entry]) }
                return
            }
            try await setAside(entries[0], because: error)
        }
    }

    private func setAside(_ entry: Spool.Entry, because error: any Error) async throws {
        let draft = entry.draft
        logger.error(
            "a delivery became a dead letter", metadata: ["record.key": "\(draft.key)", "error.chain": "\(error)"])
        let record = WholeRecord(
            id: RecordID(topic: draft.topic, partition: 0, position: -1), key: draft.key, value: draft.value,
            headers: draft.headers, appendedAt: time.now())
        let letter = DeadLetter.draft(
            for: record, topic: Topics.deadLetters.name, group: Self.group, cause: .refused,
            reason: "the log refuses it: \(error)", attempts: 1, at: time.now())
        do {
            _ = try await log.appendWhole([letter], time: time)
        } catch let error where Self.isOfADraft(error) {
            logger.error(
                "a delivery is lost: it cannot be a dead letter either",
                metadata: ["record.key": "\(draft.key)", "error.chain": "\(error)"])
        }
    }

    /// Whether the draft is the cause, so that no later try can help.
    private static func isOfADraft(_ error: any Error) -> Bool {
        switch error {
        case is PartsError: return true
        case let error as EventLogError:
            switch error {
            case .badName, .unknownTopic, .valueTooLarge, .keyTooLong: return true
            case .topicMismatch, .groupHeldElsewhere, .positionsLost, .unavailable, .corrupt, .failed, .closed:
                return false
            }
        default: return false
        }
    }
}

/// Why a delivery was not taken. Its sender may come again.
enum DeliveryError: Error, Sendable, Equatable {
    case overloaded
    /// Seen inside only: the spool takes the delivery then.
    case logTooSlow
    case spoolFull
    case stopped
}
