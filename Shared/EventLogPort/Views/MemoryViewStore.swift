import Synchronization

/// Keeps a view's rows in memory: for tests and small states. It starts from nothing each time.
public final class MemoryViewStore<State: Sendable>: ViewStore {
    /// The rows, to change in place.
    public final class Transaction {
        public var state: State
        init(_ state: State) { self.state = state }
    }

    private struct Content {
        var rows: State
        var view: ViewState?
    }

    private let content: Mutex<Content>

    public init(_ initial: State) { content = Mutex(Content(rows: initial, view: nil)) }

    public func load() async throws -> ViewState? { content.withLock { $0.view } }

    public func commit(
        _ state: ViewState, _ body: @escaping @Sendable (borrowing Transaction) throws -> Void
    ) async throws {
        try content.withLock { content in
            let transaction = Transaction(content.rows)
            try body(transaction)
            content.rows = transaction.state
            content.view = state
        }
    }

    /// The rows as of the last commit.
    public func read<T: Sendable>(_ body: (State) throws -> T) rethrows -> T {
        try body(content.withLock { $0.rows })
    }
}
