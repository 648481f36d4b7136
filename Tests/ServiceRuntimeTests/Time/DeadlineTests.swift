import EventLogPort
import Foundation
import ServiceRuntime
import Testing

@Suite("A deadline")
struct DeadlineTests {
    /// Every wait is over at once.
    private struct ImpatientClock: Clock {
        let now = ContinuousClock.now
        let minimumResolution = Duration.zero
        func sleep(until deadline: ContinuousClock.Instant, tolerance: Duration?) async throws {}
    }

    @Test("ends work that takes too long, and waits for it to end")
    func exceeded() async {
        let time = TimeSource(clock: ImpatientClock(), now: { .distantPast })
        await #expect(throws: DeadlineExceeded(limit: .seconds(5))) {
            try await time.withDeadline(.seconds(5)) {
                let (endless, _) = AsyncStream<Int>.makeStream()
                for await _ in endless {}
            }
        }
    }

    @Test("lets work in time have its result or its error")
    func inTime() async throws {
        struct Broken: Error {}
        #expect(try await TimeSource.system.withDeadline(.seconds(60)) { 7 } == 7)
        await #expect(throws: Broken.self) { try await TimeSource.system.withDeadline(.seconds(60)) { throw Broken() } }
    }
}
