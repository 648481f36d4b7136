/// What a test waited for did not come.
public struct DeadlinePassed: Error, CustomStringConvertible {
    public let what: String
    public init(what: String) { self.what = what }
    public var description: String { "did not happen in time: \(what)" }
}

/// The one deadline of all waits in tests: far beyond what a loaded machine needs.
public let generousTime: Duration = .seconds(90)

/// Waits until a state is there, and fails after a generous time (not a measurement: only a test that fails waits).
public func eventually(
    _ what: String, within: Duration = generousTime, every: Duration = .milliseconds(2),
    _ condition: @Sendable () async throws -> Bool
) async throws {
    let deadline = ContinuousClock.now.advanced(by: within)
    while try await !condition() {
        guard ContinuousClock.now < deadline else { throw DeadlinePassed(what: what) }
        try await Task.sleep(for: every)
    }
}

/// Runs `body` and fails when it lasts longer than a generous time.
public func withDeadline<T: Sendable>(
    _ what: String, within: Duration = generousTime, _ body: @escaping @Sendable () async throws -> T
) async throws -> T {
    try await withThrowingTaskGroup(of: T.self) { group in
        group.addTask { try await body() }
        group.addTask {
            try await Task.sleep(for: within)
            throw DeadlinePassed(what: what)
        }
        defer { group.cancelAll() }
        guard let answer = try await group.next() else { throw DeadlinePassed(what: what) }
        return answer
    }
}

/// Waits for a state of the test's own.
public func wait(for what: String, _ condition: () -> Bool) async throws {
    let deadline = ContinuousClock.now.advanced(by: generousTime)
    while !condition() {
        guard ContinuousClock.now < deadline else { throw DeadlinePassed(what: what) }
        try await Task.sleep(for: .milliseconds(5))
    }
}
