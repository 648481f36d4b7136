import Synchronization

/// Lets a few in at a time; nobody queues, the next one is told to come again.
final class Admission: Sendable {
    private let most: Int
    private let inside = Mutex(0)

    init(max: Int) { most = max }

    /// - Throws: 503 when `max` are inside.
    func admit<Value>(_ body: () async throws -> Value) async throws -> Value {
        let isIn = inside.withLock { inside in
            guard inside < most else { return false }
            inside += 1
            return true
        }
        guard isIn else { throw ProblemError.unavailable("\(most) others do this now; ask again", retryAfter: 2) }
        defer { inside.withLock { $0 -= 1 } }
        return try await body()
    }
}
