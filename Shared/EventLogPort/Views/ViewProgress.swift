import Synchronization

/// How far a view is, and who waits for it.
final class ViewProgress: Sendable {
    typealias Positions = [TopicPartition: Int64]

    private struct Waiter {
        let isMet: @Sendable (Positions, Bool) -> Bool
        let continuation: CheckedContinuation<Void, any Error>
    }

    private struct State {
        var positions: Positions = [:]
        var targets: Positions?
        var isReady = false
        var ended: ViewError?
        var unreadable = 0
        var nextID = 0
        var waiters: [Int: Waiter] = [:]
        var subscribers: [Int: AsyncStream<Void>.Continuation] = [:]
    }

    private let state = Mutex(State())

    var positions: Positions { state.withLock { $0.positions } }
    var isReady: Bool { state.withLock { $0.isReady } }
    var unreadable: Int { state.withLock { $0.unreadable } }
    /// What is missing before the view is ready; nil before it knows.
    var missing: Positions? { state.withLock { $0.isReady ? [:] : $0.targets } }

    func started(at positions: Positions) {
        change { state in
            state.positions = positions
            state.ended = nil
        }
    }

    func applied(_ positions: Positions, unreadable: Int) {
        change { state in
            state.positions.merge(positions) { max($0, $1) }
            state.unreadable += unreadable
        }
        for subscriber in state.withLock({ Array($0.subscribers.values) }) { subscriber.yield() }
    }

    /// The ends to reach before the view is ready. Called again, it lowers them: retention may have removed the newest.
    func mustReach(_ ends: Positions) {
        change { state in
            guard let before = state.targets else {
                state.targets = ends
                return
            }
            for (partition, end) in before { state.targets?[partition] = min(end, ends[partition] ?? -1) }
        }
    }

    func end(_ error: ViewError) {
        let (waiters, subscribers) = state.withLock { state in
            state.ended = error
            state.isReady = false
            state.targets = nil
            defer {
                state.waiters = [:]
                state.subscribers = [:]
            }
            return (Array(state.waiters.values), Array(state.subscribers.values))
        }
        for waiter in waiters { waiter.continuation.resume(throwing: error) }
        for subscriber in subscribers { subscriber.finish() }
    }

    private func change(_ body: (inout State) -> Void) {
        let met = state.withLock { state in
            body(&state)
            if !state.isReady, let targets = state.targets {
                state.isReady = targets.allSatisfy { $0.value <= state.positions[$0.key] ?? -1 }
            }
            let met = state.waiters.filter { $0.value.isMet(state.positions, state.isReady) }
            for id in met.keys { state.waiters[id] = nil }
            return met
        }
        for waiter in met.values { waiter.continuation.resume() }
    }

    /// - Throws: `CancellationError`; the error of `end`.
    func wait(until isMet: @escaping @Sendable (Positions, Bool) -> Bool) async throws {
        let id = state.withLock { state in
            state.nextID += 1
            return state.nextID
        }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                enlist(Waiter(isMet: isMet, continuation: continuation), id)
            }
        } onCancel: {
            state.withLock { $0.waiters.removeValue(forKey: id) }?.continuation
                .resume(throwing: CancellationError())
        }
    }

    private func enlist(_ waiter: Waiter, _ id: Int) {
        let answer: Result<Void, any Error>? = state.withLock { state in
            if Task.isCancelled { return .failure(CancellationError()) }
            if waiter.isMet(state.positions, state.isReady) { return .success(()) }
            if let error = state.ended { return .failure(error) }
            state.waiters[id] = waiter
            return nil
        }
        if let answer { waiter.continuation.resume(with: answer) }
    }

    func subscribe() -> AsyncStream<Void> {
        let (stream, continuation) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        let id = state.withLock { state in
            state.nextID += 1
            state.subscribers[state.nextID] = continuation
            return state.nextID
        }
        continuation.onTermination = { [weak self] _ in
            self?.state.withLock { _ = $0.subscribers.removeValue(forKey: id) }
        }
        return stream
    }
}

/// Why a wait for a view ended without what was waited for.
public enum ViewError: Error, Sendable, Equatable {
    /// The view's `run` ended.
    case stopped
    /// The time given passed.
    case tooLate(missing: [TopicPartition: Int64])
    /// The view does not read this topic.
    case notRead(TopicName)

    public var isTransient: Bool {
        switch self {
        case .stopped, .tooLate: true
        case .notRead: false
        }
    }
}
