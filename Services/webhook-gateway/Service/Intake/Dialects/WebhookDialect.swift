import Foundation
import Model

/// How one kind of registry writes its webhooks. What it says is a hint: the registry is asked before anything is
/// believed.
///
/// One folder a dialect. Bodies are hostile: an entry that cannot be read is left out without the rest, and counted.
protocol WebhookDialect: Sendable {
    /// - Throws: `WebhookRefusal` for a body that is not of this dialect at all.
    func hints(in body: Data, contentType: String?) throws(WebhookRefusal) -> WebhookHints
}

/// One thing that a webhook says has happened.
struct WebhookHint: Sendable, Hashable {
    enum Action: String, Sendable { case push, delete }

    var action: Action
    /// As the sender names itself; never used to choose a registry, which is that of the webhook's address.
    var host: String?
    var repository: RepositoryName
    var tag: TagName?
    var digest: Digest?
}

struct WebhookHints: Sendable, Equatable {
    /// In the body's order.
    var hints: [WebhookHint] = []
    /// Entries that speak of something else: pulls, blobs, charts.
    var ignored = 0
    /// Entries that cannot be read.
    var unreadable = 0
}

/// Why a body is not read.
struct WebhookRefusal: Error, Equatable, CustomStringConvertible {
    let reason: String
    var description: String { reason }
}

/// Which dialect the webhooks of a registry are written in.
enum WebhookDialects {
    static func dialect(of kind: Registry.Kind) -> any WebhookDialect {
        switch kind {
        // Docker Hub's own form comes with its registry type; until then its webhooks are refused as what they are not.
        case .distribution, .dockerHub: DistributionWebhooks()
        }
    }
}
