import Foundation
package import Logging
import Model
import Synchronization

/// Writes one line an event. The error of an event becomes `error.chain`.
package struct LineLogHandler: LogHandler {
    package var logLevel: Logger.Level
    package var metadata: Logger.Metadata = [:]
    package var metadataProvider: Logger.MetadataProvider?

    private let label: String
    private let format: LogFormat
    private let write: @Sendable (String) -> Void

    /// - Parameter write: takes a line without its newline.
    package init(
        label: String, level: Logger.Level, format: LogFormat, write: @escaping @Sendable (String) -> Void
    ) {
        self.label = label
        logLevel = level
        self.format = format
        self.write = write
    }

    package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    package func log(event: LogEvent) {
        var all = metadata
        if let provided = metadataProvider?.get() { all.merge(provided) { _, new in new } }
        if let own = event.metadata { all.merge(own) { _, new in new } }
        if let error = event.error { all["error.chain"] = .string(ErrorReport(error).chain) }
        let line = LogLine(
            time: Date(), label: label, level: event.level, message: event.message.description, metadata: all)
        write(format == .json ? line.json : line.text)
    }
}

/// The standard error of the process. Lines of several threads do not mix.
package enum StandardError {
    private static let lock = Mutex(())

    package static func write(_ line: String) {
        lock.withLock { _ in
            // A closed standard error is no reason to stop working.
            try? FileHandle.standardError.write(contentsOf: Data((line + "\n").utf8))
        }
    }

    package static var isTerminal: Bool { isatty(FileHandle.standardError.fileDescriptor) == 1 }
}
