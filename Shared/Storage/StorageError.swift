package import GRDB

/// Errors of an SQLite file: which file, and what SQLite said.
public enum StorageError: Error, Sendable, Equatable {
    /// Another process holds it, the disk is full, an I/O error: may pass.
    case unavailable(file: String, reason: String)
    case corrupt(file: String, reason: String)
    /// Written by a newer version of the program.
    case newerVersion(file: String, found: Int, known: Int)
    /// `PRAGMA synchronous` did not take: nothing would be durable.
    case notDurable(file: String, found: Int)

    public var isTransient: Bool {
        switch self {
        case .unavailable: true
        case .corrupt, .newerVersion, .notDurable: false
        }
    }

    /// Translates SQLite's own errors; others are passed on.
    package static func from(_ error: any Error, file: String) -> any Error {
        guard let error = error as? DatabaseError else { return error }
        let reason = describe(error)
        return switch error.resultCode.primaryResultCode {
        case .SQLITE_CORRUPT, .SQLITE_NOTADB: StorageError.corrupt(file: file, reason: reason)
        case .SQLITE_BUSY, .SQLITE_LOCKED, .SQLITE_FULL, .SQLITE_IOERR, .SQLITE_CANTOPEN, .SQLITE_READONLY,
            .SQLITE_NOMEM, .SQLITE_PROTOCOL:
            StorageError.unavailable(file: file, reason: reason)
        default: error
        }
    }

    package static func describe(_ error: DatabaseError) -> String {
        let cause =
            switch error.resultCode.primaryResultCode {
            case .SQLITE_FULL: "the disk is full"
            case .SQLITE_BUSY, .SQLITE_LOCKED: "another process holds it"
            case .SQLITE_NOTADB: "it is no SQLite file"
            case .SQLITE_READONLY: "it is read-only"
            case .SQLITE_CANTOPEN: "it cannot be opened"
            default: error.message ?? "no message"
            }
        return "\(cause) (SQLite \(error.extendedResultCode.rawValue))"
    }
}
