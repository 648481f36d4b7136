package import ServiceRuntime

/// What a scanner serves, and what it may take.
public struct ScannerConfiguration: Sendable, Hashable {
    /// Registries name their pool; a scanner serves those that it is configured for.
    public var pools: [String]
    /// Images read at a time; one more while all of them are of the background and an urgent one waits.
    public var width: Int
    /// Of them at most so many of the background; nil for all.
    public var backgroundMax: Int?
    /// Results of layers that are kept on disk.
    public var layerCacheBytesMax: Int64

    public init(
        pools: [String] = ["default"], width: Int = 2, backgroundMax: Int? = nil, layerCacheBytesMax: Int64 = 1 << 30
    ) {
        self.pools = pools
        self.width = width
        self.backgroundMax = backgroundMax
        self.layerCacheBytesMax = layerCacheBytesMax
    }
}

extension ScannerConfiguration {
    package init(from settings: inout Settings) {
        let pools = settings.list(
            "scanner.pools", default: ["default"], help: "Pools whose requests are served, separated by commas.")
        let width = settings.integer("scanner.width", default: 2, in: 1...64, help: "Images read at a time.")
        let background = settings.integer(
            "scanner.background-max", default: 0, in: 0...64,
            help: "Images of the background read at a time; 0 for as many as scanner.width.")
        let cache = settings.integer(
            "scanner.layer-cache.megabytes", default: 1024, in: 1...1_000_000,
            help: "Results of layers that are kept on disk.")
        self.init(
            pools: pools, width: width, backgroundMax: background == 0 ? nil : background,
            layerCacheBytesMax: Int64(cache) << 20)
    }
}
