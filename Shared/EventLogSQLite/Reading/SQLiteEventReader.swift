import EventLogPort
import Synchronization

/// Follows all partitions of one topic. Partitions take turns.
final class SQLiteEventReader: EventReader {
    private struct State {
        /// By partition: the last position handed out.
        var cursors: [Int64]
        var turn = 0
        var isClosed = false
    }

    private let topic: TopicEntry
    private let pages: LogPages
    private let tail: LogTail
    private let wake = Wake()
    private let state: Mutex<State>

    init(_ topic: TopicEntry, after positions: [Int: Int64], pages: LogPages, tail: LogTail) {
        self.topic = topic
        self.pages = pages
        self.tail = tail
        state = Mutex(State(cursors: topic.slots.indices.map { positions[$0] ?? -1 }))
        tail.listen(wake, to: topic.slots)
    }

    deinit { tail.unlisten(wake, from: topic.slots) }

    func next() async throws -> [Record]? {
        while true {
            guard let partition = try await nextPartition() else { return nil }
            let slot = topic.slots[partition]
            let cursor = state.withLock { $0.cursors[partition] }
            let page = try await pages.fetch(
                slot, topic.topicPartition(partition), after: cursor, upTo: tail.end(of: slot),
                limit: LogPages.recordsMax)
            let isClosed = state.withLock { state in
                state.cursors[partition] = max(page.reached, cursor)
                return state.isClosed
            }
            if isClosed { return nil }
            if !page.records.isEmpty { return page.records }
        }
    }

    /// The next partition, in turn, that has something; waits for one. Nil when the reader was closed.
    private func nextPartition() async throws -> Int? {
        while true {
            try Task.checkCancellation()
            let (found, isClosed) = state.withLock { state in
                let count = topic.slots.count
                let found = (0..<count).map { (state.turn + $0) % count }
                    .first { tail.end(of: topic.slots[$0]) > state.cursors[$0] }
                if let found { state.turn = (found + 1) % count }
                return (found, state.isClosed)
            }
            if isClosed { return nil }
            if let found { return found }
            try await wake.wait()
        }
    }

    func close() async { end() }

    func end() {
        state.withLock { $0.isClosed = true }
        wake.fire()
    }
}
