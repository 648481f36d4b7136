/// A topic's declaration: its name, what is kept, and into how many partitions it is cut.
public struct Topic: Hashable, Sendable {
    public enum Kind: Hashable, Sendable {
        /// Compacted: the newest record of each key stays; a tombstone stays 7 days. One partition.
        case state
        /// Everything stays for the time given, then goes. One partition.
        case journal(keep: Duration)
        /// Shared out in groups; stays for the time given.
        case work(keep: Duration)
    }

    public let name: TopicName
    public let kind: Kind
    public let partitions: Int

    public init(_ name: TopicName, _ kind: Kind, partitions: Int = 1) {
        precondition(partitions >= 1 && partitions <= 256, "a topic has 1 to 256 partitions")
        self.name = name
        self.kind = kind
        self.partitions = partitions
    }
}

/// The name of a topic: 1 to 200 characters of `a-z 0-9 . _ -`.
public struct TopicName: Hashable, Sendable, Comparable, CustomStringConvertible, Codable {
    public let rawValue: String

    /// - Throws: `EventLogError.badName`.
    public init(_ text: String) throws(EventLogError) {
        try checkLogName(text, kind: "topic name")
        rawValue = text
    }

    /// For names written in the source.
    public init(constant: StaticString) {
        do { try self.init("\(constant)") } catch { preconditionFailure("\(error)") }
    }

    public var description: String { rawValue }
    public static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
}

/// The name of a group of competing consumers: 1 to 200 characters of `a-z 0-9 . _ -`.
public struct GroupName: Hashable, Sendable, CustomStringConvertible {
    public let rawValue: String

    /// - Throws: `EventLogError.badName`.
    public init(_ text: String) throws(EventLogError) {
        try checkLogName(text, kind: "group name")
        rawValue = text
    }

    /// For names written in the source.
    public init(constant: StaticString) {
        do { try self.init("\(constant)") } catch { preconditionFailure("\(error)") }
    }

    public var description: String { rawValue }
}

/// Names a log for as long as its content lives.
public struct LogIdentity: Hashable, Sendable, Codable, CustomStringConvertible {
    public let rawValue: String
    public init(_ rawValue: String) { self.rawValue = rawValue }
    public var description: String { rawValue }
}

private func checkLogName(_ text: String, kind: String) throws(EventLogError) {
    let legal = text.utf8.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
        case UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"): true
        default: false
        }
    }
    guard legal, (1...200).contains(text.utf8.count), text != ".", text != ".." else {
        throw .badName(kind: kind, text: text, reason: "wants 1 to 200 characters of a-z 0-9 . _ -")
    }
}
