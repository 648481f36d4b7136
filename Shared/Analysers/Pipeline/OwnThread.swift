import Foundation

/// Runs blocking or heavy work on a thread made for it, since the cooperative pool has as many threads as the machine
/// has cores.
enum OwnThread {
    static func run<Value: Sendable>(_ name: String, _ body: @escaping @Sendable () throws -> Value) async throws
        -> Value
    {
        try await withCheckedThrowingContinuation { continuation in
            let thread = Thread { continuation.resume(with: Result { try body() }) }
            thread.name = name
            thread.stackSize = 2 << 20
            thread.start()
        }
    }
}
