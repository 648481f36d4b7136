import HTTPPort
public import Model

extension RemoteRegistry {
    /// Manifests that name a manifest as their subject, such as bills of materials and signatures (OCI distribution
    /// 1.1, §Listing Referrers).
    ///
    /// A registry without that question is asked for the tag under which clients then keep the list (§Referrers Tag
    /// Schema).
    ///
    /// - Returns: at most `RegistryLimits.descriptorsMax`; empty where nothing refers to it.
    public func referrers(of digest: Digest, in repository: RepositoryName) async throws -> [Descriptor] {
        do { return try await askReferrers(digest, repository) } catch let error as RegistryError {
            switch error {
            // Some answer so to a path that they do not know; one in trouble answers so to the tag, too.
            case .serverFault(_, status: 500, _), .notFound, .unsupported:
                return try await taggedReferrers(digest, repository)
            default: throw error
            }
        }
    }

    /// Pages of one list; no image has thousands of signatures.
    private static let referrerPagesMax = 10

    private func askReferrers(_ digest: Digest, _ repository: RepositoryName) async throws -> [Descriptor] {
        let start = endpoint.api("\(repository)/referrers/").appending(verbatim: digest.text)
        let subject = Subject.manifest(repository, .digest(digest))
        var found: [Descriptor] = []
        var next: WebURL? = start
        var visited: Set<WebURL> = []
        while let url = next, visited.insert(url).inserted, visited.count <= Self.referrerPagesMax {
            let call = Call(
                .get, url, headers: ["Accept": MediaType.ociIndex.text], subject: subject,
                scopes: [Scope.pull(repository)], limits: RequestLimits(bodyBytesMax: limits.manifestBytesMax))
            let response = try await conversation.collect(call)
            guard
                let document = try? ManifestDocument(
                    response.body, contentType: response.head.headers["content-type"],
                    descriptorsMax: limits.descriptorsMax), case .index(let index) = document.parsed
            else { throw RegistryError.badAnswer(fault(subject, "the list of what refers to it is no index")) }
            found += index.manifests
            guard found.count <= limits.descriptorsMax else { return Array(found.prefix(limits.descriptorsMax)) }
            next = LinkHeader.next(in: response.head.headers.all("link")).flatMap { link in
                (try? response.head.url.resolving(link)).flatMap { $0.origin == start.origin ? $0 : nil }
            }
        }
        return found
    }

    private func taggedReferrers(_ digest: Digest, _ repository: RepositoryName) async throws -> [Descriptor] {
        let tag = "\(digest.algorithm.rawValue)-\(digest.hex.prefix(64))"
        guard let name = try? TagName(tag) else { return [] }
        do {
            guard case .index(let index) = try await manifest(repository, .tag(name)).parsed else { return [] }
            return index.manifests
        } catch let error as RegistryError {
            guard case .notFound = error else { throw error }
            return []
        }
    }
}
