import Foundation
import HTTPPort
import Synchronization

/// Threads and the jobs that wait for them.
final class CurlPool: Sendable {
    private struct State {
        /// Most recently used last.
        var idle: [CurlWorker] = []
        var lastOrigins: [ObjectIdentifier: WebURL.Origin] = [:]
        var startedCount = 0
        var waiting: [CurlJob] = []
        var isClosed = false
    }

    private enum Placement {
        case hand(CurlWorker)
        case start
        case queued
        case fail(any Error)
    }

    let configuration: CurlTransport.Configuration
    private let state = Mutex(State())

    init(_ configuration: CurlTransport.Configuration) { self.configuration = configuration }

    func submit(_ job: CurlJob) {
        switch state.withLock({ place(job, &$0) }) {
        case .hand(let worker): worker.hand(job)
        case .start: start(with: job)
        case .queued: break
        case .fail(let error): job.finish(.failure(error))
        }
    }

    private func place(_ job: CurlJob, _ state: inout State) -> Placement {
        if state.isClosed { return .fail(HTTPTransportError.closed) }
        if job.isCancelled { return .fail(CancellationError()) }
        let origin = job.request.url.origin
        let known = state.idle.lastIndex { state.lastOrigins[ObjectIdentifier($0)] == origin }
        if let index = known ?? state.idle.indices.last {
            let worker = state.idle.remove(at: index)
            state.lastOrigins[ObjectIdentifier(worker)] = origin
            return .hand(worker)
        }
        if state.startedCount < configuration.width {
            state.startedCount += 1
            return .start
        }
        guard state.waiting.count < configuration.queueMax else {
            return .fail(HTTPTransportError.overloaded(waiting: state.waiting.count))
        }
        state.waiting.append(job)
        return .queued
    }

    private func start(with job: CurlJob) {
        let worker = CurlWorker(self)
        state.withLock { $0.lastOrigins[ObjectIdentifier(worker)] = job.request.url.origin }
        worker.hand(job)
        let thread = Thread { worker.run() }
        thread.name = "curl"
        thread.stackSize = 8 << 20
        thread.start()
    }

    /// The next job of a worker, nil when it shall wait to be handed one.
    func next(for worker: CurlWorker) -> CurlJob? {
        state.withLock { state in
            guard !state.isClosed, !state.waiting.isEmpty else {
                if state.isClosed { worker.dismiss() } else { state.idle.append(worker) }
                return nil
            }
            let job = state.waiting.removeFirst()
            state.lastOrigins[ObjectIdentifier(worker)] = job.request.url.origin
            return job
        }
    }

    /// Ends a job that no thread has taken yet.
    func removeWaiting(_ job: CurlJob) {
        let wasWaiting = state.withLock { state in
            guard let index = state.waiting.firstIndex(where: { $0 === job }) else { return false }
            state.waiting.remove(at: index)
            return true
        }
        if wasWaiting { job.finish(.failure(CancellationError())) }
    }

    func close() {
        let (idle, waiting) = state.withLock { state in
            defer { (state.isClosed, state.idle, state.waiting) = (true, [], []) }
            return (state.idle, state.waiting)
        }
        for worker in idle { worker.dismiss() }
        for job in waiting { job.finish(.failure(HTTPTransportError.closed)) }
    }
}

/// One thread: waits for a job, runs it and those that wait, and waits again.
final class CurlWorker: Sendable {
    private let pool: CurlPool
    private let signal = DispatchSemaphore(value: 0)
    private let handed = Mutex<CurlJob?>(nil)

    init(_ pool: CurlPool) { self.pool = pool }

    func hand(_ job: CurlJob) {
        handed.withLock { $0 = job }
        signal.signal()
    }

    /// Lets the thread end: a signal without a job.
    func dismiss() { signal.signal() }

    func run() {
        let session = CurlSession(pool.configuration)
        while true {
            signal.wait()
            var job = handed.withLock { handed in
                defer { handed = nil }
                return handed
            }
            guard job != nil else { return }
            while let current = job {
                let result = session.run(current)
                // Idle again before the caller goes on, so that its next request finds this thread and its connection.
                job = pool.next(for: self)
                current.finish(result)
            }
        }
    }
}
