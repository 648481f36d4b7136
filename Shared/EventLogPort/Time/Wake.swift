import Synchronization

/// A signal that is remembered until somebody waits: `fire` before `wait` is not lost, several `fire`s are one.
package final class Wake: Sendable {
    private struct State {
        var fired = false
        var nextID = 0
        var waiting: [Int: CheckedContinuation<Void, any Error>] = [:]
    }

    private let state = Mutex(State())

    package init() {}

    package func fire() {
        let woken = state.withLock { state in
            guard !state.waiting.isEmpty else {
                state.fired = true
                return [CheckedContinuation<Void, any Error>]()
            }
            defer { state.waiting = [:] }
            return Array(state.waiting.values)
        }
        for continuation in woken { continuation.resume() }
    }

    /// - Throws: `CancellationError` when the task is cancelled.
    package func wait() async throws {
        let id = state.withLock { state in
            state.nextID += 1
            return state.nextID
        }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in enlist(continuation, id) }
        } onCancel: {
            // The task's flag is set before this runs, and `enlist` looks at it under the same lock: none is missed.
            state.withLock { $0.waiting.removeValue(forKey: id) }?.resume(throwing: CancellationError())
        }
    }

    private func enlist(_ continuation: CheckedContinuation<Void, any Error>, _ id: Int) {
        let answer: Result<Void, any Error>? = state.withLock { state in
            if Task.isCancelled { return .failure(CancellationError()) }
            if state.fired {
                state.fired = false
                return .success(())
            }
            state.waiting[id] = continuation
            return nil
        }
        if let answer { continuation.resume(with: answer) }
    }
}

/// A door that opens once and stays open.
package final class Gate: Sendable {
    private struct State {
        var open = false
        var nextID = 0
        var waiting: [Int: CheckedContinuation<Void, Never>] = [:]
    }

    private let state = Mutex(State())

    package init() {}

    package var isOpen: Bool { state.withLock { $0.open } }

    package func open() {
        let woken = state.withLock { state in
            state.open = true
            defer { state.waiting = [:] }
            return Array(state.waiting.values)
        }
        for continuation in woken { continuation.resume() }
    }

    /// Returns when the door is open or the task was cancelled.
    package func wait() async {
        let id = state.withLock { state in
            state.nextID += 1
            return state.nextID
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let now = state.withLock { state in
                    if state.open || Task.isCancelled { return true }
                    state.waiting[id] = continuation
                    return false
                }
                if now { continuation.resume() }
            }
        } onCancel: {
            state.withLock { $0.waiting.removeValue(forKey: id) }?.resume()
        }
    }
}

/// Lets one task at a time into a section that suspends, in order of arrival. Waiting is not cancelled.
package final class AsyncLock: Sendable {
    private struct State {
        var held = false
        var queue: [CheckedContinuation<Void, Never>] = []
    }

    private let state = Mutex(State())

    package init() {}

    package func withLock<T: Sendable>(_ body: () async throws -> T) async rethrows -> T {
        await withCheckedContinuation { continuation in
            let mine = state.withLock { state in
                if state.held {
                    state.queue.append(continuation)
                    return false
                }
                state.held = true
                return true
            }
            if mine { continuation.resume() }
        }
        defer { release() }
        return try await body()
    }

    private func release() {
        let next = state.withLock { state in
            guard !state.queue.isEmpty else {
                state.held = false
                return Optional<CheckedContinuation<Void, Never>>.none
            }
            return state.queue.removeFirst()
        }
        next?.resume()
    }
}
