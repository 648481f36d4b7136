import Synchronization

/// Whether this process can do its work, part by part.
///
/// A part registers by name when it is made and reports when it becomes ready, or is not any more and why. The process
/// is ready only when every part is, and never again once it is stopping.
public final class Readiness: Sendable {
    public enum State: Sendable, Hashable {
        case ready
        /// Not ready, and the reason in words an operator can act on.
        case notReady(String)
    }

    /// What one part reports through.
    public struct Part: Sendable {
        public let name: String
        private let readiness: Readiness

        fileprivate init(name: String, readiness: Readiness) {
            self.name = name
            self.readiness = readiness
        }

        public func ready() { readiness.set(name, .ready) }
        public func notReady(_ reason: String) { readiness.set(name, .notReady(reason)) }
    }

    private struct Content {
        var parts: [String: State] = [:]
        var isStopping = false
    }

    private let content = Mutex(Content())

    public init() {}

    /// Registers a part, not ready at first. Registering a name again starts it over.
    public func part(_ name: String, waitingFor reason: String = "starting") -> Part {
        set(name, .notReady(reason))
        return Part(name: name, readiness: self)
    }

    public func stopping() { content.withLock { $0.isStopping = true } }

    public var report: Report {
        content.withLock { Report(parts: $0.parts, isStopping: $0.isStopping) }
    }

    private func set(_ name: String, _ state: State) {
        content.withLock { $0.parts[name] = state }
    }

    public struct Report: Sendable, Hashable {
        public let parts: [String: State]
        public let isStopping: Bool

        /// A process without parts is not ready: nothing has been set up yet.
        public var isReady: Bool {
            !isStopping && !parts.isEmpty && parts.values.allSatisfy { $0 == .ready }
        }
    }
}
