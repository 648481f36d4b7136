public import EventLogPort
import Foundation
import Synchronization

/// A log that keeps the port's promises and nothing more: what Kafka does on a bad day, over a kinder log.
///
/// It redelivers, delays topics against each other, leaves gaps between positions, leaves out superseded values and old
/// tombstones, revokes at random, splits batches, hands out values whose first index is not 0, and reports appends as
/// failed that did land. Every other call may fail, too, and the record at an end may be gone when somebody reads up to
/// it. Services are tested on it.
public final class UnkindEventLog: EventLog {
    /// How often it is unkind, as probabilities.
    public struct Unkindness: Sendable {
        public var failLandedAppend = 0.05
        public var failAppend = 0.02
        public var delay = 0.2
        public var split = 0.4
        public var repeatRead = 0.1
        public var compact = 0.4
        public var revoke = 0.05
        public var failEnd = 0.03
        public var failRead = 0.03
        /// Of readers and members.
        public var failNext = 0.01
        public var failJoin = 0.2
        /// Half of those that fail count all the same.
        public var failAcknowledge = 0.04
        /// How often an end is that of a record which was removed a moment later.
        public var vanish = 0.1
        public init() {}
        /// For the contract's cases, which call the log directly: only what the promises allow of calls that succeed,
        /// and of appends.
        public static var withinPromises: Unkindness {
            var unkindness = Unkindness()
            unkindness.failEnd = 0
            unkindness.failRead = 0
            unkindness.failNext = 0
            unkindness.failJoin = 0
            unkindness.failAcknowledge = 0
            unkindness.vanish = 0
            return unkindness
        }
        /// Never fails a call: for code under test that leaves the retry to its caller.
        public static var withoutFailures: Unkindness {
            var unkindness = withinPromises
            unkindness.failLandedAppend = 0
            unkindness.failAppend = 0
            return unkindness
        }
    }

    private let inner: any EventLog
    let dice: Dice
    private let kinds = Mutex<[TopicName: Topic.Kind]>([:])

    public init(
        _ inner: any EventLog, generator: SeededGenerator = .printed("unkind log"),
        unkindness: Unkindness = Unkindness()
    ) {
        self.inner = inner
        dice = Dice(generator, unkindness)
    }

    public var identity: LogIdentity { get async throws { try await inner.identity } }

    public func declare(_ topics: [Topic]) async throws {
        try await inner.declare(topics)
        kinds.withLock { kinds in for topic in topics { kinds[topic.name] = topic.kind } }
    }

    public func append(_ drafts: [RecordDraft]) async throws -> [RecordID] {
        try dice.fail(\.failAppend)
        let places = try await inner.append(drafts)
        await dice.delay()
        if dice.roll(\.failLandedAppend) { throw EventLogError.unavailable(reason: "unkind: timed out, but it landed") }
        return places.map { Gaps.widen($0) }
    }

    public func read(_ topic: TopicName, after positions: [Int: Int64]) async throws -> any EventReader {
        try dice.fail(\.failRead)
        let reader = try await inner.read(topic, after: positions.mapValues { Gaps.narrow($0) })
        let isState = kinds.withLock { $0[topic] == .state }
        let isFromStart = positions.values.allSatisfy { $0 < 0 }
        return UnkindReader(reader, isState: isState, isFromStart: isFromStart, dice: dice)
    }

    public func end(of topic: TopicName) async throws -> [Int: Int64] {
        try dice.fail(\.failEnd)
        return try await inner.end(of: topic).mapValues { position in
            // Between this position and the next one there is room for a record that is no more.
            dice.roll(\.vanish) ? Gaps.widen(max(position, 0)) + 3 : Gaps.widen(position)
        }
    }

    public func join(_ group: GroupName, topics: [TopicName]) async throws -> any GroupMember {
        try dice.fail(\.failJoin)
        return UnkindMember(try await inner.join(group, topics: topics), dice: dice)
    }

    public func close() async { await inner.close() }
}

/// Positions with gaps: each is seven times the real one.
enum Gaps {
    static func widen(_ position: Int64) -> Int64 { position < 0 ? position : position * 7 }
    /// The greatest real position that is not behind this one.
    static func narrow(_ position: Int64) -> Int64 { position < 0 ? -1 : position / 7 }

    static func widen(_ id: RecordID) -> RecordID {
        RecordID(topic: id.topic, partition: id.partition, position: widen(id.position))
    }

    static func narrow(_ id: RecordID) -> RecordID {
        RecordID(topic: id.topic, partition: id.partition, position: narrow(id.position))
    }

    static func widen(_ record: Record) -> Record {
        Record(
            id: widen(record.id), key: record.key, value: record.value.map(shift), headers: record.headers,
            appendedAt: record.appendedAt)
    }

    /// The same bytes, whose first index is not 0: adapters hand out parts of what they read.
    private static func shift(_ value: Data) -> Data { (Data([0]) + value).dropFirst() }
}

/// The random decisions of one log.
final class Dice: Sendable {
    private let generator: Mutex<SeededGenerator>
    private let unkindness: UnkindEventLog.Unkindness

    init(_ generator: SeededGenerator, _ unkindness: UnkindEventLog.Unkindness) {
        self.generator = Mutex(generator)
        self.unkindness = unkindness
    }

    func roll(_ what: KeyPath<UnkindEventLog.Unkindness, Double>) -> Bool {
        let probability = unkindness[keyPath: what]
        return generator.withLock { $0.chance(probability) }
    }

    func fail(_ what: KeyPath<UnkindEventLog.Unkindness, Double>) throws(EventLogError) {
        if roll(what) { throw .unavailable(reason: "unkind: refused") }
    }

    func number(in range: ClosedRange<Int>) -> Int { generator.withLock { Int.random(in: range, using: &$0) } }

    func delay() async {
        guard roll(\.delay) else { return }
        try? await Task.sleep(for: .microseconds(number(in: 1...3000)))
    }
}
