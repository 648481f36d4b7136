public import Logging
import Synchronization

/// Everything that was logged, to look for what must be there, and for what must not.
public final class LogLines: LogHandler, Sendable {
    private let lines = Mutex<[String]>([])

    public init() {}

    public var all: String { lines.withLock { $0.joined(separator: "\n") } }
    public var metadata: Logger.Metadata {
        get { [:] }
        set {}
    }
    public var logLevel: Logger.Level {
        get { .trace }
        set {}
    }
    public subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { nil }
        set {}
    }

    public func log(event: LogEvent) {
        lines.withLock { $0.append("\(event.level) \(event.message) \(event.metadata ?? [:])") }
    }
}
