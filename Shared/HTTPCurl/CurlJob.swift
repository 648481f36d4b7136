import CCurl
import HTTPPort
import Synchronization

/// One call of `send`: its request, its sink, and how it ends.
final class CurlJob: Sendable {
    private struct State {
        var continuation: CheckedContinuation<ResponseHead, any Error>?
        var isCancelled = false
        /// The multi handle that drives this job now, to wake it. Waking is the one call that libcurl allows from
        /// another thread; the lock keeps the handle alive during it.
        nonisolated(unsafe) var driver: UnsafeMutableRawPointer?
    }

    let request: OutboundRequest
    let sink: any ResponseSink
    private let state = Mutex(State())

    init(_ request: OutboundRequest, _ sink: any ResponseSink) {
        self.request = request
        self.sink = sink
    }

    func begin(_ continuation: CheckedContinuation<ResponseHead, any Error>) {
        state.withLock { $0.continuation = continuation }
    }

    var isCancelled: Bool { state.withLock { $0.isCancelled } }

    func cancel() {
        state.withLock { state in
            state.isCancelled = true
            if let driver = state.driver { curl_multi_wakeup(driver) }
        }
    }

    func drive(with driver: UnsafeMutableRawPointer?) {
        // A handle is only compared and given to `curl_multi_wakeup`, which libcurl allows from any thread.
        nonisolated(unsafe) let driver = driver
        state.withLock { $0.driver = driver }
    }

    func finish(_ result: Result<ResponseHead, any Error>) {
        let continuation = state.withLock { state in
            defer { state.continuation = nil }
            return state.continuation
        }
        continuation?.resume(with: result)
    }
}
