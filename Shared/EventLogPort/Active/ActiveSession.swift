import Synchronization

/// The time during which this instance is the active one.
public final class ActiveSession: Sendable {
    private struct State {
        var isActive = true
        var records: [Record] = []
    }

    /// The position of the take-over record: later instances have greater terms.
    public let term: Int64
    private let log: any EventLog
    private let member: any GroupMember
    private let time: TimeSource
    private let state = Mutex(State())
    private let wake = Wake()

    init(term: Int64, log: any EventLog, member: any GroupMember, time: TimeSource) {
        self.term = term
        self.log = log
        self.member = member
        self.time = time
    }

    public var isActive: Bool { state.withLock { $0.isActive } }

    /// The next records of the work topic in their order, values in parts put together, take-over records left out.
    /// - Returns: nil when the session ended.
    /// - Throws: `CancellationError`; errors of the log.
    public func next() async throws -> [Record]? {
        while true {
            let (isActive, raw) = state.withLock { state in
                defer { state.records = [] }
                return (state.isActive, state.records)
            }
            guard isActive else { return nil }
            if raw.isEmpty {
                try await wake.wait()
                continue
            }
            do {
                let records = try await whole(raw)
                if !records.isEmpty { return records }
            } catch {
                // The log does not hand them out again while the session lasts.
                state.withLock { $0.records = raw + $0.records }
                throw error
            }
        }
    }

    private func whole(_ raw: [Record]) async throws -> [Record] {
        var records: [Record] = []
        let log = log
        let time = time
        for record in raw {
            if record.header(TakeoverHeader.name) != nil {
                try await acknowledge(record.id)
                continue
            }
            let outcome = try await Backoff.untilStopped.retrying(on: time) {
                try await WholeReader(log: log, time: time).assemble(record)
            }
            switch outcome {
            case .part: try await acknowledge(record.id)
            // A broken value is handed out as it is: the service sees a head without its value and says so. Of work
            // every record counts, not only the newest of its key.
            case .broken, .superseded: records.append(record)
            case .whole(let whole):
                records.append(
                    Record(
                        id: whole.id, key: whole.key, value: whole.value, headers: whole.headers,
                        appendedAt: whole.appendedAt))
            }
        }
        return records
    }

    /// Finishes a record: after everything that it caused is durable. Waits for a log that is away, until it is
    /// cancelled.
    public func acknowledge(_ record: RecordID) async throws {
        let member = member
        try await Backoff.untilStopped.retrying(on: time) { try await member.acknowledge(record) }
        CrashPoint.hit(.groupAfterAcknowledge)
    }

    /// Appends values of any size with this session's term.
    /// - Throws: `ActiveInstanceError.notActive` after the session ended.
    @discardableResult
    public func append(_ drafts: [RecordDraft]) async throws -> [RecordID] {
        guard isActive else { throw ActiveInstanceError.notActive(term: term) }
        let stamped = drafts.map { draft in
            var draft = draft
            draft.headers.removeAll { $0.name == TermFence.header }
            draft.headers.append(Header(TermFence.header, String(term)))
            return draft
        }
        return try await log.appendWhole(stamped, time: time)
    }

    /// Where these topics end now: what the view of them must have reached before the first decision, and what
    /// `TermFence` starts from.
    public func ends(of topics: [TopicName]) async throws -> [TopicPartition: Int64] {
        var ends: [TopicPartition: Int64] = [:]
        for topic in topics {
            for (partition, end) in try await log.end(of: topic) {
                ends[TopicPartition(topic: topic, partition: partition)] = end
            }
        }
        return ends
    }

    func deliver(_ records: [Record]) {
        state.withLock { $0.records += records }
        wake.fire()
    }

    func end() {
        state.withLock { $0.isActive = false }
        wake.fire()
    }
}

public enum ActiveInstanceError: Error, Sendable, Equatable {
    /// The partition went to another instance.
    case notActive(term: Int64)
    /// Thrown by a body that meets what a newer version wrote: this instance leaves the work to others for a while.
    case mustStandBack(reason: String)

    public var isTransient: Bool { false }
}
