import EventLogPort
import GRDB
import Testing

@testable import EventLogSQLite

@Suite("What SQLite's errors mean")
struct LogFailureTests {
    private func translated(_ code: ResultCode) -> EventLogError? {
        LogFailure.translate(DatabaseError(resultCode: code)) as? EventLogError
    }

    @Test(
        "what may pass is transient",
        arguments: [
            ResultCode.SQLITE_BUSY, .SQLITE_LOCKED, .SQLITE_FULL, .SQLITE_IOERR, .SQLITE_CANTOPEN, .SQLITE_NOMEM,
            .SQLITE_PROTOCOL, .SQLITE_INTERRUPT,
        ])
    func passing(_ code: ResultCode) { #expect(translated(code)?.isTransient == true) }

    @Test(
        "everything else is not, known or unknown",
        arguments: [
            ResultCode.SQLITE_ERROR, .SQLITE_CONSTRAINT, .SQLITE_READONLY, .SQLITE_CORRUPT, .SQLITE_NOTADB,
            .SQLITE_MISUSE, .SQLITE_TOOBIG, ResultCode(rawValue: 99),
        ])
    func lasting(_ code: ResultCode) { #expect(translated(code)?.isTransient == false) }
}
