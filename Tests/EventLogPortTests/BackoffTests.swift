import EventLogPort
import TestSupport
import Testing

@Suite("Waiting before the next attempt")
struct BackoffTests {
    @Test("waits double within their bounds and end after the last attempt")
    func bounds() {
        var dice = SeededGenerator.printed("back-off")
        let backoff = Backoff(first: .milliseconds(100), longest: .seconds(2), attemptsMax: 8)
        for attempt in 1..<8 {
            let whole = min(Duration.milliseconds(100) * (1 << (attempt - 1)), .seconds(2))
            for _ in 0..<50 {
                let wait = backoff.delay(after: attempt, using: &dice) ?? .zero
                #expect(wait >= whole * 0.5 && wait <= whole, "attempt \(attempt)")
            }
        }
        #expect(backoff.delay(after: 8, using: &dice) == nil)
    }

    @Test("crash points have names of their own")
    func crashPoints() {
        #expect(Set(CrashPoint.allCases.map(\.rawValue)).count == CrashPoint.allCases.count)
        for point in CrashPoint.allCases { CrashPoint.hit(point) }
    }
}
