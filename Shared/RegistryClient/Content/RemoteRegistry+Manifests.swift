import HTTPPort
public import Model

extension RemoteRegistry {
    /// Asks what a name points at now, with HEAD; with GET where the registry's HEAD does not tell.
    ///
    /// `notFound` is said only after a GET confirmed it: a registry without HEAD may answer 404 to it.
    public func resolve(_ repository: RepositoryName, _ target: ReferenceTarget) async throws -> ResolvedManifest {
        let call = manifestCall(.head, repository, target)
        let head: ResponseHead?
        do { head = try await conversation.collect(call).head } catch let error as RegistryError {
            switch error {
            case .notFound, .unsupported, .badAnswer: head = nil
            default: throw error
            }
        }
        if let head, let digest = try declaredDigest(head, repository, target) {
            let type = head.headers["content-type"].map { MediaType($0) }
            return ResolvedManifest(digest: digest, mediaType: type, sizeBytes: head.contentLength)
        }
        let manifest = try await manifest(repository, target)
        return ResolvedManifest(
            digest: manifest.digest, mediaType: manifest.mediaType, sizeBytes: Int64(manifest.bytes.count))
    }

    /// Fetches a manifest or index and checks it: size, digest, one meaning.
    public func manifest(_ repository: RepositoryName, _ target: ReferenceTarget) async throws -> FetchedManifest {
        let subject = Subject.manifest(repository, target)
        let response = try await conversation.collect(manifestCall(.get, repository, target))
        let digest = try identity(of: response, repository, target)
        do {
            let document = try ManifestDocument(
                response.body, contentType: response.head.headers["content-type"], descriptorsMax: limits.descriptorsMax
            )
            return FetchedManifest(
                repository: repository, digest: digest, mediaType: document.mediaType, bytes: response.body,
                parsed: document.parsed)
        } catch ManifestDocument.Failure.bad(let reason) {
            throw RegistryError.badAnswer(fault(subject, reason))
        } catch ManifestDocument.Failure.unsupported(let type) {
            throw RegistryError.unsupportedMediaType(fault(subject, "only image manifests and indexes are read"), type)
        }
    }

    /// As `manifest`, but only an image or an index is an answer.
    /// - Throws: `RegistryError.notAnImage` and `.unsupportedMediaType` (schema 1).
    public func image(_ repository: RepositoryName, _ target: ReferenceTarget) async throws -> FetchedManifest {
        let fetched = try await manifest(repository, target)
        let subject = Subject.manifest(repository, target)
        switch fetched.parsed {
        case .manifest, .index: return fetched
        case .artifact(_, let type): throw RegistryError.notAnImage(fault(subject, "its manifest says so"), type: type)
        case .schema1:
            throw RegistryError.unsupportedMediaType(fault(subject, "schema 1 is obsolete"), fetched.mediaType)
        }
    }

    private static let accepted = [
        MediaType.ociIndex, .dockerList, .ociManifest, .dockerManifest, .dockerSchema1Signed, .dockerSchema1,
    ]

    private func manifestCall(
        _ method: OutboundRequest.Method, _ repository: RepositoryName, _ target: ReferenceTarget
    ) -> Call {
        let accept = Self.accepted.map(\.text).joined(separator: ", ")
        return Call(
            method, endpoint.api("\(repository)/manifests/").appending(verbatim: target.description),
            headers: ["Accept": accept],
            subject: .manifest(repository, target), scopes: [Scope.pull(repository)],
            limits: RequestLimits(bodyBytesMax: limits.manifestBytesMax))
    }

    /// `Docker-Content-Digest` of a HEAD; nil where it is missing or unreadable.
    private func declaredDigest(
        _ head: ResponseHead, _ repository: RepositoryName, _ target: ReferenceTarget
    ) throws -> Digest? {
        guard let text = head.headers["docker-content-digest"], let digest = try? Digest(text) else { return nil }
        guard case .digest(let asked) = target else { return digest }
        guard digest.algorithm == asked.algorithm else { return nil }
        guard digest == asked else {
            throw RegistryError.digestMismatch(
                fault(.manifest(repository, target), "by its header"), expected: asked, actual: digest)
        }
        return asked
    }

    /// The digest of what came, checked against what was asked for and what the registry declared.
    private func identity(
        of response: CollectedResponse, _ repository: RepositoryName, _ target: ReferenceTarget
    ) throws -> Digest {
        let subject = Subject.manifest(repository, target)
        if let length = response.head.contentLength, length != Int64(response.body.count) {
            throw RegistryError.sizeMismatch(
                fault(subject, "by its length"), expected: length, actual: Int64(response.body.count))
        }
        if case .digest(let asked) = target {
            let actual = DigestCheck.digest(of: response.body, asked.algorithm)
            guard actual == asked else {
                throw RegistryError.digestMismatch(fault(subject, "by its content"), expected: asked, actual: actual)
            }
            return asked
        }
        if let text = response.head.headers["docker-content-digest"], let declared = try? Digest(text) {
            let actual = DigestCheck.digest(of: response.body, declared.algorithm)
            guard actual == declared else {
                throw RegistryError.digestMismatch(fault(subject, "by its content"), expected: declared, actual: actual)
            }
        }
        return DigestCheck.digest(of: response.body, .sha256)
    }
}
