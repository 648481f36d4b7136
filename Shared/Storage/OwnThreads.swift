import Dispatch
import Foundation
import Synchronization

/// Runs blocking bodies on threads of its own, a named number at a time; further bodies wait without a thread.
///
/// Not on a dispatch queue: tasks run on dispatch's root queue, and bodies that block there stop all of them.
public final class OwnThreads: Sendable {
    /// How long a thread without work stays for the next body.
    private static let idleFor = DispatchTimeInterval.seconds(1)

    private struct State {
        var waiting: [@Sendable () -> Void] = []
        var threads = 0
        /// Threads that wait and were not signalled yet.
        var idle = 0
    }

    private enum Call { case nobody, idleThread, newThread }

    private let name: String
    private let threadsMax: Int
    private let state = Mutex(State())
    private let signal = DispatchSemaphore(value: 0)

    public init(name: String, threadsMax: Int) {
        precondition(threadsMax >= 1)
        self.name = name
        self.threadsMax = threadsMax
    }

    /// Runs `body` when a thread is free. Not ended by cancellation.
    public func run<T: Sendable>(_ body: @escaping @Sendable () throws -> T) async throws -> T {
        try await withCheckedThrowingContinuation { continuation in
            add { continuation.resume(with: Result { try body() }) }
        }
    }

    private func add(_ body: @escaping @Sendable () -> Void) {
        let call = state.withLock { state -> Call in
            state.waiting.append(body)
            if state.idle > 0 {
                state.idle -= 1
                return .idleThread
            }
            guard state.threads < threadsMax else { return .nobody }
            state.threads += 1
            return .newThread
        }
        switch call {
        case .nobody: return
        case .idleThread: signal.signal()
        case .newThread:
            let thread = Thread { [self] in work() }
            thread.name = name
            thread.start()
        }
    }

    private func work() {
        while true {
            while let body = next() { body() }
            if signal.wait(timeout: .now() + Self.idleFor) == .success { continue }
            let ends = state.withLock { state in
                guard state.idle > 0 else { return false }
                state.idle -= 1
                state.threads -= 1
                return true
            }
            if ends { return }
            // The signal came together with the end of the wait.
            signal.wait()
        }
    }

    /// Nil when there is nothing: the thread counts as idle from then on.
    private func next() -> (@Sendable () -> Void)? {
        state.withLock { state in
            guard !state.waiting.isEmpty else {
                state.idle += 1
                return nil
            }
            return state.waiting.removeFirst()
        }
    }

    fileprivate static let shared = OwnThreads(name: "blocking", threadsMax: 64)
}

/// Runs a blocking body on a thread of its own (64 at a time), away from the cooperative pool. Not ended by
/// cancellation.
public func onOwnThread<T: Sendable>(_ body: @escaping @Sendable () throws -> T) async throws -> T {
    try await OwnThreads.shared.run(body)
}
