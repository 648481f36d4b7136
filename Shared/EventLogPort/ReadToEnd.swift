/// Reads a topic up to where it ended at some moment, and no further than needed.
///
/// The record at an end may be removed before it is read (a tombstone of seven days, retention), and then nothing comes
/// any more: so while nothing comes, the ends are asked for again each second, and lowered.
public struct ReadToEnd {
    public static let askEvery: Duration = .seconds(1)

    private enum Step: Sendable {
        case batch([Record]?)
        case nothingYet
    }

    private let reader: any EventReader
    private let topic: TopicName
    private let log: any EventLog
    private let time: TimeSource
    /// What is still to be reached.
    private var missing: [Int: Int64]
    private var reached: [Int: Int64]

    /// - Parameters:
    ///   - positions: where the reader starts; a partition that is not named starts at its beginning.
    ///   - ends: where to read to, by partition; the others are not waited for.
    public init(
        _ reader: any EventReader, of topic: TopicName, after positions: [Int: Int64] = [:], upTo ends: [Int: Int64],
        log: any EventLog, time: TimeSource
    ) {
        self.reader = reader
        self.topic = topic
        self.log = log
        self.time = time
        reached = positions
        missing = ends.filter { $0.value > positions[$0.key] ?? -1 }
    }

    /// The next records (they may lie beyond the ends), or nil when everything up to the ends was handed out.
    /// - Throws: `EventLogError.closed` when the reader ended before that; other errors of the log;
    ///   `CancellationError`.
    public mutating func next() async throws -> [Record]? {
        while !missing.isEmpty {
            switch try await step() {
            case .batch(nil): throw EventLogError.closed
            case .batch(let batch?):
                for record in batch {
                    let partition = record.id.partition
                    reached[partition] = max(record.position, reached[partition] ?? -1)
                }
                drop()
                return batch
            case .nothingYet:
                for (partition, end) in try await log.end(of: topic) {
                    if let before = missing[partition] { missing[partition] = min(before, end) }
                }
                drop()
            }
        }
        return nil
    }

    private mutating func drop() {
        let reached = reached
        missing = missing.filter { $0.value > reached[$0.key] ?? -1 }
    }

    /// What the reader has, or that it had nothing for a second. A batch that it hands out at the last moment counts.
    private func step() async throws -> Step {
        let reader = reader
        let clock = time.clock
        let step = try await withThrowingTaskGroup(of: Step.self) { group in
            group.addTask {
                do { return .batch(try await reader.next()) } catch is CancellationError { return .nothingYet }
            }
            group.addTask {
                try? await clock.sleep(for: Self.askEvery)
                return .nothingYet
            }
            var found = Step.nothingYet
            while let step = try await group.next() {
                group.cancelAll()
                if case .batch = step { found = step }
            }
            return found
        }
        if case .nothingYet = step { try Task.checkCancellation() }
        return step
    }
}

extension EventLog {
    /// Reads with a reader that is closed afterwards, also when `body` throws.
    package func reading<T: Sendable>(
        _ topic: TopicName, after positions: [Int: Int64], _ body: (any EventReader) async throws -> T
    ) async throws -> T {
        let reader = try await read(topic, after: positions)
        do {
            let answer = try await body(reader)
            await reader.close()
            return answer
        } catch {
            await reader.close()
            throw error
        }
    }
}
