package import ServiceRuntime

/// What a scanner serves, and what it may take.
public struct ScannerConfiguration: Sendable, Hashable {
    /// Registries name their pool; a scanner serves those that it is configured for.
    public var pools: [String]
    /// Images read at a time.
    public var width: Int
    /// Results of layers that are kept on disk.
    public var layerCacheBytesMax: Int64

    public init(pools: [String] = ["default"], width: Int = 2, layerCacheBytesMax: Int64 = 1 << 30) {
        self.pools = pools
        self.width = width
        self.layerCacheBytesMax = layerCacheBytesMax
    }
}

extension ScannerConfiguration {
    package init(from settings: inout Settings) {
        let pools = settings.list(
            "scanner.pools", default: ["default"], help: "Pools whose requests are served, separated by commas.")
        let width = settings.integer("scanner.width", default: 2, in: 1...64, help: "Images read at a time.")
        let cache = settings.integer(
            "scanner.layer-cache.megabytes", default: 1024, in: 1...1_000_000,
            help: "Results of layers that are kept on disk.")
        self.init(
            pools: pools, width: width, layerCacheBytesMax: Int64(cache) << 20)
    }
}
