import EventLogPort
import Events
import Foundation
import GRDB
import Model
import Storage

/// The images of the catalogue, as far as cleanup needs them.
struct ImageProjection: Projection {
    typealias Transaction = SQLiteViewStore.Transaction

    static let schemaVersion = 1
    let version = ImageProjection.schemaVersion
    let topics = [Topics.images.name]

    static func create(_ db: Database) throws {
        try db.execute(
            sql: """
                -- `record` is null for an image whose record cannot be read.
                CREATE TABLE images (
                    name TEXT PRIMARY KEY, registry TEXT NOT NULL, repository TEXT NOT NULL, record BLOB) STRICT;
                CREATE INDEX images_repository ON images (registry, repository);
                """)
    }

    func prepare(_ record: WholeRecord) async throws -> ImageRecord? {
        record.value == nil ? nil : try record.payload(ImageRecord.self)
    }

    func apply(_ image: ImageRecord?, of record: WholeRecord, in transaction: borrowing Transaction) throws {
        guard let image else {
            return try transaction.db.cachedStatement(sql: "DELETE FROM images WHERE name = ?")
                .execute(arguments: [record.key])
        }
        try put(record.key, image.name, try JSONFormat.encode(image), transaction.db)
    }

    func unreadable(_ record: WholeRecord, because error: any Error, in transaction: borrowing Transaction) throws {
        guard let name = try? ImageName(record.key) else { return }
        try put(record.key, name, nil, transaction.db)
    }

    func reset(in transaction: borrowing Transaction) throws { try transaction.db.execute(sql: "DELETE FROM images") }

    private func put(_ key: String, _ name: ImageName, _ record: Data?, _ db: Database) throws {
        try db.cachedStatement(sql: "INSERT OR REPLACE INTO images VALUES (?, ?, ?, ?)")
            .execute(arguments: [key, name.registry.text, name.repository.text, record])
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
    ) throws -> (images: [ImageRecord], unreadable: Int) {
        let rows = try Row.fetchAll(
            db.cachedStatement(sql: "SELECT record FROM images WHERE registry = ? AND repository = ?"),
            arguments: [registry.text, repository.text])
        let stored = rows.compactMap { $0["record"] as Data? }
        return (try stored.map { try JSONFormat.decode(ImageRecord.self, from: $0) }, rows.count - stored.count)
    }
}
