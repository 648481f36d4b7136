/// A platform of an index: `os/architecture[/variant]`.
///
/// Its text form is stored and read back, so no part holds what that form could not.
public struct Platform: Hashable, Sendable, Codable, CustomStringConvertible {
    public let architecture: String
    public let os: String
    public let variant: String?
    public let osVersion: String?

    /// The longest part; real ones have a dozen characters, Windows' versions some more.
    static let partBytesMax = 64

    enum CodingKeys: String, CodingKey { case architecture, os, variant, osVersion = "os.version" }

    /// - Throws: for a part that is empty, long, or holds anything but visible ASCII without `/`.
    public init(
        os: String, architecture: String, variant: String? = nil, osVersion: String? = nil
    ) throws(ParseError) {
        self.os = try Self.checked(os, "operating system")
        self.architecture = try Self.checked(architecture, "architecture")
        self.variant = try Self.checked(optional: variant, "platform variant")
        self.osVersion = try Self.checked(optional: osVersion, "operating system version")
    }

    private init(unchecked os: String, _ architecture: String) {
        self.os = os
        self.architecture = architecture
        variant = nil
        osVersion = nil
    }

    public static let linuxAMD64 = Platform(unchecked: "linux", "amd64")

    public init(_ text: String) throws(ParseError) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard (2...3).contains(parts.count), parts.allSatisfy({ !$0.isEmpty }) else {
            throw ParseError("platform", in: text, "wants os/architecture[/variant], such as linux/arm64")
        }
        try self.init(os: parts[0], architecture: parts[1], variant: parts.count == 3 ? parts[2] : nil)
    }

    /// Builders of artifacts write empty texts for what has no platform: those are `unknown`, or not there.
    public init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        let text = { (key: CodingKeys) in try values.decodeIfPresent(String.self, forKey: key).flatMap(Self.nonEmpty) }
        let os = Self.nonEmpty(try values.decode(String.self, forKey: .os)) ?? "unknown"
        let architecture = Self.nonEmpty(try values.decode(String.self, forKey: .architecture)) ?? "unknown"
        let (variant, osVersion) = (try text(.variant), try text(.osVersion))
        do { try self.init(os: os, architecture: architecture, variant: variant, osVersion: osVersion) } catch {
            throw DecodingError.dataCorrupted(
                .init(codingPath: decoder.codingPath, debugDescription: error.description, underlyingError: error))
        }
    }

    public var description: String { os + "/" + architecture + (variant.map { "/" + $0 } ?? "") }

    /// Whether an image for `actual` is what is asked for here: any variant where none is asked for, and a variant that
    /// the image does not name is the usual one (containerd's rules).
    public func matches(_ actual: Platform) -> Bool {
        guard os == actual.os, architecture == actual.architecture else { return false }
        let usual = ["arm64": "v8", "arm": "v7", "amd64": "v1"][architecture]
        return variant == nil || variant == (actual.variant ?? usual)
    }

    /// `unknown/unknown` marks attestations in an index made by BuildKit.
    public var isUnknown: Bool { os == "unknown" || architecture == "unknown" }

    private static func nonEmpty(_ text: String) -> String? { text.isEmpty ? nil : text }

    private static func checked(optional text: String?, _ what: String) throws(ParseError) -> String? {
        guard let text else { return nil }
        return try checked(text, what)
    }

    private static func checked(_ text: String, _ what: String) throws(ParseError) -> String {
        guard !text.isEmpty else { throw ParseError(what, in: text, "is empty") }
        guard text.utf8.count <= partBytesMax else {
            throw ParseError(what, in: text, at: partBytesMax, "is longer than \(partBytesMax) characters")
        }
        let bad = text.utf8.enumerated().first { $0.element <= 0x20 || $0.element >= 0x7F || $0.element == 0x2F }
        if let bad { throw ParseError(what, in: text, at: bad.offset, "holds only visible ASCII characters but /") }
        return text
    }
}
