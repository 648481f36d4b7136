import Crypto
import EventLogPort
import Events
import Foundation
import GatewayAPI
import HTTPTypes
import Hummingbird
import Logging
import Metrics
import Model
import NIOCore

/// `POST /webhooks/{registry}`: authenticates a notification, makes it durable, answers 202. It is read later, by
/// intake.
///
/// Only content type and body are kept. An unknown registry, one that takes no webhooks and a wrong secret get the same
/// answer, so nobody learns which registries there are.
struct WebhookReceiver: Sendable {
    static let bodyBytesMax = 1 << 20
    static let source = "webhook-gateway"
    static let refusal = "no registry of this name takes a webhook with this secret"

    let model: ReadModel
    let queue: DeliveryQueue
    let time: TimeSource
    let logger: Logger
    private let refused = Counter(label: "pratique.gateway.webhooks.refused")

    init(model: ReadModel, queue: DeliveryQueue, time: TimeSource, logger: Logger) {
        self.model = model
        self.queue = queue
        self.time = time
        self.logger = logger
    }

    func receive(_ request: Request, _ context: GatewayContext) async throws -> Response {
        let name = try authenticate(request, registry: context.parameters.get("registry") ?? "")
        let body = try await self.body(of: request)
        let now = time.now()
        let id = UUID().uuidString.lowercased()
        let delivery = Delivery(
            id: id, registry: name,
            content: .webhook(contentType: Self.contentType(request), body: Data(BodyRedaction.redact(body))),
            source: .webhook, receivedAt: now.milliseconds)
        let context = EventContext(
            id: id, source: Self.source, time: now, traceparent: TraceParent.from(request.headers[.traceparent]))
        let draft = try RecordDraft(Topics.webhookDeliveries, key: id, delivery, context)
        do { try await queue.accept(draft) } catch let error as DeliveryError { throw Self.problem(error) }
        return Response.json(data: Data(#"{"delivery":"\#(id)"}"#.utf8), status: .accepted)
    }

    private func authenticate(_ request: Request, registry text: String) throws -> RegistryName {
        guard let name = try? RegistryName(text) else { throw refuse() }
        guard let registry = model.directory.registry(name) else {
            // Before the read model has caught up a new registry may not be known yet: its events are not to be lost.
            guard model.isReady else { throw ProblemError.unavailable("the service is starting") }
            // Whoever notifies comes again: by then a program may answer that reads the record, or it is written anew.
            if model.directory.isUnreadable(name) {
                throw ProblemError.unavailable("the registry's record cannot be read", retryAfter: 30)
            }
            throw refuse()
        }
        guard let webhook = registry.webhook, let header = HTTPField.Name(webhook.header),
            let value = request.headers[header]
        else { throw refuse(name) }
        let digest = Model.Digest(sha256: SHA256.hash(data: Data(value.utf8)))
        guard digest.equalsInConstantTime(webhook.valueSHA256) else { throw refuse(name) }
        return name
    }

    private func refuse(_ known: RegistryName? = nil) -> ProblemError {
        refused.increment()
        if let known {
            logger.notice("webhook refused: the secret is missing or wrong", metadata: ["registry.name": "\(known)"])
        }
        return .notFound(Self.refusal)
    }

    private func body(of request: Request) async throws -> [UInt8] {
        if let length = request.headers[.contentLength].flatMap({ Int($0) }), length > Self.bodyBytesMax {
            throw ProblemError.tooLarge("a webhook's body has at most \(Self.bodyBytesMax) bytes")
        }
        do {
            let buffer = try await request.body.collect(upTo: Self.bodyBytesMax)
            return Array(buffer.readableBytesView)
        } catch is NIOTooManyBytesError {
            throw ProblemError.tooLarge("a webhook's body has at most \(Self.bodyBytesMax) bytes")
        }
    }

    private static func contentType(_ request: Request) -> String? {
        request.headers[.contentType].map { String($0.prefix(200)) }
    }

    private static func problem(_ error: DeliveryError) -> ProblemError {
        switch error {
        case .overloaded, .logTooSlow: .unavailable("too many deliveries wait", retryAfter: 1)
        case .spoolFull: .unavailable("the log cannot be reached and the spool is full", retryAfter: 30)
        case .stopped: .unavailable("the service is stopping", retryAfter: 5)
        }
    }
}
