package import Logging

/// How long to wait before the next attempt: doubling, with full jitter above half, bounded in time and attempts.
public struct Backoff: Sendable, Equatable {
    public let first: Duration
    public let longest: Duration
    public let attemptsMax: Int

    public init(first: Duration = .milliseconds(200), longest: Duration = .seconds(30), attemptsMax: Int = 8) {
        precondition(attemptsMax >= 1)
        self.first = first
        self.longest = longest
        self.attemptsMax = attemptsMax
    }

    /// For what goes on until it is stopped: an outage may last, and giving up would take the service along.
    package static let untilStopped = Backoff(attemptsMax: .max)

    /// The wait after attempt number `attempt` (from 1) failed, or nil when that was the last one.
    public func delay(after attempt: Int, using generator: inout some RandomNumberGenerator) -> Duration? {
        guard attempt < attemptsMax else { return nil }
        let doubled = first * (1 << min(attempt - 1, 20))
        let whole = min(doubled, longest)
        return whole * Double.random(in: 0.5...1, using: &generator)
    }

    package func delay(after attempt: Int) -> Duration? {
        var generator = SystemRandomNumberGenerator()
        return delay(after: attempt, using: &generator)
    }

    /// Repeats a call to the log while it fails transiently.
    package func retrying<T: Sendable>(
        on time: TimeSource, telling logger: Logger? = nil, _ body: @Sendable () async throws -> T
    ) async throws -> T {
        var attempt = 1
        while true {
            do {
                return try await body()
            } catch let error as EventLogError where error.isTransient {
                guard let wait = delay(after: attempt) else { throw error }
                logger?.warning("waiting for the log", metadata: ["error.chain": "\(error)", "attempt": "\(attempt)"])
                attempt += 1
                try await time.clock.sleep(for: wait)
            }
        }
    }
}
