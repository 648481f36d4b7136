public import EventLogPort

/// Puts records back that a group set aside because a schema was newer than the program, once this one knows it.
///
/// Whoever works for the group runs it: right after the start or the take-over, and then from time to time, since
/// during an upgrade an older instance may set aside again what a newer one put back. A record that is put back stands
/// behind those that came meanwhile, which work records must bear.
public struct ParkedRecords: Sendable {
    public static let lookEvery: Duration = .seconds(600)

    private let log: any EventLog
    private let time: TimeSource
    private let groups: Set<String>
    private let source: String
    private let known: @Sendable (String) -> Int?

    /// - Parameters:
    ///   - groups: whose letters these are.
    ///   - known: the newest schema of an event's type that this program reads.
    public init(
        of groups: [GroupName], log: any EventLog, time: TimeSource, source: String,
        known: @escaping @Sendable (String) -> Int? = EventSchemas.known
    ) {
        self.groups = Set(groups.map(\.rawValue))
        self.log = log
        self.time = time
        self.source = source
        self.known = known
    }

    /// Looks now and every `lookEvery`, until its task is cancelled. Waits for a log that is away.
    /// - Throws: `CancellationError`; an error of the log that does not pass.
    public func run() async throws {
        var looked = Look()
        while true {
            let before = looked
            looked = try await Backoff.untilStopped.retrying(on: time) { try await look(before) }
            try await time.clock.sleep(for: Self.lookEvery)
        }
    }

    /// Does the work of the group and looks beside it; ends with the work.
    public func during(_ work: @escaping @Sendable () async throws -> Void) async throws {
        try await withThrowingTaskGroup(of: Bool.self) { group in
            group.addTask {
                try await work()
                return true
            }
            group.addTask {
                do { try await run() } catch is CancellationError {}
                return false
            }
            defer { group.cancelAll() }
            while let isWork = try await group.next() { if isWork { break } }
        }
    }

    /// What was read so far.
    struct Look: Sendable {
        var positions: [Int: Int64] = [:]
        var putBack = 0
    }

    /// - Returns: how far it read, and how many records it has put back in all.
    func look(_ before: Look = Look()) async throws -> Look {
        let topic = Topics.deadLetters.name
        let ends = try await log.end(of: topic)
        guard ends.contains(where: { $0.value > before.positions[$0.key] ?? -1 }) else { return before }
        var parked: Set<Int64> = []
        try await walk(after: before.positions, upTo: ends) { record in
            if isReadable(record) {
                parked.insert(record.position)
            } else if !record.isDeadLetter, let mark = try? record.payload(ReplayRecord.self) {
                parked.remove(mark.letter)
            }
        }
        var look = Look(positions: ends, putBack: before.putBack)
        guard let first = parked.min() else { return look }
        let wanted = parked
        var letters: [Record] = []
        try await walk(after: [0: first - 1], upTo: ends) { record in
            if wanted.contains(record.position) { letters.append(record) }
        }
        for letter in letters { if try await putBack(letter) { look.putBack += 1 } }
        return look
    }

    private func putBack(_ letter: Record) async throws -> Bool {
        guard case .whole(let whole) = try await WholeReader(log: log, time: time).assemble(letter),
            let replay = try LetterReplay(of: whole, by: source, source: source, at: time.now())
        else { return false }
        _ = try await log.appendWhole(replay.drafts, time: time)
        return true
    }

    /// Whether it was set aside by these groups for a schema that this program reads.
    private func isReadable(_ record: Record) -> Bool {
        guard record.isDeadLetter, record.header(DeadLetter.cause) == DeadLetterCause.newerSchemaText,
            groups.contains(record.header(DeadLetter.group) ?? ""),
            let needs = record.header(DeadLetter.needs)?.split(separator: " "), needs.count == 2,
            let version = Int(needs[1]), let newest = known(String(needs[0]))
        else { return false }
        return version <= newest
    }

    private func walk(
        after positions: [Int: Int64], upTo ends: [Int: Int64], _ body: (Record) -> Void
    ) async throws {
        let topic = Topics.deadLetters.name
        try await log.reading(topic, after: positions) { reader in
            var reading = ReadToEnd(reader, of: topic, after: positions, upTo: ends, log: log, time: time)
            while let batch = try await reading.next() { for record in batch { body(record) } }
        }
    }
}
