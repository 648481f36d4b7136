import EventLogPort
import Events
import Foundation
import GRDB
import Model
import Storage

/// The images of the catalogue, and when each was made as far as a scan found out.
struct ImageProjection: Projection {
    typealias Transaction = SQLiteViewStore.Transaction

    enum Effect: Sendable {
        case image(ImageRecord?)
        /// What a scan that came to its end found out; nil is none.
        case read(createdAt: Date?)
        case unread
    }

    static let schemaVersion = EventSchemas.viewVersion(2, reading: topics)
    private static let topics: [TopicName] = [Topics.images.name, Topics.scanStatus.name]
    let version = ImageProjection.schemaVersion
    let topics: [TopicName] = Self.topics

    static func create(_ db: Database) throws {
        try db.execute(
            sql: """
                -- `record` is null for an image whose record cannot be read.
                CREATE TABLE images (
                    name TEXT PRIMARY KEY, registry TEXT NOT NULL, repository TEXT NOT NULL, digest TEXT,
                    record BLOB) STRICT;
                CREATE INDEX images_repository ON images (registry, repository);
                -- What was scanned. `created` is null where the image does not say when it was made.
                CREATE TABLE scanned (digest TEXT PRIMARY KEY, created REAL) STRICT, WITHOUT ROWID;
                """)
    }

    func prepare(_ record: WholeRecord) async throws -> Effect {
        let isGone = record.value == nil
        if record.id.topic == Topics.images.name {
            return .image(isGone ? nil : try record.payload(ImageRecord.self))
        }
        if isGone { return .unread }
        let status = try record.payload(ScanStatusRecord.self)
        if case .failed = status.state { return .unread }
        return .read(createdAt: status.createdAt)
    }

    func apply(_ effect: Effect, of record: WholeRecord, in transaction: borrowing Transaction) throws {
        let db = transaction.db
        switch effect {
        case .image(let image?): try put(record.key, image.name, image, db)
        case .image(nil):
            try db.cachedStatement(sql: "DELETE FROM images WHERE name = ?").execute(arguments: [record.key])
        case .read(let date):
            try db.cachedStatement(sql: "INSERT OR REPLACE INTO scanned VALUES (?, ?)")
                .execute(arguments: [record.key, date?.timeIntervalSince1970])
        case .unread:
            try db.cachedStatement(sql: "DELETE FROM scanned WHERE digest = ?").execute(arguments: [record.key])
        }
    }

    /// Of a status that cannot be read only the image's age is unknown.
    func unreadable(_ record: WholeRecord, because error: any Error, in transaction: borrowing Transaction) throws {
        if record.id.topic == Topics.scanStatus.name {
            return try apply(.unread, of: record, in: transaction)
        }
        guard let name = try? ImageName(record.key) else { return }
        try put(record.key, name, nil, transaction.db)
    }

    func reset(in transaction: borrowing Transaction) throws {
        try transaction.db.execute(sql: "DELETE FROM images; DELETE FROM scanned")
    }

    private func put(_ key: String, _ name: ImageName, _ image: ImageRecord?, _ db: Database) throws {
        let record = try image.map { try JSONFormat.encode($0) }
        try db.cachedStatement(sql: "INSERT OR REPLACE INTO images VALUES (?, ?, ?, ?, ?)")
            .execute(arguments: [key, name.registry.text, name.repository.text, image?.digest?.text, record])
    }

    // MARK: Reading

    static func unreadableCount(_ db: Database) throws -> Int {
        try Int.fetchOne(db, sql: "SELECT count(*) FROM images WHERE record IS NULL") ?? 0
    }

    static func image(_ name: ImageName, _ db: Database) throws -> ImageRecord? {
        let data = try Data.fetchOne(
            db.cachedStatement(sql: "SELECT record FROM images WHERE name = ?"), arguments: [name.text])
        return try data.map { try JSONFormat.decode(ImageRecord.self, from: $0) }
    }

    static func repositories(of registry: RegistryName, _ db: Database) throws -> [RepositoryName] {
        try String.fetchAll(
            db, sql: "SELECT DISTINCT repository FROM images WHERE registry = ? ORDER BY repository",
            arguments: [registry.text]
        ).map { try RepositoryName($0) }
    }

    /// The images of one repository; those that cannot be read are only counted.
    static func images(
        _ registry: RegistryName, _ repository: RepositoryName, _ db: Database
    ) throws -> (images: [KeepNewest.Candidate], unreadable: Int) {
        let sql = """
            SELECT record, created, scanned.digest IS NOT NULL AS isScanned
            FROM images LEFT JOIN scanned ON scanned.digest = images.digest
            WHERE registry = ? AND repository = ?
            """
        let rows = try Row.fetchAll(db.cachedStatement(sql: sql), arguments: [registry.text, repository.text])
        let images = try rows.compactMap { row -> KeepNewest.Candidate? in
            guard let record = row["record"] as Data? else { return nil }
            let created = row["created"] as Double?
            return .init(
                image: try JSONFormat.decode(ImageRecord.self, from: record), isScanned: row["isScanned"],
                createdAt: created.map { Date(timeIntervalSince1970: $0).milliseconds })
        }
        return (images, rows.count - images.count)
    }
}
