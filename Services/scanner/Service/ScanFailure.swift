import Analysers
import EventLogPort
import Events
import Foundation
import Model
import RegistryAccess

/// Maps what a scan ran into to a `Failure` as state.
enum ScanFailure {
    /// Whether an error is said as the digest's state. The others are of the log or the view, which a later try
    /// of the same record may find well again, or of the process's end.
    static func isState(_ error: any Error) -> Bool {
        switch error {
        case let error as ScanError: error.kind != .cancelled
        // A state that a newer version wrote is not written over: the request waits for one that reads it.
        case EventError.newerSchema: false
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
        if let error = error as? EventError { return failure(.internalError, "\(error)", attempt, now) }
        guard let error = error as? ScanError else {
            return RegistryFailure.failure(of: error, attempt: attempt, now: now)
        }
        return failure(kind(of: error), error.message, asked: error.retryAfter, attempt, now)
    }

    static func failure(
        _ kind: Failure.Kind, _ message: String, asked: Duration? = nil, _ attempt: Int, _ now: Date
    ) -> Failure {
        var random = SystemRandomNumberGenerator()
        return RegistryFailure.failure(kind, message, asked: asked, attempt: attempt, now: now, using: &random)
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
}
