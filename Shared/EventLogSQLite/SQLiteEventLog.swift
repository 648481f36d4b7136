public import EventLogPort
public import Foundation
import GRDB
public import Logging
import Storage
import Synchronization

/// The embedded log: one file, `log.sqlite`, in a folder; durable, on one machine, for one or several processes.
///
/// **Promises** (beyond the port's): a commit is synced (`synchronous=FULL`) before `append` returns, and concurrent
/// appends share one sync. Positions are dense per partition; readers in the same process wake up with the commit, in
/// other processes within 20 ms. A key's partition is Kafka's (murmur2).
///
/// **Limits**: a group lives in one process at a time (a lock beside the file); another one's `join` gets
/// `groupHeldElsewhere` until it ends. The folder must be on a local file system. Removed records leave room inside the
/// file for new ones; the file does not shrink.
public final class SQLiteEventLog: EventLog {
    static let upkeepEvery: Duration = .seconds(60)
    static let stepsPerUpkeep = 50

    public let folder: URL
    private let pool: DatabasePool
    private let logIdentity: LogIdentity
    private let topics: TopicTable
    private let tail: LogTail
    let writer: LogWriter
    private let pages: LogPages
    private let time: TimeSource
    private let logger: Logger
    private let open = Mutex(Open())
    /// Joining and leaving, one at a time: the lock of a group is taken and given back here.
    private let membership = AsyncLock()

    private struct Open {
        var rooms: [GroupName: GroupRoom] = [:]
        var readers: [WeakBox<SQLiteEventReader>] = []
        var members: [WeakBox<SQLiteGroupMember>] = []
        var upkeep: Task<Void, Never>?
        var isClosed = false
    }

    private init(
        folder: URL, pool: DatabasePool, identity: LogIdentity, topics: TopicTable, time: TimeSource, logger: Logger
    ) {
        self.folder = folder
        self.pool = pool
        self.topics = topics
        self.time = time
        self.logger = logger
        logIdentity = identity
        tail = LogTail()
        pages = LogPages(pool: pool)
        writer = LogWriter(pool: pool, tail: tail, time: time, logger: logger)
    }

    /// Opens the log in a folder, or creates it.
    /// - Throws: `EventLogError.corrupt`, `.unavailable`.
    public static func open(folder: URL, time: TimeSource, logger: Logger) async throws -> SQLiteEventLog {
        let topics = TopicTable()
        do {
            let (pool, identity) = try await onOwnThread { try openFile(folder, topics) }
            let log = SQLiteEventLog(
                folder: folder, pool: pool, identity: identity, topics: topics, time: time, logger: logger)
            log.writer.start()
            log.startUpkeep()
            return log
        } catch {
            throw LogFailure.translate(error)
        }
    }

    private static func openFile(_ folder: URL, _ topics: TopicTable) throws -> (DatabasePool, LogIdentity) {
        let owner: [FileAttributeKey: Any] = [.posixPermissions: 0o700]
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true, attributes: owner)
        // Two processes that create the file at the same time would get in each other's way.
        guard let lock = try FileLock(path: folder.appending(path: "open.lock").path, waits: true) else {
            throw EventLogError.unavailable(reason: "open.lock is held")
        }
        let file = SQLiteFile(folder.appending(path: "log.sqlite"), durability: .full)
        let pool = try file.open(migrator: LogSchema.migrator(identity: UUID().uuidString))
        let identity = try pool.writeWithoutTransaction { db in
            try db.execute(sql: "PRAGMA wal_autocheckpoint = 4000")
            try topics.load(db)
            return try String.fetchOne(db, sql: "SELECT value FROM meta WHERE name = 'identity'")
        }
        lock.release()
        guard let identity else { throw EventLogError.corrupt(reason: "the log has no identity") }
        return (pool, LogIdentity(identity))
    }

    public var identity: LogIdentity { get async throws { logIdentity } }

    /// What was appended, committed and removed since the log was opened.
    public var statistics: LogStatistics { writer.statistics }

    // MARK: Topics

    public func declare(_ declared: [Topic]) async throws {
        try checkOpen()
        try await writer.perform { [topics] db in
            for topic in declared { try TopicTable.declare(topic, db) }
            try topics.load(db)
        }
    }

    /// A topic, also one that another process declared meanwhile.
    private func entry(_ name: TopicName) async throws -> TopicEntry {
        if let entry = topics[name] { return entry }
        try await writer.perform { [topics] db in try topics.load(db) }
        guard let entry = topics[name] else { throw EventLogError.unknownTopic(name) }
        return entry
    }

    // MARK: Records

    public func append(_ drafts: [RecordDraft]) async throws -> [RecordID] {
        guard !drafts.isEmpty else { return [] }
        CrashPoint.hit(.logBeforeAppend)
        var records: [PreparedRecord] = []
        records.reserveCapacity(drafts.count)
        for draft in drafts {
            let topic: TopicEntry
            if let known = topics[draft.topic] { topic = known } else { topic = try await entry(draft.topic) }
            records.append(try PreparedRecord(draft, topic: topic))
        }
        return try await writer.append(records)
    }

    public func read(_ topic: TopicName, after positions: [Int: Int64]) async throws -> any EventReader {
        try checkOpen()
        let reader = SQLiteEventReader(try await entry(topic), after: positions, pages: pages, tail: tail)
        let isClosed = open.withLock { open in
            open.readers.removeAll { $0.value == nil }
            open.readers.append(WeakBox(reader))
            return open.isClosed
        }
        if isClosed { reader.end() }
        return reader
    }

    public func end(of topic: TopicName) async throws -> [Int: Int64] {
        try checkOpen()
        let ends = try await pages.newest(in: entry(topic).slots)
        return Dictionary(uniqueKeysWithValues: ends.enumerated().map { ($0.offset, $0.element) })
    }

    // MARK: Groups

    public func join(_ group: GroupName, topics names: [TopicName]) async throws -> any GroupMember {
        try checkOpen()
        var entries: [TopicEntry] = []
        for name in names { entries.append(try await entry(name)) }
        return try await membership.withLock {
            let room = try await self.room(group)
            let member = SQLiteGroupMember(room, topics: entries) { [weak self] in await self?.left($0) }
            self.open.withLock { open in
                open.members.removeAll { $0.value == nil }
                open.members.append(WeakBox(member))
            }
            return member
        }
    }

    private func room(_ group: GroupName) async throws -> GroupRoom {
        if let room = open.withLock({ $0.rooms[group] }) { return room }
        let path = folder.appending(path: "group-\(group).lock").path
        guard let lock = try Self.lock(path) else {
            throw EventLogError.groupHeldElsewhere(group, holder: FileLock.holder(path: path))
        }
        let positions = try await writer.perform { db in
            let rows = try Row.fetchAll(
                db, sql: "SELECT slot, position FROM positions WHERE group_name = ?", arguments: [group.rawValue])
            return Dictionary(uniqueKeysWithValues: rows.map { ($0[0] as Int64, $0[1] as Int64) })
        }
        let room = GroupRoom(
            group, lock: lock, positions: positions, pages: pages, tail: tail, writer: writer, time: time)
        open.withLock { $0.rooms[group] = room }
        return room
    }

    private static func lock(_ path: String) throws -> FileLock? {
        do { return try FileLock(path: path, waits: false) } catch { throw LogFailure.translate(error) }
    }

    private func left(_ room: GroupRoom) async {
        await membership.withLock {
            do {
                try await self.writer.flush()
            } catch {
                self.logger.error("a group's positions were not written", metadata: ["error.chain": "\(error)"])
            }
            let isLast = self.open.withLock { open in
                guard room.isEmpty, open.rooms[room.name] === room else { return false }
                open.rooms[room.name] = nil
                return true
            }
            if isLast { room.release() }
        }
    }

    // MARK: Upkeep and end

    /// Removes everything that the topics need not keep as of now.
    public func compact() async throws {
        try checkOpen()
        while try await compactionStep().isPartial { await Task.yield() }
    }

    private func compactionStep() async throws -> Compaction.Removed {
        let step = Compaction(now: time.now())
        let removed = try await writer.perform { [topics] db in try step.step(db, topics: topics.all) }
        writer.count { counts in
            counts.removed += removed.rows
            counts.removedUnfinished += removed.unfinished
        }
        if removed.unfinished > 0 {
            logger.warning("retention removed unfinished work", metadata: ["records": "\(removed.unfinished)"])
        }
        return removed
    }

    private func startUpkeep() {
        let upkeep = Task { [weak self, time] in
            while !Task.isCancelled {
                do {
                    guard let self else { return }
                    await self.keepUp()
                }
                try? await time.clock.sleep(for: Self.upkeepEvery)
            }
        }
        open.withLock { $0.upkeep = upkeep }
    }

    private func keepUp() async {
        do {
            for _ in 0..<Self.stepsPerUpkeep {
                guard try await compactionStep().isPartial else { return }
            }
        } catch {
            logger.warning("the log was not compacted", metadata: ["error.chain": "\(error)"])
        }
    }

    public func close() async {
        let (first, upkeep, readers, members) = open.withLock { open in
            defer { open.isClosed = true }
            return (!open.isClosed, open.upkeep, open.readers.compactMap(\.value), open.members.compactMap(\.value))
        }
        guard first else { return }
        upkeep?.cancel()
        for reader in readers { reader.end() }
        for member in members { await member.leave() }
        await writer.stop()
        let rooms = open.withLock { open in
            defer { open.rooms = [:] }
            return Array(open.rooms.values)
        }
        for room in rooms { room.release() }
        let pool = pool
        do {
            try await onOwnThread { try SQLiteFile.close(pool) }
        } catch {
            logger.warning("the log's file was not closed cleanly", metadata: ["error.chain": "\(error)"])
        }
    }

    private func checkOpen() throws(EventLogError) {
        if open.withLock({ $0.isClosed }) { throw .closed }
    }
}

/// Holds something as long as somebody else does.
struct WeakBox<Value: AnyObject & Sendable>: Sendable {
    weak let value: Value?
    init(_ value: Value) { self.value = value }
}
