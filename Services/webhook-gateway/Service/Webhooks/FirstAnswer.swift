import EventLogPort
import Synchronization

/// The first of several answers; later ones are dropped. One waits, once.
final class FirstAnswer<Value: Sendable>: Sendable {
    private struct State {
        var answer: Result<Value, any Error>?
        var waiting: CheckedContinuation<Value, any Error>?
    }

    private let state = Mutex(State())

    func give(_ body: @Sendable () async throws -> Value) async {
        let result: Result<Value, any Error>
        do { result = .success(try await body()) } catch { result = .failure(error) }
        let waiting = state.withLock { state -> CheckedContinuation<Value, any Error>? in
            guard state.answer == nil else { return nil }
            state.answer = result
            defer { state.waiting = nil }
            return state.waiting
        }
        waiting?.resume(with: result)
    }

    func value() async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            let answer = state.withLock { state in
                if state.answer == nil { state.waiting = continuation }
                return state.answer
            }
            if let answer { continuation.resume(with: answer) }
        }
    }
}

/// Work that cannot be taken back: nobody waits longer than `limit` for it, and it ends on its own.
/// - Parameter tooLate: thrown when the time is over; the work may still have its effect then.
func givingUp<Value: Sendable>(
    after limit: Duration, on time: TimeSource, _ tooLate: any Error,
    _ work: @escaping @Sendable () async throws -> Value
) async throws -> Value {
    let answer = FirstAnswer<Value>()
    // Not structured: a group would wait for the work that is given up.
    Task { await answer.give(work) }
    let timer = Task {
        await answer.give {
            try await time.clock.sleep(for: limit)
            throw tooLate
        }
    }
    defer { timer.cancel() }
    return try await answer.value()
}
