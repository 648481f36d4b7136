import NIOPosix

/// The threads on which this service decodes, matches, judges and imports: the cooperative pool has few, and answers
/// health and log with them.
final class ComputePool: Sendable {
    let threads: Int
    private let pool: NIOThreadPool

    init(threads: Int) {
        self.threads = threads
        pool = NIOThreadPool(numberOfThreads: threads)
        pool.start()
    }

    func run<T: Sendable>(_ body: @escaping @Sendable () throws -> T) async throws -> T {
        try await pool.runIfActive(body)
    }

    func stop() async { try? await pool.shutdownGracefully() }
}
