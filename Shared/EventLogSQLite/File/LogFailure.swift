import EventLogPort
import GRDB
import GRDBSQLite
import Storage

/// Translates what SQLite and GRDB throw into the port's errors.
enum LogFailure {
    static func translate(_ error: any Error) -> any Error {
        switch error {
        case let error as SQLiteFailure:
            return classify(code: error.code & 0xff, "\(error.message) (SQLite \(error.code))")
        case let error as DatabaseError:
            return classify(code: error.resultCode.primaryResultCode.rawValue, StorageError.describe(error))
        case let error as StorageError: return translate(error)
        default: return error
        }
    }

    private static func translate(_ error: StorageError) -> EventLogError {
        switch error {
        case .unavailable(let file, let reason): .unavailable(reason: "\(file): \(reason)")
        case .corrupt(let file, let reason): .corrupt(reason: "\(file): \(reason)")
        case .newerVersion(let file, _, _): .corrupt(reason: "\(file) was written by a newer version of Pratique")
        case .notDurable(let file, let found): .corrupt(reason: "\(file): synchronous is \(found), not FULL")
        }
    }

    private static func classify(code: Int32, _ reason: String) -> EventLogError {
        switch code {
        case SQLITE_CORRUPT, SQLITE_NOTADB: .corrupt(reason: reason)
        case SQLITE_FULL: .unavailable(reason: "the disk is full: \(reason)")
        case SQLITE_BUSY, SQLITE_LOCKED: .unavailable(reason: "another process holds the log: \(reason)")
        case SQLITE_IOERR, SQLITE_CANTOPEN, SQLITE_NOMEM, SQLITE_PROTOCOL, SQLITE_INTERRUPT:
            .unavailable(reason: reason)
        // What GRDB says of a connection that was closed.
        case SQLITE_MISUSE: .closed
        default: .failed(reason: reason)
        }
    }
}
