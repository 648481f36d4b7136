import EventLogPort
import Foundation
import GRDBSQLite

/// A prepared statement used straight through SQLite's own interface: the writer's loop has no room for more.
/// Belongs to the thread of its connection.
final class RawStatement {
    private let connection: OpaquePointer
    private let handle: OpaquePointer

    init(_ connection: OpaquePointer, _ sql: String) throws {
        self.connection = connection
        var handle: OpaquePointer?
        let code = sqlite3_prepare_v3(connection, sql, -1, UInt32(SQLITE_PREPARE_PERSISTENT), &handle, nil)
        guard code == SQLITE_OK, let handle else { throw SQLiteFailure(connection, code) }
        self.handle = handle
    }

    deinit { sqlite3_finalize(handle) }

    func bind(_ index: Int32, _ number: Int64) { sqlite3_bind_int64(handle, index, number) }
    func bindNull(_ index: Int32) { sqlite3_bind_null(handle, index) }

    /// The bytes must stay until the statement has run; an empty buffer is an empty value, not NULL.
    func bindText(_ index: Int32, _ bytes: UnsafeBufferPointer<UInt8>) {
        guard let base = bytes.baseAddress, !bytes.isEmpty else {
            sqlite3_bind_text(handle, index, "", 0, nil)
            return
        }
        base.withMemoryRebound(to: CChar.self, capacity: bytes.count) {
            _ = sqlite3_bind_text(handle, index, $0, Int32(bytes.count), nil)
        }
    }

    /// As `bindText`.
    func bindBlob(_ index: Int32, _ bytes: UnsafeRawBufferPointer) {
        guard let base = bytes.baseAddress, !bytes.isEmpty else {
            sqlite3_bind_zeroblob(handle, index, 0)
            return
        }
        sqlite3_bind_blob(handle, index, base, Int32(bytes.count), nil)
    }

    /// Runs to its end.
    func run() throws {
        let code = sqlite3_step(handle)
        sqlite3_reset(handle)
        guard code == SQLITE_DONE || code == SQLITE_ROW else { throw SQLiteFailure(connection, code) }
    }

    /// The first column of the first row, if there is one.
    func number() throws -> Int64? {
        defer { sqlite3_reset(handle) }
        let code = sqlite3_step(handle)
        switch code {
        case SQLITE_ROW: return sqlite3_column_int64(handle, 0)
        case SQLITE_DONE: return nil
        default: throw SQLiteFailure(connection, code)
        }
    }
}

/// What SQLite answered.
struct SQLiteFailure: Error {
    let code: Int32
    let message: String

    init(_ connection: OpaquePointer, _ code: Int32) {
        self.code = sqlite3_extended_errcode(connection)
        message = sqlite3_errmsg(connection).map { String(cString: $0) } ?? "code \(code)"
    }
}
