import EventLogPort
import Events
import Foundation
import GatewayAPI
import HTTPTypes
import Hummingbird
import Model

/// What CI found: inventories are uploaded, the verdict comes back on the open request, or later under the candidate.
///
/// An upload is an assertion of its uploader (the token): it lies under its own key and never replaces our own scan.
struct InventoryRoutes: Sendable {
    let desk: APIDesk

    static let waitDefault = 20
    private static let base = APIRoutes.base + "/candidates/"

    var routes: [APIRoute] {
        [
            APIRoute(
                .post, "/inventories", .contributor, "Uploads what CI scanned and asks for the verdict.",
                handler: upload),
            APIRoute(
                .get, "/candidates/**", .viewer, "The verdict of an upload: `{name}@{digest}`.", handler: candidate),
        ]
    }

    // MARK: Uploading

    @Sendable private func upload(_ request: Request, _ context: GatewayContext) async throws -> Response {
        let caller = try context.caller()
        let wait = try QueryReader(request).wait(default: Self.waitDefault)
        let body = try await JSONBody.read(InventoryUpload.self, from: request, bytesMax: Limits.inventoryBytesMax)
        let naming = ImageNaming(registries: desk.directory.registries.filter { caller.sees($0.name) })
        let name = try naming.resolve(body.image, field: "image")
        guard caller.sees(name) else {
            throw ProblemError(.forbidden, "this token's scope does not hold the image", field: "image")
        }
        if case .digest(let digest) = name.target, digest != body.digest {
            throw ProblemError.invalid("differs from the digest in the image's name", field: "digest")
        }
        try Self.check(body)
        let now = desk.time.now().milliseconds
        let candidate = CandidateRecord(
            name: name, digest: body.digest, inventoryKey: InventoryRecord.uploadKey(body.digest, uploader: caller.id),
            register: .init(body.register), uploader: caller.id, createdAt: now,
            expiresAt: now.addingTimeInterval(Limits.candidateLife).milliseconds)
        let before = try await verdictPosition(candidate.key)
        try await store(body, candidate, caller, TraceParent.from(request.headers[.traceparent]))
        return try await answer(candidate, newerThan: before, within: wait)
    }

    private static func check(_ body: InventoryUpload) throws {
        guard (1...Limits.platformsMax).contains(body.inventories.count) else {
            throw ProblemError.invalid("has 1 to \(Limits.platformsMax) entries", field: "inventories")
        }
        if body.isSinglePlatform { return }
        var seen: Set<Digest> = [body.digest]
        for (index, inventory) in body.inventories.enumerated() where !seen.insert(inventory.digest).inserted {
            throw ProblemError.invalid("is there twice, or is that of the index", field: "inventories[\(index)].digest")
        }
    }

    /// Inventories first, the index that names them next, the candidate last: nobody sees one without the others.
    private func store(
        _ body: InventoryUpload, _ candidate: CandidateRecord, _ caller: Principal, _ trace: String
    ) async throws {
        let context = desk.writer.context(trace)
        func draft(_ record: InventoryRecord, _ digest: Digest, _ suffix: String) throws -> RecordDraft {
            try RecordDraft(
                Topics.inventories, key: InventoryRecord.uploadKey(digest, uploader: caller.id), record,
                context.caused(suffix, by: ChangeWriter.source, at: context.time))
        }
        var drafts = try body.inventories.enumerated().map {
            try draft(.platform($1), $1.digest, "inventory-\($0)")
        }
        if !body.isSinglePlatform {
            let children = body.inventories.map { InventoryRecord.Child(platform: $0.platform, digest: $0.digest) }
            drafts.append(try draft(.index(.init(digest: body.digest, children: children)), body.digest, "index"))
        }
        let change = Change.candidate(candidate)
        drafts.append(
            try RecordDraft(
                Topics.changes, key: change.key, change,
                context.caused("candidate", by: ChangeWriter.source, at: context.time)))
        drafts.append(
            try desk.writer.audit(
                caller.actor, "inventory.upload", candidate.key, "register \(body.register.rawValue)",
                context.caused("audit", by: ChangeWriter.source, at: context.time)))
        try await desk.writer.append(drafts)
    }

    // MARK: Answering

    /// Where the candidate's verdict lies now. A verdict that does not change is not written again, so an older one is
    /// taken once the time is over.
    private func verdictPosition(_ key: String) async throws -> Int64 {
        try await desk.model.document(Topics.verdicts, key)?.position ?? -1
    }

    private func answer(
        _ candidate: CandidateRecord, newerThan position: Int64, within wait: Duration
    ) async throws -> Response {
        let (model, key) = (desk.model, candidate.key)
        // With an older verdict at hand the wait is short: most likely nothing has changed.
        let patience = position < 0 ? wait : min(wait, .seconds(3))
        let isNew = try await model.wait(within: patience) { () -> Bool? in
            guard let found = try await model.document(Topics.verdicts, key), found.position > position else {
                return nil
            }
            return true
        }
        _ = isNew
        let answer = try await self.answer(candidate)
        return try .json(
            answer, status: answer.status == .pending ? .accepted : .ok, headers: [.location: Self.base + key])
    }

    private func answer(_ candidate: CandidateRecord) async throws -> CandidateAnswer {
        let report = try await desk.model.reports(
            key: candidate.key, image: candidate.name.text, digest: candidate.digest)
        let verdict = try await desk.model.payload(VerdictRecord.self, Topics.verdicts, candidate.key)
        let bound = try await desk.model.image(candidate.name)
        return CandidateAnswer(
            name: candidate.name, digest: candidate.digest,
            status: verdict.map { .init($0.verdict.outcome) } ?? .pending,
            registered: bound?.digest == candidate.digest && bound?.restorableUntil == nil, report: report)
    }

    @Sendable private func candidate(_ request: Request, _ context: GatewayContext) async throws -> Response {
        context.coreContext.endpointPath.value = Self.base + "{name}@{digest}"
        let missing = ProblemError.notFound("there is no such candidate, or it has expired")
        guard request.uri.path.hasPrefix(Self.base),
            let key = request.uri.path.dropFirst(Self.base.count).removingPercentEncoding(),
            let at = key.lastIndex(of: "@")
        else { throw ProblemError.malformed("a candidate is name@digest", field: "name") }
        let name: ImageName
        do { name = try ImageName(String(key[..<at])) } catch {
            // `registry/repository@digest@digest`: a name by digest.
            throw ProblemError.malformed(error.description, field: "name")
        }
        guard try context.caller().sees(name) else { throw missing }
        guard let record = try await desk.model.payload(CandidateRecord.self, Topics.candidates, key) else {
            throw missing
        }
        let answer = try await answer(record)
        return try .json(answer, status: answer.status == .pending ? .accepted : .ok)
    }
}

extension InventoryUpload {
    /// Whether `digest` is that of a manifest; else it is an index's, also where only one platform of it was scanned.
    fileprivate var isSinglePlatform: Bool { inventories.count == 1 && inventories[0].digest == digest }
}

extension CandidateRecord.Register {
    init(_ register: InventoryUpload.Register) {
        switch register {
        case .always: self = .always
        case .compliant: self = .compliant
        case .never: self = .never
        }
    }
}
