import Crypto
import Events
import Foundation
import GatewayAPI
import HTTPPort
import HTTPTypes
import Model
import RegistryAccess

/// From a request to a registry's record: checks each field, seals the credential, keeps the secrets that were not
/// given
/// again as far as they still hold.
struct RegistryForm {
    static let aliasesMax = 20
    static let patternsMax = 200
    static let descriptionBytesMax = 2_000
    static let textBytesMax = 1_000
    static let headerValueBytesMax = 4_096

    let sealer: CredentialSealer
    let plainHTTP: PlainHTTPRule

    /// - Throws: 422 that names the field.
    func registry(_ request: RegistryRequest, before: Registry?) throws -> Registry {
        let url = try checkedURL(request.url)
        var registry = Registry(
            name: request.name, kind: request.kind ?? before?.kind ?? .distribution, url: url,
            aliases: try aliases(request.aliases ?? []), description: request.description,
            filter: request.filter ?? ImageFilter(), enumeration: request.enumeration, rescan: request.rescan,
            platforms: try platforms(request.platforms), pool: request.pool ?? "default", caFile: request.caFile,
            skipTLSVerification: request.skipTLSVerification ?? false,
            clientCertificateFile: request.clientCertificateFile, clientKeyFile: request.clientKeyFile)
        try check(registry)
        registry.webhook = request.removesWebhook ? nil : try webhook(request.webhook, before: before?.webhook)
        registry.credential =
            request.removesCredential ? nil : try credential(request.credential, for: registry, before: before)
        registry.version = before?.version ?? 1
        return registry
    }

    /// What of the record in force stays when the catalogue comes to the wish: secrets that were not given may have
    /// been changed by then.
    static func condition(
        _ version: Change.Condition.Version, _ request: RegistryRequest, _ caller: Principal
    ) -> Change.Condition {
        var condition = Change.Condition(version)
        if request.credential == nil, !request.removesCredential {
            condition.keepsCredential = caller.role == .admin ? .always : .whileTrusted
        }
        if request.webhook == nil, !request.removesWebhook { condition.keepsWebhook = .whole }
        if let webhook = request.webhook, webhook.value == nil { condition.keepsWebhook = .secret }
        return condition
    }

    // MARK: Address

    private func checkedURL(_ text: String) throws -> String {
        let url: WebURL
        do { url = try WebURL(text) } catch { throw ProblemError.invalid(error.description, field: "url") }
        guard url.query == nil else { throw ProblemError.invalid("a registry's URL has no query", field: "url") }
        guard url.scheme == .https || plainHTTP.allows(url.host) else {
            throw ProblemError.invalid(
                "plain http to \(url.host) is not allowed here; the operator lists such hosts", field: "url")
        }
        // As the grammar reads it: what was checked is what is stored.
        let plain = url.description
        return plain.hasSuffix("/") ? String(plain.dropLast()) : plain
    }

    private func aliases(_ aliases: [String]) throws -> [String] {
        guard aliases.count <= Self.aliasesMax else {
            throw ProblemError.invalid("has more than \(Self.aliasesMax) entries", field: "aliases")
        }
        for (index, alias) in aliases.enumerated() {
            let field = "aliases[\(index)]"
            let host = alias.prefix { $0 != "/" }
            do { _ = try RegistryHost(String(host)) } catch { throw ProblemError.invalid(error, field: field) }
            let path = alias.dropFirst(host.count).drop { $0 == "/" }
            guard !path.isEmpty else { continue }
            do { _ = try RepositoryName(String(path)) } catch { throw ProblemError.invalid(error, field: field) }
        }
        return aliases
    }

    // MARK: Settings

    private func platforms(_ texts: [String]?) throws -> [Platform] {
        guard let texts else { return [.linuxAMD64] }
        guard (1...Limits.platformsMax).contains(texts.count) else {
            throw ProblemError.invalid("names 1 to \(Limits.platformsMax) platforms", field: "platforms")
        }
        return try texts.enumerated().map { index, text in
            do { return try Platform(text) } catch let error as ParseError {
                throw ProblemError.invalid(error, field: "platforms[\(index)]")
            }
        }
    }

    private func check(_ registry: Registry) throws {
        func limit(_ text: String?, _ bytes: Int, _ field: String) throws {
            guard (text ?? "").utf8.count <= bytes else {
                throw ProblemError.invalid("has more than \(bytes) bytes", field: field)
            }
        }
        try limit(registry.description, Self.descriptionBytesMax, "description")
        // A pool is part of the name of a topic.
        do { _ = try RegistryName(registry.pool) } catch { throw ProblemError.invalid(error.reason, field: "pool") }
        if registry.caFile != nil, registry.skipTLSVerification {
            throw ProblemError.invalid("is not used together with caFile", field: "skipTLSVerification")
        }
        try checkFiles(registry)
        let filter = registry.filter
        let patterns =
            filter.includeRepositories.count + filter.excludeRepositories.count + filter.includeTags.count
            + filter.excludeTags.count
        guard patterns <= Self.patternsMax else {
            throw ProblemError.invalid("has more than \(Self.patternsMax) patterns", field: "filter")
        }
        for (schedule, field) in [(registry.enumeration, "enumeration"), (registry.rescan, "rescan")] {
            try ScheduleForm.check(schedule, field: field)
        }
    }

    private func checkFiles(_ registry: Registry) throws {
        let files = [
            (registry.caFile, "caFile"), (registry.clientCertificateFile, "clientCertificateFile"),
            (registry.clientKeyFile, "clientKeyFile"),
        ]
        for case (let file?, let field) in files {
            guard file.utf8.count <= Self.textBytesMax else {
                throw ProblemError.invalid("has more than \(Self.textBytesMax) bytes", field: field)
            }
            guard file.hasPrefix("/") else {
                throw ProblemError.invalid("wants an absolute path on the services' machines", field: field)
            }
        }
        if (registry.clientCertificateFile == nil) != (registry.clientKeyFile == nil) {
            let field = registry.clientKeyFile == nil ? "clientKeyFile" : "clientCertificateFile"
            throw ProblemError.invalid("a client certificate needs both the certificate and its key", field: field)
        }
    }

    // MARK: Secrets

    private func webhook(
        _ request: RegistryRequest.Webhook?, before: WebhookAuthentication?
    ) throws -> WebhookAuthentication? {
        guard let request else { return before }
        guard let name = HTTPField.Name(request.header), request.header.utf8.count <= 100 else {
            throw ProblemError.invalid("is no header's name", field: "webhook.header")
        }
        guard let value = request.value else {
            guard let before else {
                throw ProblemError.invalid("there is no earlier value to keep", field: "webhook.value")
            }
            return WebhookAuthentication(header: name.rawName, valueSHA256: before.valueSHA256)
        }
        let isPlain = value.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F }
        guard !value.isEmpty, value.utf8.count <= Self.headerValueBytesMax, isPlain, !value.hasPrefix(" "),
            !value.hasSuffix(" ")
        else {
            throw ProblemError.invalid(
                "is the whole value of the header: 1 to \(Self.headerValueBytesMax) characters", field: "webhook.value")
        }
        return WebhookAuthentication(
            header: name.rawName, valueSHA256: Model.Digest(sha256: SHA256.hash(data: Data(value.utf8))))
    }

    private func credential(
        _ request: RegistryRequest.Credential?, for registry: Registry, before: Registry?
    ) throws -> SealedCredential? {
        guard let request else {
            guard let before, CredentialSealer.survives(from: before, to: registry) else { return nil }
            return before.credential
        }
        if let reference = request.reference {
            guard request.password == nil else {
                throw ProblemError.invalid("is not given together with a reference", field: "credential.password")
            }
            guard CredentialSealer.isAcceptable(reference: reference) else {
                throw ProblemError.invalid("is file:/absolute/path or env:NAME", field: "credential.reference")
            }
            return .reference(user: request.username, source: reference)
        }
        guard let password = request.password else {
            throw ProblemError.invalid("wants a password or a reference", field: "credential.password")
        }
        do {
            return try sealer.seal(user: request.username, secret: RegistrySecret(password), for: registry)
        } catch {
            throw ProblemError.invalid(error.description, field: "credential")
        }
    }
}

extension CredentialSealer {
    static func isAcceptable(reference: String) -> Bool {
        CredentialSources.isReference(reference) && reference.utf8.count <= RegistryForm.textBytesMax
    }
}

/// Checks a daily schedule.
enum ScheduleForm {
    /// - Throws: 422 for a time zone that this machine does not know.
    static func check(_ schedule: Schedule?, field: String) throws {
        guard let schedule else { return }
        guard TimeZone(identifier: schedule.timeZone) != nil else {
            throw ProblemError.invalid("is no time zone of the IANA list", field: field + ".timeZone")
        }
    }
}
