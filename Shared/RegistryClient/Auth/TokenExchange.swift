import Foundation
import HTTPPort

/// Asks a token realm (CNCF Distribution: token and OAuth2 authentication).
struct TokenExchange: Sendable {
    let endpoint: RegistryEndpoint
    let transport: any HTTPTransport
    let clock: PassedClock
    let limits: RegistryLimits

    /// - Throws: `RegistryError.unauthorized` when the realm refuses the credential.
    func fetch(_ key: TokenKey, scopes: [String]) async throws -> TokenAnswer {
        var response = try await ask(key, scopes: scopes)
        if response.head.status == 400, scopes == [Scope.catalogue] {
            // Quay's realm cannot read a catalogue scope; a token without scope lists.
            response = try await ask(key, scopes: [])
        }
        guard response.head.isSuccess else {
            let report = ErrorReport(
                Answer(head: response.head, errorBody: response.body), secrets: key.credential.secrets)
            throw report.error(registry: endpoint, subject: .token, unixNow: clock.unixNow())
        }
        do { return try JSONDecoder().decode(TokenAnswer.self, from: Data(response.body)) } catch {
            throw RegistryError.badAnswer(fault("the token realm \(key.realm.origin) answered without a token"))
        }
    }

    private func ask(_ key: TokenKey, scopes: [String]) async throws -> CollectedResponse {
        guard case .identityToken(let refreshToken) = key.credential else { return try await get(key, scopes: scopes) }
        var form = [("grant_type", "refresh_token"), ("client_id", "pratique"), ("refresh_token", refreshToken)]
        if let service = key.service { form.append(("service", service)) }
        if !scopes.isEmpty { form.append(("scope", scopes.joined(separator: " "))) }
        let response = try await collect(
            .post, key.realm, body: Form.encode(form), headers: ["Content-Type": "application/x-www-form-urlencoded"])
        // A realm without the OAuth2 form.
        guard response.head.status == 404 || response.head.status == 405 else { return response }
        return try await get(key, scopes: scopes)
    }

    private func get(_ key: TokenKey, scopes: [String]) async throws -> CollectedResponse {
        var query: [(String, String)] = []
        if let service = key.service { query.append(("service", service)) }
        query += scopes.map { ("scope", $0) }
        var credential: OriginCredential?
        switch key.credential {
        case .basic(let user, let secret):
            query.append(("account", user))
            credential = .basic(user: user, secret: secret, for: key.realm.origin)
        case .identityToken(let token): credential = .basic(user: "<token>", secret: token, for: key.realm.origin)
        case .anonymous, .registryToken: break
        }
        return try await collect(.get, key.realm.appending(query: query), credential: credential)
    }

    private func collect(
        _ method: OutboundRequest.Method, _ url: WebURL, body: [UInt8] = [], headers: HeaderList = [],
        credential: OriginCredential? = nil
    ) async throws -> CollectedResponse {
        var headers = headers
        headers["User-Agent"] = "pratique"
        headers["Accept"] = "application/json"
        let isOwnHost = url.host == endpoint.baseURL.host
        let request = OutboundRequest(
            method, url, headers: headers, body: body, credential: credential,
            limits: RequestLimits(total: .seconds(30), bodyBytesMax: limits.tokenBytesMax), redirects: .follow(max: 3),
            allowsPlainHTTP: endpoint.allowsPlainHTTP && isOwnHost,
            tls: isOwnHost ? endpoint.tls : endpoint.tls.authorities)
        do { return try await transport.collect(request) } catch let error as HTTPTransportError {
            throw RegistryError(error, at: endpoint, subject: .token)
        }
    }

    private func fault(_ detail: String) -> RegistryError.Fault {
        RegistryError.Fault(registry: endpoint.description, subject: Subject.token.description, detail: detail)
    }
}

/// Scopes of tokens.
enum Scope {
    static let catalogue = "registry:catalog:*"
    static func pull(_ repository: some CustomStringConvertible) -> String { "repository:\(repository):pull" }
}

extension TLSOptions {
    /// The same authorities, but neither the client certificate nor a skipped verification, which belong to one host.
    fileprivate var authorities: TLSOptions {
        guard case .systemAnd = verification else { return .standard }
        return TLSOptions(verification: verification)
    }
}
