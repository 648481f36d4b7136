package import Foundation
package import ServiceRuntime

/// The settings of the gateway's process.
package struct GatewayConfiguration: Sendable {
    /// Where registries send their notifications.
    package var webhooksAddress: ListenAddress
    /// Where the REST API and the console are.
    package var apiAddress: ListenAddress
    /// Hosts that may be registered with `http:`; `*` for all.
    package var plainHTTPHosts: [String]
    /// How much the spool may hold while the log cannot be reached.
    package var spoolBytesMax: Int
    /// Whether a first admin token is made when there is none.
    package var createsFirstToken: Bool
    /// Where that token is written; nil for the gateway's own folder.
    package var firstTokenFolder: URL?

    package init(
        webhooksAddress: ListenAddress = Self.defaultWebhooksAddress,
        apiAddress: ListenAddress = Self.defaultAPIAddress,
        plainHTTPHosts: [String] = [], spoolBytesMax: Int = 256 << 20, createsFirstToken: Bool = true,
        firstTokenFolder: URL? = nil
    ) {
        self.webhooksAddress = webhooksAddress
        self.apiAddress = apiAddress
        self.plainHTTPHosts = plainHTTPHosts
        self.spoolBytesMax = spoolBytesMax
        self.createsFirstToken = createsFirstToken
        self.firstTokenFolder = firstTokenFolder
    }

    package static let defaultWebhooksAddress = ListenAddress(host: "127.0.0.1", port: 8081)
    package static let defaultAPIAddress = ListenAddress(host: "127.0.0.1", port: 8080)

    package init(from settings: inout Settings) {
        let hosts = settings.list(
            "registries.plain-http",
            help: "Hosts that may be registered with http: instead of https:, separated by commas; * for all.")
        self.init(
            webhooksAddress: settings.address(
                "webhooks.listen", default: Self.defaultWebhooksAddress, help: "Where registries send notifications."),
            apiAddress: settings.address(
                "api.listen", default: Self.defaultAPIAddress, help: "Where the REST API and the console are."),
            plainHTTPHosts: hosts,
            spoolBytesMax: settings.bytes(
                "spool.bytes-max", default: 256 << 20, in: 1 << 20...1 << 40,
                help: "How much may wait on disk while the log cannot be reached; beyond it webhooks get 503."),
            createsFirstToken: settings.flag(
                "tokens.create-first", default: true,
                help: "Make an admin token in DATA/webhook-gateway/admin-token when there is none."))
    }
}
