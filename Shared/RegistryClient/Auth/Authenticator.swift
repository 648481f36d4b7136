import HTTPPort

/// What was sent to prove who asks, and where it came from.
struct Authorization: Sendable {
    enum Source: Sendable {
        case basic(RegistryCredential)
        case token(TokenKey)
        case given
    }
    let credential: OriginCredential
    let source: Source
    let value: String
}

/// Knows how a registry wants to be asked, and keeps its tokens.
///
/// Tokens are kept per realm, service, credential and scopes, renewed at four fifths of their life; one exchange runs
/// per key. A credential that the realm or the registry refused is not sent again for `credentialFailureHold`.
actor Authenticator {
    static let tokensMax = 4_096

    private enum Scheme {
        case basic
        case bearer(realm: WebURL, service: String?)
    }

    private let endpoint: RegistryEndpoint
    private let credentials: CredentialProvider
    private let clock: PassedClock
    private let limits: RegistryLimits
    private let exchange: TokenExchange
    private let random: @Sendable () -> any RandomNumberGenerator

    private var scheme: Scheme?
    /// What a call's own scopes are called by the registry's challenges (ACR wants `metadata_read` for tags).
    private var scopeNames: [[String]: [String]] = [:]
    private var tokens: [TokenKey: Token] = [:]
    private var exchanges: [TokenKey: Task<Token, any Error>] = [:]
    private var refusedCredentials: [RegistryCredential: (until: Duration, error: RegistryError)] = [:]
    private(set) var knownSecrets: [String] = []

    init(
        endpoint: RegistryEndpoint, credentials: @escaping CredentialProvider, transport: any HTTPTransport,
        clock: PassedClock,
        limits: RegistryLimits, random: @escaping @Sendable () -> any RandomNumberGenerator
    ) {
        self.endpoint = endpoint
        self.credentials = credentials
        self.clock = clock
        self.limits = limits
        self.random = random
        exchange = TokenExchange(endpoint: endpoint, transport: transport, clock: clock, limits: limits)
    }

    /// What to send before the registry asked, from what it asked for last time; nil for nothing.
    func authorization(for call: Call) async throws -> Authorization? {
        let credential = try await currentCredential()
        if case .registryToken(let token) = credential { return bearer(token, .given) }
        switch scheme {
        case nil: return nil
        case .basic: return basic(credential)
        case .bearer(let realm, let service):
            let scopes = scopeNames[call.scopes] ?? call.scopes
            let key = TokenKey(realm: realm, service: service, credential: credential, scopes: scopes)
            return bearer(try await token(key, asking: scopes), .token(key))
        }
    }

    /// Answers a challenge, or returns nil when there is nothing (more) to answer with.
    func answer(_ challenges: [Challenge], for call: Call, refused: Authorization?) async throws -> Authorization? {
        let credential = try await currentCredential()
        if case .registryToken = credential { return nil }
        if let challenge = challenges.first(where: { $0.scheme == "bearer" }), let realm = challenge.parameters["realm"]
        {
            let url = try RealmRule.check(realm, at: endpoint)
            let service = challenge.parameters["service"]
            scheme = .bearer(realm: url, service: service)
            let asked = challenge.parameters["scope"]?.split(separator: " ").map(String.init) ?? []
            let scopes = asked.isEmpty ? call.scopes : Array(asked.prefix(8))
            if scopeNames.count < Self.tokensMax { scopeNames[call.scopes] = scopes }
            let key = TokenKey(realm: url, service: service, credential: credential, scopes: scopes)
            if case .token(key) = refused?.source, tokens[key]?.value == refused?.value { tokens[key] = nil }
            return bearer(try await token(key, asking: scopes), .token(key))
        }
        guard challenges.contains(where: { $0.scheme == "basic" }) else { return nil }
        scheme = .basic
        if case .basic = refused?.source {
            refused.map(wasRefused)
            return nil
        }
        return basic(credential)
    }

    /// Notes that an answer to a fresh challenge was refused as well.
    func wasRefused(_ authorization: Authorization) {
        switch authorization.source {
        case .basic(let credential):
            let fault = RegistryError.Fault(
                registry: endpoint.description, subject: Subject.api.description,
                detail: "user and secret were refused before")
            hold(credential, .unauthorized(fault))
        case .token(let key): tokens[key] = nil
        case .given: break
        }
    }

    private func currentCredential() async throws -> RegistryCredential {
        let credential = try await credentials()
        knownSecrets = credential.secrets
        if let held = refusedCredentials[credential] {
            if clock.elapsed() < held.until { throw held.error }
            refusedCredentials[credential] = nil
        }
        return credential
    }

    private func hold(_ credential: RegistryCredential, _ error: RegistryError) {
        guard credential != .anonymous else { return }
        refusedCredentials = [credential: (clock.elapsed() + limits.credentialFailureHold, error)]
    }

    private func basic(_ credential: RegistryCredential) -> Authorization? {
        guard case .basic(let user, let secret) = credential else { return nil }
        return Authorization(
            credential: .basic(user: user, secret: secret, for: endpoint.origin), source: .basic(credential),
            value: secret)
    }

    private func bearer(_ token: String, _ source: Authorization.Source) -> Authorization {
        Authorization(credential: .bearer(token, for: endpoint.origin), source: source, value: token)
    }

    /// The token of a key: kept, being fetched, or fetched now.
    private func token(_ key: TokenKey, asking scopes: [String]) async throws -> String {
        if let token = tokens[key], clock.elapsed() < token.renewAt { return token.value }
        if let running = exchanges[key] { return try await running.value.value }
        // Not a child task: others wait for the same exchange, so the end of one caller must not end it. It is bounded
        // by the limits of its requests.
        let task = Task { try await fetch(key, asking: scopes) }
        exchanges[key] = task
        defer { exchanges[key] = nil }
        do {
            let token = try await task.value
            if tokens.count >= Self.tokensMax { tokens.removeAll() }
            tokens[key] = token
            return token.value
        } catch let error as RegistryError {
            if case .unauthorized = error { hold(key.credential, error) }
            throw error
        }
    }

    private func fetch(_ key: TokenKey, asking scopes: [String]) async throws -> Token {
        let start = clock.elapsed()
        let answer = try await exchange.fetch(key, scopes: scopes)
        var generator = random()
        let share = Double.random(in: 0.72...0.8, using: &generator)
        return Token(value: answer.value, renewAt: start + .seconds(answer.lifeSeconds) * share)
    }
}

extension Double {
    /// A draw from a generator of unknown type.
    fileprivate static func random(in range: ClosedRange<Double>, using generator: inout any RandomNumberGenerator)
        -> Double
    {
        func draw(_ generator: inout some RandomNumberGenerator) -> Double { .random(in: range, using: &generator) }
        return draw(&generator)
    }
}
