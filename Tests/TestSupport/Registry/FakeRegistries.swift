import EventLogPort
public import Model
public import RegistryAccess
public import RegistryClient
import Synchronization

/// Registries without a network: what they hold, what they were asked, and how they fail is the test's to say.
public final class FakeRegistries: RegistryDirectory {
    public struct Content: Sendable {
        /// `registry/repository:tag` or `registry/repository@digest`.
        public var images: [ImageName: Digest] = [:]
        /// What a name shows from its second question on.
        public var next: [ImageName: Digest] = [:]
        /// Thrown by every call to the registry.
        public var down: [RegistryName: RegistryError] = [:]
        /// Thrown for one name.
        public var broken: [ImageName: RegistryError] = [:]
        /// Thrown for the tags of one repository.
        public var brokenRepositories: [RepositoryName: RegistryError] = [:]
        /// Thrown by the ping of a registry alone.
        public var brokenPings: [RegistryName: RegistryError] = [:]
        /// Repositories or tags left out of listings, which then say that they are incomplete.
        public var cutRepositories: Set<RepositoryName> = []
        public var cutsCatalogue = false
        /// Every call waits until this is false or its task is cancelled.
        public var holds = false
        /// Such as `resolve example/app:1`, `tags example/app`, `repositories example`.
        public var calls: [String] = []
        public var running = 0
        public var runningMax = 0
    }

    private let state = Mutex(Content())
    /// Where calls wait while `holds`; a new one each time that it was opened.
    private let door = Mutex(Gate())

    public init() {}

    public func update(_ body: (inout Content) -> Void) {
        let door = state.withLock { state in
            body(&state)
            return state.holds
                ? nil
                : self.door.withLock { door in
                    defer { door = Gate() }
                    return door
                }
        }
        door?.open()
    }
    public var content: Content { state.withLock { $0 } }
    public func count(_ prefix: String) -> Int { state.withLock { $0.calls.filter { $0.hasPrefix(prefix) }.count } }

    public func reader(for registry: Registry) throws -> any RegistryReader {
        FakeReader(registry: registry.name, registries: self)
    }

    /// An error as a client throws it.
    public static func fault(_ subject: String = "it") -> RegistryError.Fault {
        RegistryError.Fault(registry: "example", subject: subject, detail: "by the test")
    }

    fileprivate func call(_ text: String, _ registry: RegistryName) async throws {
        state.withLock { state in
            state.calls.append(text)
            state.running += 1
            state.runningMax = max(state.runningMax, state.running)
        }
        defer { state.withLock { $0.running -= 1 } }
        let door = state.withLock { $0.holds ? self.door.withLock { $0 } : nil }
        await door?.wait()
        try Task.checkCancellation()
        await Task.yield()
        if let error = state.withLock({ $0.down[registry] }) { throw error }
    }
}

private struct FakeReader: RegistryReader {
    let registry: RegistryName
    let registries: FakeRegistries

    func ping() async throws {
        try await registries.call("ping \(registry)", registry)
        if let error = registries.content.brokenPings[registry] { throw error }
    }

    func resolve(_ repository: RepositoryName, _ target: ReferenceTarget) async throws -> ResolvedManifest {
        let name = ImageName(registry: registry, repository: repository, target: target)
        try await registries.call("resolve \(name)", registry)
        let content = registries.content
        registries.update { if let next = $0.next.removeValue(forKey: name) { $0.images[name] = next } }
        if let error = content.broken[name] { throw error }
        guard let digest = content.images[name] else { throw RegistryError.notFound(FakeRegistries.fault(name.text)) }
        return ResolvedManifest(digest: digest, mediaType: .ociManifest, sizeBytes: 1)
    }

    func repositories(progress: (@Sendable (Int) async -> Void)?) async throws -> Listing<RepositoryName> {
        try await registries.call("repositories \(registry)", registry)
        let content = registries.content
        var listing = Listing<RepositoryName>()
        let all = Set(content.images.keys.filter { $0.registry == registry }.map(\.repository)).sorted()
        listing.names = all.filter { !content.cutRepositories.contains($0) }
        if content.cutsCatalogue { listing.incompleteBecause = "by the test" }
        return listing
    }

    func tags(
        of repository: RepositoryName, progress: (@Sendable (Int) async -> Void)?
    ) async throws -> Listing<TagName> {
        try await registries.call("tags \(registry)/\(repository)", registry)
        let content = registries.content
        if let error = content.brokenRepositories[repository] { throw error }
        var listing = Listing<TagName>()
        listing.names = content.images.keys.filter { $0.registry == registry && $0.repository == repository }
            .compactMap(\.tag).sorted()
        guard !listing.names.isEmpty else { throw RegistryError.notFound(FakeRegistries.fault(repository.text)) }
        return listing
    }
}
