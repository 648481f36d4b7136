import Foundation
import Model

/// Notifications of CNCF Distribution: `{"events":[…]}`, one or many entries.
///
/// A push counts only with the media type of a manifest or an index: blobs are pushes, too. A chart is left out where
/// its references show it. A delete names a digest (of a manifest or, looking the same, of a blob), a tag, or only a
/// repository. A tag field that holds a digest names no tag.
struct DistributionWebhooks: WebhookDialect {
    static let bodyBytesMax = 8 << 20
    static let eventsMax = 10_000
    static let hostBytesMax = 261
    static let helmConfiguration: MediaType = "application/vnd.cncf.helm.config.v1+json"

    func hints(in body: Data, contentType: String?) throws(WebhookRefusal) -> WebhookHints {
        guard body.count <= Self.bodyBytesMax else {
            throw WebhookRefusal(reason: "has more than \(Self.bodyBytesMax) bytes")
        }
        let envelope: Envelope
        do { envelope = try JSONDecoder().decode(Envelope.self, from: body) } catch {
            throw WebhookRefusal(reason: "is no registry notification: \(JSONFormat.explain(error))")
        }
        guard envelope.events.count <= Self.eventsMax else {
            throw WebhookRefusal(reason: "holds more than \(Self.eventsMax) events")
        }
        var found = WebhookHints()
        for entry in envelope.events {
            guard let event = entry.value else {
                found.unreadable += 1
                continue
            }
            switch Self.hint(event) {
            case .success(let hint?): found.hints.append(hint)
            case .success(nil): found.ignored += 1
            case .failure: found.unreadable += 1
            }
        }
        return found
    }

    private static func hint(_ event: Event) -> Result<WebhookHint?, any Error> {
        guard let action = WebhookHint.Action(rawValue: event.action ?? "") else { return .success(nil) }
        let target = event.target
        if action == .push {
            guard let type = target?.mediaType.map({ MediaType($0) }), type.isIndex || type.isManifest || type.isSchema1
            else {
                return .success(nil)
            }
            let references = target?.references ?? []
            if references.contains(where: { $0.value?.mediaType.map { MediaType($0) } == helmConfiguration }) {
                return .success(nil)
            }
        }
        return Result {
            let repository = try RepositoryName(target?.repository ?? "")
            var digest = try (target?.digest).flatMap { $0.isEmpty ? nil : try Digest($0) }
            var tag: TagName?
            if let text = target?.tag, !text.isEmpty {
                // A digest in the place of a tag.
                if let inPlace = try? Digest(text) { digest = digest ?? inPlace } else { tag = try TagName(text) }
            }
            return WebhookHint(action: action, host: host(of: event), repository: repository, tag: tag, digest: digest)
        }
    }

    private static func host(of event: Event) -> String? {
        guard let host = event.request?.host, !host.isEmpty, host.utf8.count <= hostBytesMax else { return nil }
        return host
    }

    // MARK: The wire

    private struct Envelope: Decodable {
        var events: [Lenient<Event>]
    }

    private struct Event: Decodable {
        var action: String?
        var target: Target?
        var request: Request?
    }

    private struct Target: Decodable {
        var mediaType: String?
        var digest: String?
        var repository: String?
        var tag: String?
        var references: [Lenient<Reference>]?
    }

    private struct Reference: Decodable {
        var mediaType: String?
    }

    private struct Request: Decodable {
        var host: String?
    }
}

/// A member of a list that may be of the wrong shape: then it has no value, and the rest of the list is read.
struct Lenient<Value: Decodable>: Decodable {
    let value: Value?
    init(from decoder: any Decoder) throws { value = try? Value(from: decoder) }
}
