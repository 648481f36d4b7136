import Analysers
import Events
import Model
import RegistryAccess
import RegistryClient
import RegistryImages

/// What one scan gave.
struct FinishedScan: Sendable {
    var index: InventoryRecord.IndexChildren?
    var inventories: [Inventory]
    var childDigests: [Digest] { index == nil ? [] : inventories.map(\.digest) }
}

/// One registry, as a scan uses it.
struct ScanClient: Sendable {
    let registry: Registry
    let registries: RegistryClients

    /// - Throws: `RegistryAccessError`.
    func client() throws -> RemoteRegistry { try registries.client(for: registry) }

    /// - Throws: `ScanError`, `RegistryAccessError`.
    func scan(_ request: ScanRequest, with scanner: ImageScanner) async throws -> FinishedScan {
        let name = "\(request.name.registry)/\(request.name.repository)@\(request.digest)"
        let source = RegistryImageSource(
            name: name, registry: try client(), repository: request.name.repository, target: .digest(request.digest))
        let image = try await scanner.resolve(source, platforms: .only(registry.platforms))
        var inventories: [Inventory] = []
        for platform in image.platforms { inventories.append(try await scanner.scan(platform, of: source)) }
        guard image.isIndex else { return FinishedScan(index: nil, inventories: inventories) }
        let children = inventories.map { InventoryRecord.Child(platform: $0.platform, digest: $0.digest) }
        let missing = registry.platforms.filter { wanted in
            !image.platforms.contains {
                $0.platform?.os == wanted.os && $0.platform?.architecture == wanted.architecture
            }
        }
        return FinishedScan(
            index: .init(digest: request.digest, children: children, missing: missing), inventories: inventories)
    }
}
