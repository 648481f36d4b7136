import Foundation
import HTTPPort
public import Model

extension RemoteRegistry {
    /// Lists repositories with `_catalog`, page by page.
    ///
    /// - Parameter progress: told after each page how many names there are so far.
    /// - Throws: `RegistryError.unsupported` or `.notFound` where the registry has no catalogue (Docker Hub).
    public func repositories(
        progress: (@Sendable (Int) async -> Void)? = nil
    ) async throws -> Listing<RepositoryName> {
        try await list("_catalog", .catalogue, scopes: [Scope.catalogue], progress)
    }

    /// Lists the tags of a repository.
    /// - Throws: `RegistryError.notFound` for a repository that the registry does not have.
    public func tags(
        of repository: RepositoryName, progress: (@Sendable (Int) async -> Void)? = nil
    ) async throws -> Listing<TagName> {
        try await list("\(repository)/tags/list", .tags(repository), scopes: [Scope.pull(repository)], progress)
    }

    private func list<Name: TextValue>(
        _ path: String, _ subject: Subject, scopes: [String], _ progress: (@Sendable (Int) async -> Void)?
    ) async throws -> Listing<Name> {
        let start = endpoint.api(path)
        var walk = PageWalk<Name>(start: start, limits: limits)
        while let url = walk.nextURL {
            let call = Call(
                .get, url, headers: ["Accept": "application/json"], subject: subject, scopes: scopes, limits: pageLimits
            )
            let response: CollectedResponse
            do { response = try await conversation.collect(call) } catch RegistryError.badAnswer(let fault) {
                // A registry with a smaller limit refuses even 100 (PAGINATION_NUMBER_INVALID): ask without `n`.
                guard fault.detail.contains("PAGINATION_NUMBER_INVALID"), walk.dropPageSize() else {
                    throw RegistryError.badAnswer(fault)
                }
                continue
            }
            guard let page = try? JSONDecoder().decode(NamePage.self, from: Data(response.body)) else {
                throw RegistryError.badAnswer(
                    fault(subject, "the page is not the JSON object that the protocol describes"))
            }
            walk.take(page.names, link: LinkHeader.next(in: response.head.headers.all("link")), at: response.head.url)
            await progress?(walk.listing.names.count)
        }
        return walk.listing
    }

    private var pageLimits: RequestLimits { RequestLimits(bodyBytesMax: limits.pageBytesMax) }

    func fault(_ subject: Subject, _ detail: String) -> RegistryError.Fault {
        RegistryError.Fault(registry: endpoint.description, subject: subject.description, detail: detail)
    }
}

/// `{"repositories":[…]}` or `{"name":…,"tags":[…]}`; the list and its entries may be null.
private struct NamePage: Decodable {
    let names: [String]
    enum CodingKeys: String, CodingKey { case repositories, tags }
    init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        let lists = try [
            values.decodeIfPresent([String?].self, forKey: .repositories),
            values.decodeIfPresent([String?].self, forKey: .tags),
        ]
        names = lists.compactMap { $0 }.flatMap { $0.compactMap { $0 } }
    }
}
