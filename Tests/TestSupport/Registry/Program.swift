import Dispatch
public import Foundation
import Synchronization

/// Programs of the system that tests start.
public enum Program {
    public struct Failure: Error, CustomStringConvertible {
        public let description: String
        public init(description: String) { self.description = description }
    }

    /// Held while a program is started: what another thread opens between Foundation's look at the open descriptors and
    /// its spawn would be inherited, and then neither a closed pipe nor a freed port is what it seems.
    static let starting = Mutex<Void>(())

    /// Where a program is, looked up in `PATH` and the usual folders.
    public static func path(of name: String) -> URL? {
        let path = ProcessInfo.processInfo.environment["PATH"] ?? ""
        let folders =
            path.split(separator: ":").map(String.init) + ["/usr/local/bin", "/usr/bin", "/usr/sbin", "/sbin"]
        return folders.map { URL(fileURLWithPath: $0).appending(path: name) }.first {
            FileManager.default.isExecutableFile(atPath: $0.path)
        }
    }

    /// Runs a program to its end.
    /// - Throws: `Failure` with its output when it does not exit with 0.
    public static func run(_ program: URL, _ arguments: [String], in folder: URL? = nil) throws {
        _ = try output(of: program, arguments, in: folder)
    }

    /// Runs a program to its end, and returns what it wrote, errors included.
    /// - Throws: `Failure` with its output when it does not exit with 0.
    public static func output(of program: URL, _ arguments: [String], in folder: URL? = nil) throws -> String {
        let process = Process()
        process.executableURL = program
        process.arguments = arguments
        process.currentDirectoryURL = folder
        let output = try starting.withLock { _ in
            let output = Pipe()
            process.standardOutput = output
            process.standardError = output
            try process.run()
            return output
        }
        let text = try output.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            let said = String(decoding: text.prefix(2000), as: UTF8.self)
            throw Failure(description: "\(program.lastPathComponent) exited with \(process.terminationStatus): \(said)")
        }
        return String(decoding: text, as: UTF8.self)
    }
}

/// A program that runs until it is stopped, with its output in a file.
public final class RunningProgram: Sendable {
    // Foundation's Process is not Sendable; the lock makes each use exclusive.
    private let process: Mutex<Process>
    /// What it writes, errors included.
    public let log: URL

    /// - Parameters:
    ///   - folder: where it runs.
    ///   - environment: added to that of the tests.
    public init(
        _ program: URL, _ arguments: [String], log: URL, folder: URL? = nil, environment: [String: String] = [:]
    ) throws {
        self.log = log
        let process = Process()
        process.executableURL = program
        process.arguments = arguments
        process.currentDirectoryURL = folder
        process.standardInput = FileHandle.nullDevice
        if !environment.isEmpty {
            process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        }
        try Program.starting.withLock { _ in
            guard FileManager.default.createFile(atPath: log.path, contents: nil) else {
                throw Program.Failure(description: "cannot write \(log.path)")
            }
            let output = try FileHandle(forWritingTo: log)
            process.standardOutput = output
            process.standardError = output
            try process.run()
        }
        self.process = Mutex(process)
    }

    public var pid: Int32 { process.withLock { $0.processIdentifier } }
    public var isRunning: Bool { process.withLock { $0.isRunning } }
    /// The end of what it has written so far.
    public var lastWords: String {
        String(((try? String(contentsOf: log, encoding: .utf8)) ?? "").suffix(4_000))
    }

    /// How a program ended.
    public enum Ending: Sendable, Equatable {
        case exited(Int32)
        case killed(Int32)
    }

    /// Ends the program and waits for it: SIGTERM, and SIGKILL to one that lets half a minute pass (a child inherits
    /// blocked signals, and not every program unblocks them: use `kill` for those).
    /// - Returns: how it ended; `killed(SIGKILL)` is one that did not stop by itself.
    @discardableResult
    public func stop() -> Ending {
        process.withLock { process in
            if process.isRunning { process.terminate() }
            let deadline = ContinuousClock.now.advanced(by: .seconds(30))
            while process.isRunning, ContinuousClock.now < deadline {
                _ = DispatchSemaphore(value: 0).wait(timeout: .now() + 0.01)
            }
            if process.isRunning { _ = signal(process.processIdentifier) }
            process.waitUntilExit()
            let status = process.terminationStatus
            return process.terminationReason == .exit ? .exited(status) : .killed(status)
        }
    }

    /// Ends the program at once, as a crash would.
    public func kill() {
        process.withLock { process in
            guard process.isRunning else { return }
            _ = signal(process.processIdentifier)
            process.waitUntilExit()
        }
    }

    /// Takes all time from the program, as a long pause of its machine would, or gives it back.
    public func pause(_ isPaused: Bool) {
        process.withLock { process in
            if process.isRunning { _ = signal(process.processIdentifier, isPaused ? SIGSTOP : SIGCONT) }
        }
    }

    /// Whether the last run ended by a signal, and not by itself.
    public var wasKilled: Bool {
        process.withLock { !$0.isRunning && $0.terminationReason == .uncaughtSignal }
    }

    private func signal(_ pid: Int32, _ number: Int32 = SIGKILL) -> Int32 { Foundation.kill(pid, number) }
}
