public import Foundation

/// The two times that logic may use: a clock to wait on, and the wall's time. Tests pass their own.
public struct TimeSource: Sendable {
    public let clock: any Clock<Duration>
    private let wall: @Sendable () -> Date

    public init(clock: any Clock<Duration>, now: @escaping @Sendable () -> Date) {
        self.clock = clock
        wall = now
    }

    public func now() -> Date { wall() }

    /// The machine's own clocks, for mains.
    public static let system = TimeSource(clock: ContinuousClock(), now: { Date() })
}

extension Duration {
    package var inSeconds: Double {
        Double(components.seconds) + Double(components.attoseconds) / 1e18
    }
}
