public import Foundation
import Model

/// What a record says, in JSON, with the type and schema version that readers check.
public protocol EventPayload: Codable, Sendable {
    /// The CloudEvents type, such as `pratique.change`.
    static var eventType: String { get }
    /// Raised when an older reader could not read it; additions that may be ignored do not raise it.
    static var schemaVersion: Int { get }
}

extension EventPayload {
    public static var schemaVersion: Int { 1 }
}

/// The envelope: CloudEvents 1.0 in the Kafka protocol binding's binary mode, and Pratique's own headers.
public struct EventContext: Sendable, Equatable {
    /// Unique with `source`; derived from the input's id where a redelivery must not make a second event.
    public var id: String
    /// The service that wrote it, such as `scanner`.
    public var source: String
    public var time: Date
    /// W3C trace context, one trace from a delivery to its verdict.
    public var traceparent: String?

    public init(id: String, source: String, time: Date, traceparent: String? = nil) {
        self.id = id
        self.source = source
        self.time = time.milliseconds
        self.traceparent = traceparent
    }

    /// The context of something that this event caused.
    public func caused(_ suffix: String, by source: String, at time: Date) -> EventContext {
        EventContext(id: id + "/" + suffix, source: source, time: time, traceparent: traceparent)
    }
}

/// A record that cannot be read. A newer schema is parked and said; it is never dropped.
public enum EventError: Error, Sendable, Equatable, CustomStringConvertible {
    case newerSchema(type: String, found: Int, known: Int)
    case wrongType(expected: String, found: String)
    case unreadable(type: String, reason: String)
    case tooLarge(type: String, bytes: Int)

    public var description: String {
        switch self {
        case .newerSchema(let type, let found, let known):
            "\(type) has schema \(found); this version reads up to \(known): upgrade this service"
        case .wrongType(let expected, let found): "expected an event of type \(expected), found \(found)"
        case .unreadable(let type, let reason): "\(type): \(reason)"
        case .tooLarge(let type, let bytes): "\(type) would have \(bytes) bytes, more than \(EventCoding.plainBytesMax)"
        }
    }
}
