package import EventLogPort
import Foundation

extension TimeSource {
    /// - Throws: `CancellationError` when the task is cancelled.
    package func sleep(for duration: Duration) async throws {
        try await clock.sleep(for: duration)
    }

    /// Runs `body` and gives up on it after `limit`: the task of `body` is cancelled, and is waited for.
    ///
    /// - Throws: `DeadlineExceeded`, or what `body` throws.
    package func withDeadline<Value: Sendable>(
        _ limit: Duration, _ body: @escaping @Sendable () async throws -> Value
    ) async throws -> Value {
        try await withThrowingTaskGroup(of: Value.self) { group in
            group.addTask { try await body() }
            group.addTask {
                try await sleep(for: limit)
                throw DeadlineExceeded(limit: limit)
            }
            defer { group.cancelAll() }
            guard let first = try await group.next() else { throw CancellationError() }
            return first
        }
    }
}

/// Work took longer than it may.
package struct DeadlineExceeded: Error, Hashable, CustomStringConvertible {
    package let limit: Duration

    package init(limit: Duration) { self.limit = limit }

    package var description: String { "not done within \(UnitText.show(limit))" }
}
