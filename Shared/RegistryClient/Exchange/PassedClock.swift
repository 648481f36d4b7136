#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// A clock that was passed in, as two closures: an instant of an unknown clock cannot be stored or compared.
public struct PassedClock: Sendable {
    /// Time since this value was made.
    let elapsed: @Sendable () -> Duration
    let sleep: @Sendable (Duration) async throws -> Void
    let unixNow: @Sendable () -> Int64

    init(_ clock: some Clock<Duration>, unixNow: @escaping @Sendable () -> Int64) {
        let start = clock.now
        elapsed = { start.duration(to: clock.now) }
        sleep = { try await clock.sleep(for: $0) }
        self.unixNow = unixNow
    }

    /// Seconds since 1970 of the system's clock.
    public static let systemUnixTime: @Sendable () -> Int64 = { Int64(time(nil)) }
}
