public import Events
public import Foundation
import Model
import RegistryClient

/// Maps what asking a registry threw to a `Failure` as state: its kind, its message, and when it is tried again.
public enum RegistryFailure {
    /// Waits of failures that a later try may end, doubled each time.
    public static let firstDelaySeconds = 30.0
    public static let delayMaxSeconds = 6 * 3600.0
    /// A refused credential locks accounts when it is sent often.
    public static let unauthorizedDelaySeconds = 3600.0
    public static let messageMaxCharacters = 1_000

    /// - Parameters:
    ///   - attempt: the number of the try that failed, from 1.
    ///   - random: for the jitter.
    public static func failure(
        of error: any Error, attempt: Int, now: Date, using random: inout some RandomNumberGenerator
    ) -> Failure {
        failure(
            kind(of: error), message(of: error), asked: (error as? RegistryError)?.retryAfter, attempt: attempt,
            now: now, using: &random)
    }

    /// - Parameter asked: how long the registry wants to be left alone.
    public static func failure(
        _ kind: Failure.Kind, _ message: String, asked: Duration? = nil, attempt: Int, now: Date,
        using random: inout some RandomNumberGenerator
    ) -> Failure {
        Failure(
            kind: kind, message: String(message.prefix(messageMaxCharacters)), attempt: attempt,
            nextAttemptAt: wait(kind, asked, attempt, &random).map { now.addingTimeInterval($0).milliseconds })
    }

    /// Doubled with each attempt up to the longest, and spread, so that what failed together is not tried together. nil
    /// where only a change can help.
    private static func wait(
        _ kind: Failure.Kind, _ asked: Duration?, _ attempt: Int, _ random: inout some RandomNumberGenerator
    ) -> Double? {
        let doubled = min(firstDelaySeconds * Double(1 << min(max(attempt, 1) - 1, 20)), delayMaxSeconds)
        switch kind {
        case .unsupported, .tooLarge, .notAnImage: return nil
        case .unauthorized:
            return max(unauthorizedDelaySeconds, doubled) * Double.random(in: 1...1.2, using: &random)
        // A proxy answers 404 to everything while the registry behind it restarts.
        case .notFound, .unreachable, .rateLimited, .damaged, .internalError:
            let asked = min(asked.map { Double($0.components.seconds) } ?? 0, delayMaxSeconds)
            return max(
                doubled * Double.random(in: 0.5...1, using: &random), asked * Double.random(in: 1...1.1, using: &random)
            )
        }
    }

    public static func failure(of error: any Error, attempt: Int, now: Date) -> Failure {
        var random = SystemRandomNumberGenerator()
        return failure(of: error, attempt: attempt, now: now, using: &random)
    }

    public static func kind(of error: any Error) -> Failure.Kind {
        switch error {
        case let error as RegistryError: kind(of: error)
        case let error as RegistryAccessError:
            switch error {
            case .badKeys, .noKeys, .unknownKey, .cannotOpen, .badReference, .badLogin: .unauthorized
            case .badRegistry: .unreachable
            }
        default: .internalError
        }
    }

    private static func kind(of error: RegistryError) -> Failure.Kind {
        switch error {
        case .unauthorized, .forbidden, .realmRefused: .unauthorized
        case .notFound: .notFound
        case .rateLimited: .rateLimited
        case .serverFault, .unreachable, .refusedByPolicy: .unreachable
        case .badAnswer, .digestMismatch, .sizeMismatch, .truncated: .damaged
        case .tooLarge: .tooLarge
        case .unsupported, .unsupportedMediaType: .unsupported
        case .notAnImage: .notAnImage
        }
    }

    private static func message(of error: any Error) -> String {
        switch error {
        case let error as RegistryError: "\(error.description) (\(error.advice))"
        case let error as RegistryAccessError: error.description
        // The text of an unknown error may hold anything; its type is enough for a report of it.
        default: "an unexpected error: \(type(of: error))"
        }
    }
}
