package import Foundation
import RegistryAccess
package import ServiceRuntime

/// Where a process keeps its data, and what it may reach.
package struct CompositionConfiguration: Sendable {
    /// The log, views, spool and cache live below it.
    package var dataFolder: URL
    /// Keys that seal registry credentials: outside the data folder, mode 0600.
    package var keyFile: URL
    /// Hosts, addresses and CIDR blocks in private ranges that may be connected to.
    package var allowedAddresses: [String]
    /// Scanner pools whose topics are declared.
    package var pools: [String]
    /// Whether a missing key file is made: by the first of the processes that share it.
    package var createsKeys: Bool
    /// Whether the process opens registry credentials. One that does not needs no keys.
    package var opensCredentials = true
    package var environment: [String: String]
    /// Where the log is; a file in the data folder if nil.
    package var kafka: KafkaSettings?

    package init(
        dataFolder: URL, keyFile: URL? = nil, allowedAddresses: [String] = [], pools: [String] = ["default"],
        createsKeys: Bool = false, kafka: KafkaSettings? = nil,
        environment: [String: String] = ProcessInfo.processInfo.environment
    ) {
        self.dataFolder = dataFolder
        self.keyFile = keyFile ?? Self.keyFile(beside: dataFolder)
        self.allowedAddresses = allowedAddresses
        self.pools = pools
        self.createsKeys = createsKeys
        self.kafka = kafka
        self.environment = environment
    }

    package init(from settings: inout Settings, opensCredentials: Bool = true) {
        let folder = URL(
            fileURLWithPath: settings.text(
                "data.folder", default: "/data",
                help: "Folder for the log where it is a file, and for views, spool and cache."))
        let keyFile = settings.optionalText(
            "credentials.key-file", help: "Keys that seal registry credentials; mode 0600, outside the data folder.")
        let createsKeys = settings.flag(
            "credentials.create-keys", default: false, help: "Make the key file when it is missing.")
        let allowed = settings.list(
            "http.allowed-addresses",
            help: "Private hosts, addresses and CIDR blocks that may be connected to, separated by commas.")
        self.init(
            dataFolder: folder, keyFile: keyFile.map { URL(fileURLWithPath: $0) }, allowedAddresses: allowed,
            createsKeys: createsKeys, kafka: KafkaSettings.read(from: &settings))
        self.opensCredentials = opensCredentials
        if opensCredentials { settings.reads(variable: KeyRing.environmentName) }
    }

    /// `DATA.key`, next to the data folder, so that a copy of the data alone opens nothing.
    private static func keyFile(beside folder: URL) -> URL {
        let folder = folder.standardizedFileURL
        return folder.deletingLastPathComponent().appending(path: folder.lastPathComponent + ".key")
    }
}
