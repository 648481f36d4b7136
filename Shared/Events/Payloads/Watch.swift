public import Foundation

/// The topic `scanners`. Key: the scanner's instance. Written again each minute while it works; a tombstone when it
/// stops.
public struct ScannerRecord: EventPayload, Hashable {
    public static let eventType = "pratique.scanner"
    public static let everySeconds: TimeInterval = 60
    /// A scanner that has not been heard of for this long counts as gone.
    public static let aliveSeconds: TimeInterval = 180

    public var instance: String
    /// Sorted.
    public var pools: [String]
    public var width: Int
    public var analyserVersion: String
    public var at: Date

    public init(instance: String, pools: [String], width: Int, analyserVersion: String, at: Date) {
        self.instance = instance
        self.pools = pools
        self.width = width
        self.analyserVersion = analyserVersion
        self.at = at
    }
}

/// The topic `alarms`: something that does not work by itself, until it does again. Key: `kind/subject`.
public struct AlarmRecord: EventPayload, Hashable {
    public static let eventType = "pratique.alarm"

    public enum Kind: String, Codable, Sendable, CaseIterable {
        /// Images wait for a scan in a pool that no scanner serves.
        case poolWithoutScanner = "pool-without-scanner"
    }

    public var kind: Kind
    /// What it is about, such as the pool's name.
    public var subject: String
    /// For people: what is wrong and what to do.
    public var message: String
    public var since: Date

    public init(kind: Kind, subject: String, message: String, since: Date) {
        self.kind = kind
        self.subject = subject
        self.message = message
        self.since = since
    }

    public var key: String { "\(kind.rawValue)/\(subject)" }
}
