import EventLogPort
import Events
import Foundation
import GatewayAPI
import HTTPTypes
import Hummingbird
import Model
import Storage

/// What CI found: inventories are uploaded, the verdict comes back on the open request, or later under the candidate.
///
/// An upload is an assertion of its uploader (the token): it lies under its own key and never replaces our own scan.
struct InventoryRoutes: Sendable {
    let desk: APIDesk
    private let uploads = Admission(max: Self.uploadsMax)

    init(desk: APIDesk) { self.desk = desk }

    static let waitDefault = 20
    /// Uploads that are received and stored at a time: each may take many times its 64 MiB of memory.
    static let uploadsMax = 4
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
        let candidate = try await uploads.admit { try await take(request, caller) }
        return try await answer(candidate, for: caller, within: wait)
    }

    /// Receives and stores an upload.
    /// - Returns: what it proposes.
    private func take(_ request: Request, _ caller: Principal) async throws -> CandidateRecord {
        // A newer scanner may say more of an image; nothing in an upload narrows what is done with it.
        let body = try await JSONBody.read(
            InventoryUpload.self, from: request, bytesMax: Limits.inventoryBytesMax, allowsMore: true)
        let naming = ImageNaming(registries: desk.directory.registries.filter { caller.sees($0.name) })
        let name = try naming.resolve(body.image, field: "image")
        guard caller.sees(name) else {
            throw ProblemError(.forbidden, "this token's scope does not hold the image", field: "image")
        }
        if case .digest(let digest) = name.target, digest != body.digest {
            throw ProblemError.invalid("differs from the digest in the image's name", field: "digest")
        }
        try Self.check(body)
        let (desk, trace) = (desk, TraceParent.from(request.headers[.traceparent]))
        let drafts = try await onOwnThread { try Drafts(body, name, caller, desk, trace) }
        try await desk.writer.append(drafts.all)
        return drafts.candidate
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

    /// Everything that an upload makes the gateway write.
    private struct Drafts {
        let candidate: CandidateRecord
        /// Inventories first, the index that names them next, the candidate last: nobody sees one without the others.
        let all: [RecordDraft]

        init(_ body: InventoryUpload, _ name: ImageName, _ caller: Principal, _ desk: APIDesk, _ trace: String) throws {
            let context = desk.writer.context(trace)
            func caused(_ suffix: String) -> EventContext {
                context.caused(suffix, by: ChangeWriter.source, at: context.time)
            }
            let candidateKey = CandidateRecord.key(name, body.digest)
            func key(_ digest: Digest) -> String {
                InventoryRecord.uploadKey(digest, uploader: caller.id, candidate: candidateKey)
            }
            func draft(_ record: InventoryRecord, _ digest: Digest, _ suffix: String) throws -> RecordDraft {
                try RecordDraft(Topics.inventories, key: key(digest), record, caused(suffix))
            }
            var inventories = try body.inventories.enumerated().map {
                try draft(.platform($1), $1.digest, "inventory-\($0)")
            }
            if !body.isSinglePlatform {
                let children = body.inventories.map { InventoryRecord.Child(platform: $0.platform, digest: $0.digest) }
                inventories.append(
                    try draft(.index(.init(digest: body.digest, children: children)), body.digest, "index"))
            }
            let now = desk.time.now().milliseconds
            candidate = CandidateRecord(
                name: name, digest: body.digest,
                inventoryKey: key(body.digest),
                inventories: try inventories.map {
                    Verdict.InventoryVersion(key: $0.key, sha256: try $0.contentHash())
                }.sorted(),
                register: .init(body.register), uploader: caller.id, createdAt: now,
                expiresAt: now.addingTimeInterval(Limits.candidateLife).milliseconds)
            let change = Change.candidate(candidate)
            all =
                inventories + [
                    try RecordDraft(Topics.changes, key: change.key, change, caused("candidate")),
                    try desk.writer.audit(
                        caller.actor, "inventory.upload", candidate.key, "register \(body.register.rawValue)",
                        caused("audit")),
                ]
        }
    }

    // MARK: Answering

    private func answer(
        _ candidate: CandidateRecord, for caller: Principal, within wait: Duration
    ) async throws -> Response {
        let answer = try await desk.model.answer(to: { candidate }, for: caller, within: wait) ?? .pending(candidate)
        if answer.status == .pending {
            // Whoever looks under the address finds it: the candidate itself is the catalogue's to write.
            let model = desk.model
            _ = try await model.wait(within: Limits.configurationWait) {
                try await model.document(Topics.inventories, candidate.inventoryKey)
            }
        }
        return try await Self.response(answer, headers: [.location: Self.base + candidate.key])
    }

    private static func response(_ answer: CandidateAnswer, headers: HTTPFields = [:]) async throws -> Response {
        try await .largeJSON(answer, status: answer.status == .pending ? .accepted : .ok, headers: headers)
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
        let caller = try context.caller()
        guard caller.sees(name), let digest = try? Digest(String(key[key.index(after: at)...])) else { throw missing }
        let wait = try QueryReader(request).wait()
        let model = desk.model
        if try await model.document(Topics.candidates, key) == nil {
            guard try await isOnItsWay(key, digest, from: caller) else { throw missing }
        }
        let answer = try await model.answer(
            to: { try await model.payload(CandidateRecord.self, Topics.candidates, key) }, for: caller, within: wait)
        return try await Self.response(answer ?? .pending(name, digest))
    }

    /// Whether the caller has uploaded this lately, so that the catalogue's candidate is still to come.
    private func isOnItsWay(_ candidate: String, _ digest: Digest, from caller: Principal) async throws -> Bool {
        let key = InventoryRecord.uploadKey(digest, uploader: caller.id, candidate: candidate)
        guard let upload = try await desk.model.document(Topics.inventories, key) else { return false }
        return desk.time.now().timeIntervalSince(upload.appendedAt) < Limits.candidateArrival
    }
}

extension CandidateAnswer {
    fileprivate static func pending(_ name: ImageName, _ digest: Digest) -> Self {
        CandidateAnswer(name: name, digest: digest, status: .pending, registered: false, report: nil)
    }

    fileprivate static func pending(_ candidate: CandidateRecord) -> Self { pending(candidate.name, candidate.digest) }
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
