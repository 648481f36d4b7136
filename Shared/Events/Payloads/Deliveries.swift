public import Foundation
public import Model

/// The topic `webhook-deliveries`: what came in and makes Pratique ask a registry. Key: the delivery's id.
public struct Delivery: EventPayload, Hashable {
    public static let eventType = "pratique.delivery"

    public enum Content: Codable, Sendable, Hashable {
        /// A webhook's body as it came; credentials were stripped before.
        case webhook(contentType: String?, body: Data)
        /// Names whose digest the registry is asked for.
        case resolve([ImageName])
    }

    public var id: String
    public var registry: RegistryName
    public var content: Content
    public var source: ImageRecord.Source
    public var receivedAt: Date
    /// The version of the registry's record that the catalogue had when it wrote this: it is asked with that or a later
    /// one. nil for webhooks.
    public var registryVersion: Int?

    public init(
        id: String, registry: RegistryName, content: Content, source: ImageRecord.Source, receivedAt: Date,
        registryVersion: Int? = nil
    ) {
        self.id = id
        self.registry = registry
        self.content = content
        self.source = source
        self.receivedAt = receivedAt
        self.registryVersion = registryVersion
    }
}
