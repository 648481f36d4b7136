/// The rules by which an ecosystem orders its versions. There is no general one.
public enum VersionOrder: String, Sendable, CaseIterable, CustomStringConvertible {
    case dpkg, apk, rpm, pep440, semver, go, gem, composer, maven, nuget

    public var description: String { rawValue }

    /// - Throws: `AdvisoriesError.version` when one of both cannot be read.
    /// - Returns: Negative, zero or positive, as `left` sorts before, like or after `right`.
    public func compare(_ left: String, _ right: String) throws(AdvisoriesError) -> Int {
        try OrderedVersion(left, self).compare(OrderedVersion(right, self))
    }
}

/// A version that was read by the rules of one ecosystem.
public struct OrderedVersion: Sendable {
    /// Longer text is no version but an attack.
    public static let bytesMax = 256

    private enum Kind: Sendable {
        case dpkg(DpkgVersion)
        case apk(ApkVersion)
        case rpm(RpmVersion)
        case pep440(PEP440Version)
        case semver(SemanticVersion)
        case gem(GemVersion)
        case composer(ComposerVersion)
        case maven(MavenVersion)
        case nuget(NuGetVersion)
    }

    public let order: VersionOrder
    private let kind: Kind

    public init(_ text: String, _ order: VersionOrder) throws(AdvisoriesError) {
        try self.init(bytes: Array(text.utf8), order)
    }

    init(bytes: [UInt8], _ order: VersionOrder) throws(AdvisoriesError) {
        self.order = order
        do throws(VersionFault) {
            guard bytes.count <= Self.bytesMax else { throw VersionFault("is longer than \(Self.bytesMax) bytes") }
            kind = try Self.parse(bytes.trimmingBlanks(), order)
        } catch {
            throw .version(String(decoding: bytes.prefix(100), as: UTF8.self), order: order, reason: error.reason)
        }
    }

    private static func parse(_ bytes: [UInt8], _ order: VersionOrder) throws(VersionFault) -> Kind {
        guard !bytes.isEmpty else { throw VersionFault("is empty") }
        return switch order {
        case .dpkg: .dpkg(try DpkgVersion(bytes))
        case .apk: .apk(try ApkVersion(bytes))
        case .rpm: .rpm(try RpmVersion(bytes))
        case .pep440: .pep440(try PEP440Version(bytes))
        case .semver: .semver(try SemanticVersion(bytes))
        case .go: .semver(try SemanticVersion(go: bytes))
        case .gem: .gem(try GemVersion(bytes))
        case .composer: .composer(try ComposerVersion(bytes))
        case .maven: .maven(try MavenVersion(bytes))
        case .nuget: .nuget(try NuGetVersion(bytes))
        }
    }

    /// Negative, zero or positive. Both must have been read by the same rules.
    public func compare(_ other: OrderedVersion) -> Int {
        switch (kind, other.kind) {
        case (.dpkg(let left), .dpkg(let right)): left.compare(right)
        case (.apk(let left), .apk(let right)): left.compare(right)
        case (.rpm(let left), .rpm(let right)): left.compare(right)
        case (.pep440(let left), .pep440(let right)): left.compare(right)
        case (.semver(let left), .semver(let right)): left.compare(right)
        case (.gem(let left), .gem(let right)): left.compare(right)
        case (.composer(let left), .composer(let right)): left.compare(right)
        case (.maven(let left), .maven(let right)): left.compare(right)
        case (.nuget(let left), .nuget(let right)): left.compare(right)
        default: preconditionFailure("versions of \(order) and \(other.order) have no order")
        }
    }

    /// Compares an installed version (`self`) with one that an advisory names.
    ///
    /// PEP 440: the local part of the installed version counts only if the advisory's has one. rpm, when
    /// `ignoringEpoch`: an installed version without an epoch takes the advisory's.
    func compare(toAdvised advised: OrderedVersion, ignoringEpoch: Bool) -> Int {
        switch (kind, advised.kind) {
        case (.pep440(let left), .pep440(let right)):
            (right.local.isEmpty ? left.public : left).compare(right)
        case (.rpm(let left), .rpm(let right)) where ignoringEpoch && left.epoch == nil:
            left.withEpoch(of: right).compare(right)
        default: compare(advised)
        }
    }
}

/// Why bytes are no version.
struct VersionFault: Error {
    let reason: String
    init(_ reason: String) { self.reason = reason }
}

// MARK: Bytes

extension UInt8 {
    var isDigit: Bool { self >= 0x30 && self <= 0x39 }
    var isLetter: Bool { (self | 0x20) >= 0x61 && (self | 0x20) <= 0x7a }
    var lowercased: UInt8 { self >= 0x41 && self <= 0x5a ? self | 0x20 : self }
}

extension [UInt8] {
    func trimmingBlanks() -> [UInt8] {
        let isBlank: (UInt8) -> Bool = { $0 == 0x20 || (0x09...0x0d).contains($0) }
        guard let first, let last, isBlank(first) || isBlank(last) else { return self }
        return Array(drop(while: isBlank).reversed().drop(while: isBlank).reversed())
    }
}

/// Numbers of any length, as decimal digits.
enum Decimal {
    /// Without leading zeros; zero is empty.
    static func stripped(_ digits: ArraySlice<UInt8>) -> ArraySlice<UInt8> { digits.drop { $0 == 0x30 } }

    static func compare(_ left: ArraySlice<UInt8>, _ right: ArraySlice<UInt8>) -> Int {
        let left = stripped(left)
        let right = stripped(right)
        guard left.count == right.count else { return left.count - right.count }
        return Bytes.compare(left, right)
    }
}

enum Bytes {
    static func compare(_ left: ArraySlice<UInt8>, _ right: ArraySlice<UInt8>) -> Int {
        for (one, other) in zip(left, right) where one != other { return Int(one) - Int(other) }
        return left.count - right.count
    }
}
