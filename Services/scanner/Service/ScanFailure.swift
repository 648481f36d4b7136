import Analysers
import Events
import Foundation
import Model
import RegistryAccess

/// Maps what a scan ran into to a `Failure` as state.
enum ScanFailure {
    static let firstDelaySeconds = 30.0
    static let delayMaxSeconds = 6 * 3600.0

    static func failure(of error: any Error, attempt: Int, now: Date) -> Failure {
        guard let error = error as? ScanError else {
            return RegistryFailure.failure(of: error, attempt: attempt, now: now)
        }
        let kind = kind(of: error)
        return Failure(
            kind: kind, message: String(error.message.prefix(1000)), attempt: attempt,
            nextAttemptAt: delay(kind, error, attempt).map { now.addingTimeInterval($0).milliseconds })
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
