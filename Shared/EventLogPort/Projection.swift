public import Foundation

/// What a local copy of some topics holds and how a record changes it.
///
/// `prepare` may do I/O and may run again for the same record; `apply` is synchronous and writes its rows in the
/// transaction that also stores the position, so a crash leaves both or neither.
public protocol Projection: Sendable {
    associatedtype Effect: Sendable
    associatedtype Transaction

    /// Raised when the shape of the stored rows changes: a view of another version is rebuilt.
    var version: Int { get }
    var topics: [TopicName] { get }

    func prepare(_ record: WholeRecord) async throws -> Effect
    func apply(_ effect: Effect, of record: WholeRecord, in transaction: borrowing Transaction) throws
    /// Stores that a record could not be read (`prepare` or `apply` threw, or its parts do not match): what is known of
    /// `record.key` is unknown from here on, until a newer record of that key is applied. Never drop it silently.
    func unreadable(_ record: WholeRecord, because error: any Error, in transaction: borrowing Transaction) throws
    /// Removes every row: the view starts again from nothing.
    func reset(in transaction: borrowing Transaction) throws
}

/// Where a view keeps its rows and positions. `Storage` has the SQLite one, `MemoryViewStore` is for tests and small
/// states.
public protocol ViewStore: Sendable {
    associatedtype Transaction

    func load() async throws -> ViewState?
    /// Runs `body` and stores the state, in one transaction. What `body` throws undoes it all and is thrown on.
    /// Finishes even when the calling task is cancelled: a graceful stop lets `apply` end.
    func commit(_ state: ViewState, _ body: @escaping @Sendable (borrowing Transaction) throws -> Void) async throws
    /// What an error thrown by the store, or within a commit, says of the store itself: nil when the record or the
    /// projection is at fault.
    func trouble(in error: any Error) -> StoreTrouble?
}

extension ViewStore {
    public func trouble(in error: any Error) -> StoreTrouble? { nil }
}

/// Trouble of a store: no record is at fault.
public enum StoreTrouble: Sendable, Equatable {
    /// The disk is full, another process holds the file: the same commit may succeed later.
    case passing
    /// The file is damaged: it is made again at the next start.
    case lasting
}

/// What a view remembers of the log: whose records, how far, and when it was last fed.
public struct ViewState: Sendable, Equatable, Codable {
    public var log: LogIdentity
    public var version: Int
    public var positions: [TopicPartition: Int64]
    public var fedAt: Date

    public init(log: LogIdentity, version: Int, positions: [TopicPartition: Int64], fedAt: Date) {
        self.log = log
        self.version = version
        self.positions = positions
        self.fedAt = fedAt
    }
}

/// A record after its parts were put together: `value` is the whole value.
public struct WholeRecord: Sendable, Equatable {
    /// The record, or the head when it came in parts.
    public let id: RecordID
    public let key: String
    public let value: Data?
    public let headers: [Header]
    public let appendedAt: Date

    public init(id: RecordID, key: String, value: Data?, headers: [Header], appendedAt: Date) {
        self.id = id
        self.key = key
        self.value = value
        self.headers = headers
        self.appendedAt = appendedAt
    }

    /// A record as it lies in the log.
    public init(_ record: Record) {
        self.init(
            id: record.id, key: record.key, value: record.value, headers: record.headers, appendedAt: record.appendedAt)
    }

    public func header(_ name: String) -> String? { headers.first { $0.name == name }?.value }
}
