import NIOPosix

/// The threads on which this service decodes, matches, judges and imports: the cooperative pool has few, and answers
/// health and log with them.
///
/// An import takes seconds at a time: it has a thread beside the others, so that no name waits for it.
final class ComputePool: Sendable {
    let threads: Int
    private let pool: NIOThreadPool
    private let importing = NIOThreadPool(numberOfThreads: 1)

    init(threads: Int) {
        self.threads = threads
        pool = NIOThreadPool(numberOfThreads: threads)
        pool.start()
        importing.start()
    }

    func run<T: Sendable>(_ body: @escaping @Sendable () throws -> T) async throws -> T {
        try await pool.runIfActive(body)
    }

    /// One at a time.
    func runImport<T: Sendable>(_ body: @escaping @Sendable () throws -> T) async throws -> T {
        try await importing.runIfActive(body)
    }

    func stop() async {
        try? await pool.shutdownGracefully()
        try? await importing.shutdownGracefully()
    }
}
