/// Why an archive could not be read: a phrase that goes on after its name.
public struct ZipError: Error, Hashable, Sendable, CustomStringConvertible {
    public let reason: String
    init(_ reason: String) { self.reason = reason }
    public var description: String { reason }
}

/// Says which members of an archive are read, and takes them.
public protocol ZipSelector: AnyObject {
    /// Asked for each member as it passes, and again for each that the directory lists: always the same answer.
    func wants(_ name: String) -> Bool
    /// A wanted member begins. What is read counts only if the archive's end lists its place.
    /// - Returns: nil where it need not be read after all.
    func reading(_ name: String, at place: Int64) -> (any EntryReading)?
    /// A wanted member cannot be read.
    func unreadable(_ name: String, at place: Int64, reason: String)
}

/// What the archives within one file may unpack to together: a bomb is told by what it makes of few bytes.
public final class ZipBudget {
    /// Unpacked over packed bytes; looked at only above `floorBytes`.
    public static let ratioMax: Int64 = 200
    public static let floorBytes: Int64 = 256 << 20
    /// What may be kept until their end is read: manifests, archives in archives, places.
    public static let heldBytesMax = 64 << 20

    private var archiveBytes: Int64 = 0
    private var unpackedBytes: Int64 = 0
    private var heldBytes = 0

    public init() {}

    /// Bytes of the outermost archive are about to be read.
    public func add(_ count: Int) { archiveBytes += Int64(count) }

    /// Something of about so many bytes is about to be kept.
    public func hold(_ count: Int) throws(ZipError) {
        heldBytes += count
        guard heldBytes <= Self.heldBytesMax else {
            throw ZipError("what is kept of it is over the limit heldBytesMax = \(Self.heldBytesMax)")
        }
    }

    func spend(_ count: Int) throws(ZipError) {
        unpackedBytes += Int64(count)
        guard unpackedBytes <= Self.floorBytes || unpackedBytes / max(archiveBytes, 1) < Self.ratioMax else {
            throw ZipError("it unpacks to more than the limit ratioMax = \(Self.ratioMax) times its size")
        }
    }
}
