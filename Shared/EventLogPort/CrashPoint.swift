import Foundation
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// Places where a kill test ends the process: `PRATIQUE_CRASH_AT=<name>[:<n>]` sends SIGKILL at the n-th hit.
/// `PRATIQUE_CRASH_HITS=<file>` ends nothing and adds a line with the point's name at each hit, so that a test knows
/// how often each is passed.
///
/// Compiled in by `CRASH_POINTS` (debug builds); in release builds `hit` is empty. A service adds its own points in its
/// section below, so that `allCases` is the whole list and the kill test cannot miss one.
public enum CrashPoint: String, CaseIterable, Sendable {
    // The log
    case logBeforeAppend = "log.before-append"
    case logBeforeCommit = "log.before-commit"
    case logAfterCommit = "log.after-commit"
    case logInCompaction = "log.in-compaction"
    case logAfterAcknowledge = "log.after-acknowledge"
    case logBeforePositions = "log.before-positions"
    // Parts
    case partsBeforeHead = "parts.before-head"
    case partsAfterHead = "parts.after-head"
    // Views
    case viewBeforeCommit = "view.before-commit"
    case viewInCommit = "view.in-commit"
    case viewAfterCommit = "view.after-commit"
    // Groups
    case groupBeforeHandler = "group.before-handler"
    case groupAfterHandler = "group.after-handler"
    case groupAfterAcknowledge = "group.after-acknowledge"
    case groupAfterDeadLetter = "group.after-dead-letter"
    // Active instances
    case activeBeforeTakeover = "active.before-takeover"
    case activeAfterTakeover = "active.after-takeover"
    // webhook-gateway: intake and spool
    case intakeBeforeAppend = "intake.before-append"
    case intakeAfterAppend = "intake.after-append"
    case gatewayAfterDelivery = "gateway.after-delivery"
    case gatewayAfterSpool = "gateway.after-spool"
    case gatewayBeforeDrained = "gateway.before-drained"

    // webhook-gateway: catalogue
    case catalogueBeforeAppend = "catalogue.before-append"
    case catalogueAfterAppend = "catalogue.after-append"

    // registry-enumerator
    case enumeratorBeforeAppend = "enumerator.before-append"
    case enumeratorAfterAppend = "enumerator.after-append"

    // scanner
    case scannerBeforeInventory = "scanner.before-inventory"
    case scannerBeforeStatus = "scanner.before-status"
    case scannerAfterStatus = "scanner.after-status"

    // policy-evaluator
    case evaluatorBeforeVerdicts = "policy-evaluator.before-verdicts"
    case evaluatorAfterVerdicts = "policy-evaluator.after-verdicts"
    case evaluatorInImport = "policy-evaluator.in-import"
    case evaluatorBeforeGeneration = "policy-evaluator.before-generation"
    case evaluatorBeforeActive = "policy-evaluator.before-active"

    // cleanup
    case cleanupBeforeChanges = "cleanup.before-changes"
    case cleanupAfterChanges = "cleanup.after-changes"

    /// Ends the process if the environment asks for it here.
    @inlinable
    public static func hit(_ point: CrashPoint) {
        #if CRASH_POINTS
            CrashTrap.hit(point)
        #endif
    }
}

#if CRASH_POINTS
    @usableFromInline
    enum CrashTrap {
        private static let armed: (point: CrashPoint, at: Int)? = {
            guard let text = ProcessInfo.processInfo.environment["PRATIQUE_CRASH_AT"], !text.isEmpty else { return nil }
            let parts = text.split(separator: ":", maxSplits: 1)
            guard let name = parts.first, let point = CrashPoint(rawValue: String(name)) else {
                preconditionFailure("PRATIQUE_CRASH_AT names no crash point: \(text)")
            }
            return (point, parts.count == 2 ? Int(parts[1]) ?? 1 : 1)
        }()
        private static let hits = Mutex(0)
        private static let record: Int32? = ProcessInfo.processInfo.environment["PRATIQUE_CRASH_HITS"].map {
            open($0, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0o600)
        }

        @usableFromInline
        static func hit(_ point: CrashPoint) {
            if let record {
                let line = point.rawValue + "\n"
                _ = line.withCString { write(record, $0, strlen($0)) }
            }
            guard let armed, armed.point == point else { return }
            let count = hits.withLock { hits in
                hits += 1
                return hits
            }
            guard count == armed.at else { return }
            kill(getpid(), SIGKILL)
            while true { pause() }
        }
    }
#endif
