public import EventLogPort
public import EventLogSQLite
public import Logging

/// Opens the embedded log in a test's folder.
public func openTestLog(in folder: TestFolder, time: TimeSource = .system) async throws -> SQLiteEventLog {
    try await SQLiteEventLog.open(folder: folder.file("log"), time: time, logger: testLogger)
}

/// Says nothing: tests look at states, not at logs.
public let testLogger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
