import Advisories
import EventLogPort
import Events
import GRDB
import Logging
import Model
import Storage

/// The advisories that are in force, and what is known to be missing from them.
struct AdvisoriesInForce: Sendable {
    let set: AdvisorySet
    /// Sources of which an interrupted import replaced records that can no longer be had. Sorted.
    let incomplete: [String]

    /// What is unknown of every name. Without the generation's number: a new one alone changes no verdict.
    var problems: [Undetermined] {
        if incomplete.isEmpty { return [] }
        let sources = incomplete.prefix(10).joined(separator: ", ") + (incomplete.count > 10 ? " and others" : "")
        return [
            Undetermined(
                what: "advisories",
                reason: "the generation in force is incomplete: records of \(sources) were lost when an import was "
                    + "interrupted, and come back when that source is imported again")
        ]
    }
}

/// Holds the advisories of the generation in force in memory, and follows the log when another one is put in force.
///
/// The change is atomic: names are judged with the old set until the new one is whole. The names that the difference
/// touches are marked dirty before the new set is used.
actor GenerationKeeper {
    private let view: View<EvaluatorProjection, SQLiteViewStore>
    private let compute: ComputePool
    private let configuration: EvaluatorConfiguration
    private let logger: Logger
    private(set) var current: AdvisoriesInForce?
    /// A set that this instance has just written to the log, so that it need not be read back.
    private var prepared: AdvisorySet?

    init(
        view: View<EvaluatorProjection, SQLiteViewStore>, compute: ComputePool, configuration: EvaluatorConfiguration,
        logger: Logger
    ) {
        self.view = view
        self.compute = compute
        self.configuration = configuration
        self.logger = logger
    }

    func prepare(_ set: AdvisorySet) { prepared = set }

    /// What is in force now; nil when there never was an import.
    func follow() async throws -> AdvisoriesInForce? {
        let active = try await view.store.read { try AdvisoryRows.active($0) }
        guard let active, active != current?.set.generation else { return current }
        let end = try await view.store.read { try AdvisoryRows.advisoriesEnd(of: active, $0) }
        guard let end else { throw GenerationError.incomplete(active) }
        if end >= 0 {
            let place = TopicPartition(topic: Topics.advisories.name, partition: 0)
            try await view.waitFor([place: end], within: configuration.viewWait)
        }
        let found = try await load(active)
        try await adopt(found)
        return found
    }

    private func load(_ number: Int) async throws -> AdvisoriesInForce {
        defer { prepared = nil }
        let prepared = prepared.flatMap { $0.generation == number ? $0 : nil }
        let current = current?.set
        // On the thread of a database reader, not of the cooperative pool.
        return try await view.store.read { db in
            let record = try AdvisoryRows.generation(number, db)
            let known = record?.incomplete ?? []
            if let prepared { return AdvisoriesInForce(set: prepared, incomplete: known) }
            if let current, current.generation < number {
                let set = try AdvisoryRows.set(of: number, basedOn: current, db)
                return AdvisoriesInForce(set: set, incomplete: known)
            }
            let exact = try AdvisoryRows.set(of: number, db).set
            // Those that cannot be read are said one by one.
            let unreadable = try EvaluatorRows.unreadableAdvisories(db)
            if let record, exact.count...(exact.count + unreadable) ~= record.advisories {
                return AdvisoriesInForce(set: exact, incomplete: known)
            }
            // Rather the newer record than none; which it is of is said.
            let found = try AdvisoryRows.set(of: number, orNewer: true, db)
            return AdvisoriesInForce(set: found.set, incomplete: Set(known + found.replaced).sorted())
        }
    }

    private func adopt(_ found: AdvisoriesInForce) async throws {
        let old = current
        let set = found.set
        let kept = configuration.generationsKept
        var delta: AdvisoryDelta?
        if let old, old.incomplete == found.incomplete {
            // Before the transaction: the view's writer must not wait for it.
            delta = try await compute.run { AdvisoryDelta(from: old.set, to: set) }
        }
        try await view.store.change { [delta] db in
            if try Meta.marked.readNumber(db) != set.generation {
                if let delta {
                    try AdvisoryRows.mark(delta, db)
                } else {
                    try Dirty.all(db)
                }
                try Meta.marked.write(String(set.generation), db)
            }
            try AdvisoryRows.prune(active: set.generation, kept: kept, db)
        }
        current = found
        logger.info(
            "a generation of advisories is in force",
            metadata: [
                "generation": "\(set.generation)", "advisories": "\(set.count)",
                "incomplete": "\(found.incomplete.joined(separator: " "))",
            ])
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
