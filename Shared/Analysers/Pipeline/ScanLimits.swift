public import LayerArchive
import Model

/// The bounds of scanning one image.
public struct ScanLimits: Hashable, Sendable {
    public var layer = LayerLimits.standard
    /// Docker stops at 127; other builders make more.
    public var layersMax = 512
    /// Layers of one image that are read at the same time.
    public var parallelLayersMax = 2
    /// Files of one layer that analysers want.
    public var filesMax = 100_000
    /// Packages of one layer, and of one image.
    public var packagesMax = AnalysisLimits.packagesMax
    /// What is kept of all layers of one image (estimated): links, hashes of paths, results. Large images need some
    /// MiB.
    public var recordBytesMax = 64 << 20
    /// Registries refuse manifests above 4 MiB.
    public var manifestBytesMax = 4 << 20
    public var configurationBytesMax = ImageConfiguration.bytesMax
    /// Manifests below an index, all levels together.
    public var indexManifestsMax = 1000
    /// Indexes in indexes.
    public var indexDepthMax = 4
    /// Times that layers are read again for files which a link leads to.
    public var linkRoundsMax = 3

    public init() {}
    public static let standard = ScanLimits()
}
