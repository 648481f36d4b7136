extension Readiness.Part {
    /// Tells how many records a view cannot read: what they say is not known, so the part is not ready. At once, and
    /// after each change, until those end.
    package func follow(
        _ changes: AsyncStream<Void>, unreadable count: () async throws -> Int
    ) async throws {
        var told: Int?
        func look() async throws {
            let found = try await count()
            guard found != told else { return }
            told = found
            if found == 0 { ready() } else { notReady("\(found) records cannot be read") }
        }
        try await look()
        for await _ in changes { try await look() }
    }
}
