import EventLogContract
import EventLogPort
import EventLogSQLite
import TestSupport
import Testing

@Suite("The SQLite log keeps the port's promises")
struct SQLiteContractTests {
    @Test("promise", arguments: Contract.cases)
    func promise(_ contractCase: ContractCase) async throws {
        let folder = try TestFolder()
        try await contractCase.run { try await openTestLog(in: folder) }
    }

    @Test("promise, over the unkind log", arguments: Contract.cases)
    func unkindPromise(_ contractCase: ContractCase) async throws {
        let folder = try TestFolder()
        let generator = SeededGenerator.printed("unkind: \(contractCase.name)")
        try await contractCase.run {
            UnkindEventLog(
                try await openTestLog(in: folder), generator: generator, unkindness: .withinPromises)
        }
    }
}
