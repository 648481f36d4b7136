public import Advisories
public import Events

/// The topic `advisories`. Key: the advisory's source and id. Written and read by this service only.
public struct AdvisoryRecord: EventPayload, Hashable {
    public static let eventType = "pratique.advisory"

    public var advisory: Advisory

    public init(_ advisory: Advisory) { self.advisory = advisory }
}
