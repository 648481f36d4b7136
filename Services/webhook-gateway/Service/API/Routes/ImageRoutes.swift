import EventLogPort
import Events
import Foundation
import GatewayAPI
import HTTPTypes
import Hummingbird
import Model
import SBOM
import Storage

/// Images: the list, one with its verdict, its reports, its steps; registering and scanning again.
struct ImageRoutes: Sendable {
    let desk: APIDesk

    private static let base = APIRoutes.base + "/images/"
    static let readActions: Set<String> = ["", "report", "sbom", "timeline", "history"]
    static let writeActions: Set<String> = ["rescan"]

    var routes: [APIRoute] {
        [
            APIRoute(.get, "/images", .viewer, "Lists images, by name.", handler: list),
            APIRoute(.post, "/images", .contributor, "Registers images by name or reference.", handler: register),
            APIRoute(.get, "/summary", .viewer, "Counts images by status.", handler: summary),
            APIRoute(
                .get, "/images/**", .viewer,
                "One image; `/report`, `/sbom`, `/timeline` and `/history` after its name.",
                handler: read),
            APIRoute(
                .post, "/images/**", .contributor, "`/rescan` after the name: asks the registry again.", handler: act),
        ]
    }

    // MARK: The list

    @Sendable private func list(_ request: Request, _ context: GatewayContext) async throws -> Response {
        try await .largeJSON(try await desk.model.images(try query(request, try context.caller())))
    }

    @Sendable private func summary(_ request: Request, _ context: GatewayContext) async throws -> Response {
        let counts = try await desk.model.statusCounts(try query(request, try context.caller()))
        let all = ImageSummary.Status.allCases.map { ($0.rawValue, counts[$0.rawValue] ?? 0) }
        return try .json(Dictionary(uniqueKeysWithValues: all))
    }

    private func query(_ request: Request, _ caller: Principal) throws -> ImageQuery {
        let reader = QueryReader(request)
        var query = ImageQuery(scope: caller.scope)
        query.registry = try reader.value(RegistryName.self, "registry")
        query.repository = try reader.value(GlobPattern.self, "repository")
        query.text = try reader.text("q", bytesMax: 300)
        query.trashed = try reader.flag("trash")
        query.after = try reader.text("after", bytesMax: 1_024) ?? ""
        query.limit = try reader.limit
        if let status = try reader.text("status") {
            guard let known = ImageSummary.Status(rawValue: status) else {
                let names = ImageSummary.Status.allCases.map(\.rawValue).joined(separator: ", ")
                throw ProblemError.malformed("is one of \(names)", field: "status")
            }
            query.status = known
        }
        return query
    }

    // MARK: One image

    @Sendable private func read(_ request: Request, _ context: GatewayContext) async throws -> Response {
        let (name, action) = try target(request, context, known: Self.readActions, other: Self.writeActions)
        guard let summary = try await desk.model.image(name) else { throw Self.missing }
        switch action {
        case "report": return try await report(name, summary, for: context.caller())
        case "sbom": return try await bill(name, summary, QueryReader(request))
        case "timeline": return try await timeline(name, request)
        case "history": return try await history(name, request)
        default: return try .json(summary)
        }
    }

    private func report(
        _ name: ImageName, _ summary: ImageSummary, for caller: Principal
    ) async throws -> Response {
        let reports = try await desk.model.reports(
            key: name.text, image: name.text, digest: summary.digest, for: caller)
        guard let reports, summary.digest != nil else { throw Self.notYet("report", summary) }
        return try await .largeJSON(reports)
    }

    private static func notYet(_ what: String, _ summary: ImageSummary) -> ProblemError {
        let why = summary.reasons.first ?? "it waits to be scanned and judged"
        return ProblemError.notFound("there is no \(what) of this digest yet: \(why)")
    }

    private func bill(_ name: ImageName, _ summary: ImageSummary, _ reader: QueryReader) async throws -> Response {
        let wanted = try reader.text("format") ?? BillOfMaterials.Format.cyclonedx.rawValue
        guard let format = BillOfMaterials.Format(rawValue: wanted) else {
            let names = BillOfMaterials.Format.allCases.map(\.rawValue).joined(separator: ", ")
            throw ProblemError.malformed("is one of \(names)", field: "format")
        }
        let platform: Platform?
        do { platform = try reader.text("platform").map { try Platform($0) } } catch let error as ParseError {
            throw ProblemError.malformed(error.description, field: "platform")
        }
        guard let digest = summary.digest, let found = try await desk.model.inventories(of: name, digest: digest),
            !found.isEmpty
        else { throw Self.notYet("inventory", summary) }
        let matching = found.filter { inventory in platform?.matches(inventory.platform) ?? true }
        guard let inventory = matching.first, matching.count == 1 else {
            let names = found.map(\.platform.description).joined(separator: ", ")
            throw ProblemError.malformed("is one of the image's: \(names)", field: "platform")
        }
        let bill = BillOfMaterials(of: inventory, image: name.text, createdAt: desk.time.now())
        let data = try await onOwnThread { try bill.encoded(as: format) }
        return .json(data: data, headers: [.contentType: format.mediaType])
    }

    private func timeline(_ name: ImageName, _ request: Request) async throws -> Response {
        let (steps, next) = try await journal(Topics.timeline, name, request)
        return try .json(Page(items: try steps.map { try TimelineStep($0.payload(TimelineEntry.self)) }, next: next))
    }

    private func history(_ name: ImageName, _ request: Request) async throws -> Response {
        let (records, next) = try await journal(Topics.verdictHistory, name, request)
        // Each record holds the findings of its time.
        let items = try await onOwnThread { try records.map { try PastVerdict($0.payload(VerdictRecord.self)) } }
        return try await .largeJSON(Page(items: items, next: next))
    }

    /// A page of what was written of the image, the newest first.
    private func journal(
        _ topic: Topic, _ name: ImageName, _ request: Request
    ) async throws -> ([StoredDocument], next: String?) {
        let reader = QueryReader(request)
        let limit = try reader.limit
        let before = try reader.integer("after", in: 0...Int.max, default: Int.max)
        let found = try await desk.model.journal(topic, key: name.text, before: Int64(before), limit: limit + 1)
        let page = Array(found.prefix(limit))
        return (page, found.count > limit ? page.last.map { String($0.position) } : nil)
    }

    // MARK: Wishes

    @Sendable private func act(_ request: Request, _ context: GatewayContext) async throws -> Response {
        let (name, _) = try target(request, context, known: Self.writeActions, other: Self.readActions)
        guard try await desk.model.image(name) != nil else { throw Self.missing }
        let caller = try context.caller()
        let change = Change.rescan(.init(registry: name.registry, image: name, reason: "actor \(caller.actor)"))
        try await desk.writer.submit(
            [.init(change, action: "image.rescan")], by: caller.actor,
            trace: TraceParent.from(request.headers[.traceparent]))
        return try .json(RegistrationAnswer(images: [name]), status: .accepted)
    }

    @Sendable private func register(_ request: Request, _ context: GatewayContext) async throws -> Response {
        let caller = try context.caller()
        let body = try await JSONBody.read(RegistrationRequest.self, from: request)
        guard !body.images.isEmpty else { throw ProblemError.invalid("names no image", field: "images") }
        guard body.images.count <= Limits.imagesPerRequestMax else {
            throw ProblemError.invalid("has more than \(Limits.imagesPerRequestMax) images", field: "images")
        }
        let naming = ImageNaming(registries: desk.directory.registries.filter { caller.sees($0.name) })
        let names = try body.images.enumerated().map { try naming.resolve($1, field: "images[\($0)]") }
        if let index = names.firstIndex(where: { !caller.sees($0) }) {
            throw ProblemError(.forbidden, "this token's scope does not hold the image", field: "images[\(index)]")
        }
        let wishes = Set(names).sorted().map {
            ChangeWriter.Wish(.register(.init(name: $0, actor: caller.actor)), action: "image.register")
        }
        try await desk.writer.submit(wishes, by: caller.actor, trace: TraceParent.from(request.headers[.traceparent]))
        return try .json(RegistrationAnswer(images: names), status: .accepted)
    }

    // MARK: Names in paths

    /// What is out of scope is told like what does not exist.
    private static let missing = ProblemError.notFound("there is no such image")

    private func target(
        _ request: Request, _ context: GatewayContext, known: Set<String>, other: Set<String>
    ) throws -> (ImageName, String) {
        guard let path = NamedPath(request.uri.path, after: Self.base) else {
            throw ProblemError.malformed(
                "an image's name is registry/repository:tag or registry/repository@digest", field: "name")
        }
        guard known.contains(path.action) else {
            guard other.contains(path.action) else { throw ProblemError.notFound("there is no such resource") }
            throw ProblemError.wrongMethod(allowed: [request.method == .get ? .post : .get])
        }
        let suffix = path.action.isEmpty ? "" : "/" + path.action
        context.coreContext.endpointPath.value = Self.base + "{name}" + suffix
        let name = try path.imageName()
        guard try context.caller().sees(name) else { throw Self.missing }
        return (name, path.action)
    }
}
