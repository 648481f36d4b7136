import HTTPPort

/// Which token realms a registry may send us to.
///
/// The registry's own host is always allowed, another only from the endpoint's list. HTTPS, unless the registry itself
/// is plain HTTP and the realm is on its host. Addresses are checked by the transport when it connects.
enum RealmRule {
    static func check(_ realm: String, at endpoint: RegistryEndpoint) throws(RegistryError) -> WebURL {
        func refuse(_ reason: String, _ shown: String) -> RegistryError {
            let fault = RegistryError.Fault(
                registry: endpoint.description, subject: Subject.token.description, detail: reason)
            return .realmRefused(fault, realm: shown)
        }
        let url: WebURL
        do { url = try endpoint.baseURL.resolving(realm) } catch {
            throw refuse("it is not a URL of http or https", "an unreadable address")
        }
        let isOwnHost = url.host == endpoint.baseURL.host
        guard isOwnHost || endpoint.realmHosts.contains(url.host) || endpoint.realmHosts.contains(url.origin.authority)
        else {
            throw refuse("that host is neither the registry's own nor trusted for it", url.origin.description)
        }
        guard url.scheme == .https || (isOwnHost && endpoint.allowsPlainHTTP) else {
            throw refuse("it is plain HTTP", url.origin.description)
        }
        return url
    }
}
