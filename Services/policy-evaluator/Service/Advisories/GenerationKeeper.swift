import Advisories
import EventLogPort
import Events
import GRDB
import Logging
import Storage

/// Holds the advisories of the generation in force in memory, and follows the log when another one is put in force.
///
/// The change is atomic: names are judged with the old set until the new one is whole. The names that the difference
/// touches are marked dirty before the new set is used.
actor GenerationKeeper {
    private let view: View<EvaluatorProjection, SQLiteViewStore>
    private let configuration: EvaluatorConfiguration
    private let logger: Logger
    private(set) var current: AdvisorySet?
    /// A set that this instance has just written to the log, so that it need not be read back.
    private var prepared: AdvisorySet?

    init(
        view: View<EvaluatorProjection, SQLiteViewStore>, configuration: EvaluatorConfiguration, logger: Logger
    ) {
        self.view = view
        self.configuration = configuration
        self.logger = logger
    }

    func prepare(_ set: AdvisorySet) { prepared = set }

    /// The set in force now; nil when there never was an import.
    /// - Returns: also whether it changed with this call.
    func follow() async throws -> (set: AdvisorySet?, changed: Bool) {
        let active = try await view.store.read { try Meta.active.readNumber($0) }
        guard let active, active != current?.generation else { return (current, false) }
        let end = try await view.store.read { try AdvisoryRows.advisoriesEnd(of: active, $0) }
        guard let end else { throw GenerationError.incomplete(active) }
        if end >= 0 {
            let place = TopicPartition(topic: Topics.advisories.name, partition: 0)
            try await view.waitFor([place: end], within: configuration.viewWait)
        }
        let set = try await load(active)
        try await adopt(set)
        return (set, true)
    }

    private func load(_ number: Int) async throws -> AdvisorySet {
        defer { prepared = nil }
        if let prepared, prepared.generation == number { return prepared }
        let current = current
        // On the thread of a database reader, not of the cooperative pool.
        return try await view.store.read { db in
            if let current, current.generation < number {
                return try AdvisoryRows.set(of: number, basedOn: current, db)
            }
            let set = try AdvisoryRows.set(of: number, orUnfinished: false, db)
            if try AdvisoryRows.generation(number, db)?.advisories == set.count { return set }
            // An import that was interrupted replaced records, and the log has compacted what they replaced: rather the
            // newer record than none.
            return try AdvisoryRows.set(of: number, orUnfinished: true, db)
        }
    }

    private func adopt(_ set: AdvisorySet) async throws {
        let old = current
        let kept = configuration.generationsKept
        try await view.store.change { db in
            if try Meta.marked.readNumber(db) != set.generation {
                if let old {
                    try AdvisoryRows.mark(AdvisoryDelta(from: old, to: set), db)
                } else {
                    try Dirty.all(db)
                }
                try Meta.marked.write(String(set.generation), db)
            }
            try AdvisoryRows.prune(active: set.generation, kept: kept, db)
        }
        current = set
        logger.info(
            "a generation of advisories is in force",
            metadata: ["generation": "\(set.generation)", "advisories": "\(set.count)"])
    }
}

enum GenerationError: Error, Sendable, CustomStringConvertible {
    /// Put in force, but its own record has not been read yet.
    case incomplete(Int)

    var description: String {
        switch self {
        case .incomplete(let number): "generation \(number) is in force, but its record has not been read yet"
        }
    }
}
