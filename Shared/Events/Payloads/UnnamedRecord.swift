public import Foundation
public import Model

/// The topic `unnamed`: a digest that no image (of the trash, too) and no candidate has any more. Key: the digest.
///
/// Its inventory goes when the record is a week old; the record ends then, or when something has the digest again.
public struct UnnamedRecord: EventPayload, Hashable {
    public static let eventType = "pratique.unnamed"

    public var digest: Digest
    public var since: Date

    public init(digest: Digest, since: Date) {
        self.digest = digest
        self.since = since
    }
}
