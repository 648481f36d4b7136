import Foundation
public import Model
import Synchronization

/// An in-memory registry that is a real HTTP server: authentication modes, paging quirks, scripted answers, and a
/// count of every request.
public final class RegistrySimulator: Sendable {
    public enum Authentication: Sendable {
        case none
        case basic(user: String, secret: String)
        /// Tokens from `/token` on the same host. Without a user anybody gets one.
        case bearer(user: String? = nil, secret: String = "", identityToken: String? = nil, expiresIn: Int? = 300)
    }

    /// Deviations that real registries showed.
    public struct Quirks: Sendable {
        /// The registry's own limit of `n`; larger ones get 400 `PAGINATION_NUMBER_INVALID`.
        public var pageSizeMax = 1000
        public var sendsLink = true
        /// Answers page 1 whatever `last` says, as Quay does for a `last` that it cannot read.
        public var ignoresLast = false
        public var sendsDigestHeader = true
        public var answersHead = true
        /// The token answer's member.
        public var tokenName = "token"
        public init() {}
    }

    struct Content {
        var manifests: [String: [String: (bytes: [UInt8], type: String)]] = [:]
        var tags: [String: [String: String]] = [:]
        var blobs: [String: [UInt8]] = [:]
        var scripts: [String: [ScriptedServer.Response]] = [:]
        var tokens: Set<String> = []
        var tokensIssued = 0
    }

    public let server: ScriptedServer
    private let state: SimulatorState

    public static func start(_ authentication: Authentication = .none, quirks: Quirks = Quirks()) async throws
        -> RegistrySimulator
    {
        let state = SimulatorState(authentication, quirks)
        return RegistrySimulator(try await ScriptedServer.start { state.answer($0) }, state)
    }

    init(_ server: ScriptedServer, _ state: SimulatorState) {
        self.server = server
        self.state = state
    }

    public var port: Int { server.port }
    /// `http://127.0.0.1:PORT`.
    public var address: String { server.address }
    public var requests: [ScriptedServer.Request] { server.requests }
    /// How many requests had this method and path, such as `GET /v2/team/app/tags/list`.
    public func count(_ methodAndPath: String) -> Int { server.count(methodAndPath) }
    public func stop() async { await server.stop() }

    /// Answers the next requests of this method and path so, one after the other, then normally again.
    public func script(_ methodAndPath: String, _ responses: ScriptedServer.Response...) {
        state.content.withLock { $0.scripts[methodAndPath, default: []] += responses }
    }

    /// Makes all tokens given out so far invalid.
    public func revokeTokens() { state.content.withLock { $0.tokens = [] } }
    public var tokensIssued: Int { state.content.withLock { $0.tokensIssued } }

    @discardableResult
    public func put(_ image: ImageFixture, _ repository: String, tag: String? = nil) -> Digest {
        for bytes in image.layers + [image.configuration] { putBlob(bytes) }
        return putManifest(image.manifest, type: image.mediaType.text, repository, tag: tag)
    }

    @discardableResult
    public func putBlob(_ bytes: [UInt8]) -> Digest {
        let digest = ImageFixture.digest(bytes)
        state.content.withLock { $0.blobs[digest.text] = bytes }
        return digest
    }

    /// Stores any bytes as a manifest.
    @discardableResult
    public func putManifest(_ bytes: [UInt8], type: String, _ repository: String, tag: String? = nil) -> Digest {
        let digest = ImageFixture.digest(bytes)
        state.content.withLock { content in
            content.manifests[repository, default: [:]][digest.text] = (bytes, type)
            if let tag { content.tags[repository, default: [:]][tag] = digest.text }
        }
        return digest
    }

    /// Gives a tag without content, for listings.
    public func putTag(_ tag: String, _ repository: String) {
        state.content.withLock { $0.tags[repository, default: [:]][tag] = "" }
    }

    public func delete(_ repository: String, tag: String) {
        state.content.withLock { _ = $0.tags[repository]?.removeValue(forKey: tag) }
    }
}
