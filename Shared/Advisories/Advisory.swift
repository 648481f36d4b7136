import Crypto
public import Model

/// One record of a source, normalised; its JSON is the value of the topic `advisories` under `key`.
public struct Advisory: Hashable, Sendable, Codable {
    /// Where a record comes from and its id there: `PyPI/PYSEC-2021-1`.
    public struct Key: Hashable, Sendable, Comparable, CustomStringConvertible {
        public let source: String
        public let id: String

        public init(source: String, id: String) {
            self.source = source
            self.id = id
        }

        /// The text form; a source holds no `/`.
        public init?(_ text: String) {
            guard let slash = text.firstIndex(of: "/"), slash != text.startIndex else { return nil }
            source = String(text[..<slash])
            id = String(text[text.index(after: slash)...])
            if id.isEmpty { return nil }
        }

        public var description: String { source + "/" + id }
        public static func < (left: Self, right: Self) -> Bool { (left.source, left.id) < (right.source, right.id) }
    }

    public enum EventKind: String, Sendable, Codable, CaseIterable {
        case introduced, fixed
        case lastAffected = "last_affected"
        case limit
    }

    public struct Event: Hashable, Sendable, Codable {
        public var kind: EventKind
        public var version: String

        public init(_ kind: EventKind, _ version: String) {
            self.kind = kind
            self.version = version
        }
    }

    /// Which versions of one package are affected: those in any of the ranges, and those listed.
    public struct Affected: Hashable, Sendable, Codable {
        public var ecosystem: Ecosystem
        /// As `Ecosystem.normalised` writes it.
        public var package: String
        /// Lists of events; GIT ranges are left out.
        public var ranges: [[Event]]
        public var versions: [String]
        /// What the record says of this very package, else nil.
        public var severity: Severity?
        /// Like the record's `severitySource`; nil with `severity`.
        public var severitySource: String?

        public init(
            ecosystem: Ecosystem, package: String, ranges: [[Event]], versions: [String] = [],
            severity: Severity? = nil, severitySource: String? = nil
        ) {
            self.ecosystem = ecosystem
            self.package = ecosystem.normalised(package)
            self.ranges = ranges
            self.versions = versions
            self.severity = severity
            self.severitySource = severity == nil ? nil : severitySource ?? "ecosystem"
        }

        /// The name is normalised anew: the value may be from a version that spelled it otherwise.
        public init(from decoder: any Decoder) throws {
            let values = try decoder.container(keyedBy: CodingKeys.self)
            self.init(
                ecosystem: try values.decode(Ecosystem.self, forKey: .ecosystem),
                package: try values.decode(String.self, forKey: .package),
                ranges: try values.decode([[Event]].self, forKey: .ranges),
                versions: try values.decode([String].self, forKey: .versions),
                severity: try values.decodeIfPresent(Severity.self, forKey: .severity),
                severitySource: try values.decodeIfPresent(String.self, forKey: .severitySource))
        }

        var target: AdvisedPackage { AdvisedPackage(ecosystem: ecosystem, name: package) }
    }

    public var source: String
    public var id: String
    public var modified: String
    /// When its source took it back; then it never matches.
    public var withdrawn: String?
    /// Other ids of the same flaw, sorted.
    public var aliases: [String]
    /// The flaws that this advisory fixes, sorted: OSV's `upstream`, and CVE numbers in `related` of a record that has
    /// neither aliases nor upstream (AlmaLinux).
    public var upstream: [String]
    public var summary: String?
    public var severity: Severity
    /// `CVSS:…` with the vector, `ecosystem`, or another name of what said so; nil when unknown.
    public var severitySource: String?
    public var affected: [Affected]

    public init(
        source: String, id: String, modified: String = "", withdrawn: String? = nil, aliases: [String] = [],
        upstream: [String] = [], summary: String? = nil, severity: Severity = .unknown, severitySource: String? = nil,
        affected: [Affected]
    ) {
        self.source = source
        self.id = id
        self.modified = modified
        self.withdrawn = withdrawn
        self.aliases = aliases
        self.upstream = upstream
        self.summary = summary
        self.severity = severity
        self.severitySource = severitySource
        self.affected = affected
    }

    public var key: Key { Key(source: source, id: id) }

    /// SHA-256 over everything but `modified`: a record whose hash is known need not be written again.
    public var contentHash: ContentHash {
        var bytes = ContentBytes()
        bytes.add(source, id, withdrawn ?? "", summary ?? "", severity.rawValue, severitySource ?? "")
        bytes.add(aliases)
        bytes.add(upstream)
        for entry in affected {
            bytes.add(
                entry.ecosystem.text, entry.package, entry.severity?.rawValue ?? "", entry.severitySource ?? "")
            bytes.add(entry.versions)
            for range in entry.ranges {
                bytes.add(range.count)
                for event in range { bytes.add(event.kind.rawValue, event.version) }
            }
        }
        return ContentHash(SHA256.hash(data: bytes.bytes))
    }
}

/// The first 16 bytes of the SHA-256 of an advisory's content.
public struct ContentHash: Hashable, Sendable {
    let high: UInt64
    let low: UInt64

    init(_ digest: some Sequence<UInt8>) {
        let bytes = Array(digest.prefix(16))
        high = bytes[..<8].reduce(0) { $0 << 8 | UInt64($1) }
        low = bytes[8...].reduce(0) { $0 << 8 | UInt64($1) }
    }
}

/// Text with its length before it, so that no two different contents have the same bytes.
private struct ContentBytes {
    var bytes: [UInt8] = []

    mutating func add(_ number: Int) {
        withUnsafeBytes(of: UInt64(number).littleEndian) { bytes.append(contentsOf: $0) }
    }
    mutating func add(_ texts: String...) { for text in texts { add(one: text) } }
    mutating func add(_ list: [String]) {
        add(list.count)
        for text in list { add(one: text) }
    }
    private mutating func add(one text: String) {
        add(text.utf8.count)
        bytes.append(contentsOf: text.utf8)
    }
}

/// A package that advisories speak of, in its ecosystem: what says which inventories a change touches.
public struct AdvisedPackage: Hashable, Sendable, Codable, Comparable, CustomStringConvertible {
    public let ecosystem: Ecosystem
    public let name: String

    public init(ecosystem: Ecosystem, name: String) {
        self.ecosystem = ecosystem
        self.name = name
    }

    public var description: String { "\(ecosystem) \(name)" }
    public static func < (left: Self, right: Self) -> Bool {
        (left.ecosystem, left.name) < (right.ecosystem, right.name)
    }
}
