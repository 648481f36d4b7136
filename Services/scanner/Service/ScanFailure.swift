import Analysers
import EventLogPort
import Events
import Foundation
import Model
import RegistryAccess

/// Maps what a scan ran into to a `Failure` as state.
enum ScanFailure {
    static let firstDelaySeconds = 30.0
    static let delayMaxSeconds = 6 * 3600.0

    /// Whether an error is said as the digest's state. The others are of the log or the view, which a later try
    /// of the same record may find well again, or of the process's end.
    static func isState(_ error: any Error) -> Bool {
        switch error {
        case let error as ScanError: error.kind != .cancelled
        case let error as EventLogError:
            switch error {
            case .valueTooLarge, .keyTooLong: true
            default: false
            }
        case is ViewError, is CancellationError: false
        default: true
        }
    }

    static func failure(of error: any Error, attempt: Int, now: Date) -> Failure {
        if let bytes = excess(error) {
            let message = "the inventory has \(bytes) bytes, more than the log takes"
            return Failure(kind: .tooLarge, message: message, attempt: attempt, nextAttemptAt: nil)
        }
        guard let error = error as? ScanError else {
            return RegistryFailure.failure(of: error, attempt: attempt, now: now)
        }
        let kind = kind(of: error)
        return Failure(
            kind: kind, message: String(error.message.prefix(1000)), attempt: attempt,
            nextAttemptAt: delay(kind, error, attempt).map { now.addingTimeInterval($0).milliseconds })
    }

    /// The size of what was found, where that is larger than the log takes.
    private static func excess(_ error: any Error) -> Int? {
        if let error = error as? PartsError, case .tooLarge(_, let bytes) = error { return bytes }
        if let error = error as? EventError, case .tooLarge(_, let bytes) = error { return bytes }
        if let error = error as? EventLogError, case .valueTooLarge(_, _, let bytes) = error { return bytes }
        return nil
    }

    private static func kind(of error: ScanError) -> Failure.Kind {
        switch error.kind {
        case .notFound: .notFound
        case .unauthorized: .unauthorized
        case .unreachable: .unreachable
        case .rateLimited: .rateLimited
        case .corrupt: .damaged
        case .unsupported, .noPlatform: .unsupported
        case .overLimit: .tooLarge
        case .notAnImage: .notAnImage
        case .cancelled: .internalError
        }
    }

    /// Doubled each time and jittered; at least what the registry asked for. nil where only a change can help.
    private static func delay(_ kind: Failure.Kind, _ error: ScanError, _ attempt: Int) -> Double? {
        let doubled = min(firstDelaySeconds * Double(1 << min(max(attempt, 1) - 1, 20)), delayMaxSeconds)
        let jittered = doubled * Double.random(in: 0.5...1)
        switch kind {
        case .unsupported, .tooLarge, .notAnImage: return nil
        case .unauthorized: return max(jittered, 3600)
        case .notFound, .unreachable, .rateLimited, .damaged, .internalError:
            let asked = error.retryAfter.map { Double($0.components.seconds) } ?? 0
            return max(jittered, min(asked, delayMaxSeconds))
        }
    }
}
