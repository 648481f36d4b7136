import Events
import Foundation
import HTTPTypes
import Model
import Synchronization

/// Registries and tokens in memory: what each request needs before anything else is looked at.
///
/// Filled from the read model; it follows within a moment of a change.
final class AccessDirectory: Sendable {
    struct Content: Sendable {
        var registries: [RegistryName: Registry] = [:]
        /// Registries that there are, but whose record cannot be read.
        var unreadable: Set<RegistryName> = []
        var tokens: [String: TokenRecord] = [:]
        /// Of the read model's counters, to see whether there is something to load.
        var version: Int64 = -1
    }

    private let content = Mutex(Content())

    var version: Int64 { content.withLock { $0.version } }
    /// Whether anything was loaded yet; before that nobody is known and nothing can be refused for good.
    var isLoaded: Bool { version >= 0 }
    var registries: [Registry] { content.withLock { $0.registries.values.sorted { $0.name < $1.name } } }
    var tokens: [TokenRecord] { content.withLock { $0.tokens.values.sorted { $0.id < $1.id } } }

    func registry(_ name: RegistryName) -> Registry? { content.withLock { $0.registries[name] } }
    func isUnreadable(_ name: RegistryName) -> Bool { content.withLock { $0.unreadable.contains(name) } }
    func token(_ id: String) -> TokenRecord? { content.withLock { $0.tokens[id] } }
    func replace(_ new: Content) { content.withLock { $0 = new } }

    /// The token's holder, or nil where the token is unknown, expired or wrong.
    func principal(bearer text: String, at now: Date) -> Principal? {
        guard let token = AccessToken(text) else { return nil }
        // An unknown id is compared too, so that the time says nothing of which ids there are.
        let record = self.token(token.id)
        let matches = token.hash.equalsInConstantTime(record?.hash ?? Self.nobody)
        guard let record, matches else { return nil }
        if let expiresAt = record.expiresAt, expiresAt <= now { return nil }
        return Principal(record)
    }

    /// Whether the token that somebody came with still lets in the same.
    func isCurrent(_ caller: Principal, at now: Date) -> Bool {
        guard let record = token(caller.id), Principal(record) == caller else { return false }
        return record.expiresAt.map { $0 > now } ?? true
    }

    private static let nobody = Digest(sha256: [UInt8](repeating: 0, count: 32))

    /// - Throws: 401; the text of the token is not repeated.
    func authenticate(_ authorization: String?, at now: Date) throws -> Principal {
        guard let authorization else {
            throw ProblemError.unauthorized("this route wants a token: Authorization: Bearer …")
        }
        let parts = authorization.split(separator: " ", maxSplits: 1)
        guard parts.count == 2, parts[0].lowercased() == "bearer" else {
            throw ProblemError.unauthorized("the scheme of Authorization is Bearer")
        }
        guard isLoaded else { throw ProblemError.unavailable("the service is starting") }
        guard let principal = principal(bearer: String(parts[1]), at: now) else {
            throw ProblemError.unauthorized("the token is unknown or has expired")
        }
        return principal
    }
}
