import Dispatch
import Storage
import Synchronization
import TestSupport
import Testing

/// How many are inside at a time.
private final class Tally: Sendable {
    private let counts = Mutex((now: 0, most: 0))

    func enter() {
        counts.withLock { counts in
            counts.now += 1
            counts.most = max(counts.most, counts.now)
        }
    }
    func leave() { counts.withLock { $0.now -= 1 } }
    var most: Int { counts.withLock { $0.most } }
}

@Suite("Threads for what blocks")
struct OwnThreadsTests {
    @Test("64 blocked bodies do not stop tasks")
    func tasksGoOn() async throws {
        let release = DispatchSemaphore(value: 0)
        let blocked = Tally()
        async let bodies: Void = withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<64 {
                group.addTask {
                    try await onOwnThread {
                        blocked.enter()
                        release.wait()
                    }
                }
            }
            try await group.waitForAll()
        }
        try await eventually("all bodies block") { blocked.most == 64 }
        // A task of default priority runs where the bodies would block if they were on dispatch's queue.
        let answer = try await withDeadline("a task runs") { await Task { 7 }.value }
        #expect(answer == 7)
        for _ in 0..<64 { release.signal() }
        try await bodies
    }

    @Test("no more bodies run at a time than there are threads, and all run")
    func bounded() async throws {
        let threads = OwnThreads(name: "test", threadsMax: 3)
        let running = Tally()
        let sum = try await withThrowingTaskGroup(of: Int.self) { group in
            for number in 0..<300 {
                group.addTask {
                    try await threads.run {
                        running.enter()
                        defer { running.leave() }
                        return number
                    }
                }
            }
            return try await group.reduce(0, +)
        }
        #expect(sum == 299 * 300 / 2)
        #expect(running.most <= 3)
    }

    @Test("what a body throws is thrown")
    func errors() async throws {
        struct Failure: Error {}
        await #expect(throws: Failure.self) { try await onOwnThread { throw Failure() } }
    }
}
