import LayerArchive
public import Model

/// Turns an image into inventories, one a platform. One scanner serves any number of scans at once.
public final class ImageScanner: Sendable {
    private let analysers: AnalyserSet
    private let cache: any LayerCache
    private let limits: ScanLimits
    let flights = LayerFlights()

    public init(analysers: AnalyserSet = .standard, cache: any LayerCache, limits: ScanLimits = .standard) {
        self.analysers = analysers
        self.cache = cache
        self.limits = limits
    }

    /// Names and versions of the analysers: an inventory made with another version is not current.
    public var analyserVersion: String { analysers.version }

    /// Resolves and scans: one inventory a platform, in the order of the index.
    public func scan(
        _ source: any ImageSource, platforms: PlatformChoice = .standard,
        progress: (@Sendable (ScanProgress) -> Void)? = nil
    ) async throws(ScanError) -> [Inventory] {
        let image = try await resolve(source, platforms: platforms)
        var inventories: [Inventory] = []
        for platform in image.platforms { inventories.append(try await scan(platform, of: source, progress: progress)) }
        return inventories
    }

    /// Finds out what the reference names, without reading a layer.
    public func resolve(
        _ source: any ImageSource, platforms: PlatformChoice = .standard
    ) async throws(ScanError) -> ResolvedImage {
        try await mapped { try await ImageResolver(source: source, choice: platforms, limits: self.limits).resolve() }
    }

    /// Scans one platform manifest of a resolved image.
    public func scan(
        _ image: ResolvedImage.PlatformManifest, of source: any ImageSource,
        progress: (@Sendable (ScanProgress) -> Void)? = nil
    ) async throws(ScanError) -> Inventory {
        try await mapped { try await self.inventory(image, source, ProgressCount(image.manifest.layers, progress)) }
    }

    private func mapped<Value: Sendable>(_ body: () async throws -> Value) async throws(ScanError) -> Value {
        do { return try await body() } catch { throw ScanError(mapping: error) }
    }

    // MARK: One platform

    private func inventory(
        _ image: ResolvedImage.PlatformManifest, _ source: any ImageSource, _ progress: ProgressCount
    ) async throws -> Inventory {
        let manifest = image.manifest
        guard manifest.layers.count <= limits.layersMax else {
            throw ScanError(
                .overLimit,
                "the image has \(manifest.layers.count) layers, over the limit layersMax = \(limits.layersMax)")
        }
        let parsed = try await configuration(image, source)
        let configuration = parsed.configuration
        guard configuration.diffIDs.count == manifest.layers.count else {
            throw ScanError(
                .corrupt,
                "the configuration names \(configuration.diffIDs.count) layers (rootfs.diff_ids), the manifest \(manifest.layers.count)"
            )
        }
        async let bills = AttachedBills(of: source, image)
        let isWindows = configuration.platform.os == "windows"
        let foreign = Set(
            isWindows ? manifest.layers.indices.filter { manifest.layers[$0].mediaType.isForeignLayer } : [])
        let wanted = Array(zip(manifest.layers, configuration.diffIDs))
        var layers = try await read(wanted, source, extra: [:], passing: foreign, progress)
        try check(layers, manifest, configuration)
        let attached = try await bills
        for round in 1... {
            let known = layers
            let isLast = round >= limits.linkRoundsMax
            let (inventory, missing) = try await OwnThread.run("inventory") { [analysers, limits] in
                var builder = InventoryBuilder(
                    analysers: analysers, descriptors: manifest.layers, layers: known, packagesMax: limits.packagesMax,
                    attached: attached)
                return builder.build(image, parsed, isLastRound: isLast)
            }
            if missing.isEmpty || isLast { return inventory }
            let again = try await read(wanted, source, extra: missing, passing: foreign, progress)
            for index in missing.keys { layers[index] = Self.merged(known[index], again[index]) }
        }
        preconditionFailure("the last round returns")
    }

    private func configuration(_ image: ResolvedImage.PlatformManifest, _ source: any ImageSource) async throws
        -> ImageConfigurationParser.Parsed
    {
        let descriptor = image.manifest.config
        guard descriptor.size <= Int64(limits.configurationBytesMax) else {
            throw ScanError(
                .overLimit,
                "the configuration has \(descriptor.size) bytes, over the limit configurationBytesMax = \(limits.configurationBytesMax)"
            )
        }
        let bytes = try await source.configuration(descriptor)
        try ImageResolver.check(bytes, descriptor.digest, size: descriptor.size, "configuration")
        do { return try ImageConfigurationParser.parse(bytes, platform: image.platform) } catch {
            throw ScanError(.corrupt, "the configuration \(descriptor.digest): \(error.reason)")
        }
    }

    /// The configuration's diff_ids are checked here and not while reading: a record stands for every image that has
    /// the layer.
    private func check(_ layers: [LayerOutcome], _ manifest: Manifest, _ configuration: ImageConfiguration) throws {
        for (index, layer) in layers.enumerated() {
            guard let record = layer.record else { continue }
            let descriptor = manifest.layers[index]
            guard record.storedBytes == descriptor.size else {
                throw LayerError(
                    layer: descriptor.digest,
                    cause: .sizeMismatch(expected: descriptor.size, actual: record.storedBytes))
            }
            guard record.diffID == configuration.diffIDs[index] else {
                throw LayerError(
                    layer: descriptor.digest,
                    cause: .diffIDMismatch(expected: configuration.diffIDs[index], actual: record.diffID))
            }
        }
    }

    /// What a second look found is added to what is known.
    private static func merged(_ first: LayerOutcome, _ second: LayerOutcome) -> LayerOutcome {
        guard case .read(var record) = first, case .read(let more) = second else { return first }
        let known = Set(record.files.map { [$0.path.description, $0.analyser] })
        record.files += more.files.filter { !known.contains([$0.path.description, $0.analyser]) }
        record.files.sort { ($0.path, $0.analyser) < ($1.path, $1.analyser) }
        return .read(record)
    }

    // MARK: Layers

    /// Reads layers, at most `parallelLayersMax` at once.
    /// - Parameters:
    ///   - extra: only these layers, with these files besides; empty for all layers.
    ///   - foreign: layers of Windows itself, which no registry holds: the others are read all the same.
    private func read(
        _ layers: [(Descriptor, diffID: Digest)], _ source: any ImageSource, extra: InventoryBuilder.Missing,
        passing foreign: Set<Int>, _ progress: ProgressCount
    ) async throws -> [LayerOutcome] {
        let wanted = (extra.isEmpty ? Array(layers.indices) : extra.keys.sorted()).filter { !foreign.contains($0) }
        return try await withThrowingTaskGroup(of: (Int, LayerOutcome).self) { group in
            var outcomes = [LayerOutcome](repeating: .unread(reason: "not asked for"), count: layers.count)
            for index in foreign {
                outcomes[index] = .unread(reason: "a part of Windows, which its registry does not hold")
            }
            var recordBytes = 0
            func keep(_ index: Int, _ outcome: LayerOutcome) throws {
                outcomes[index] = outcome
                recordBytes += outcome.record?.estimatedBytes ?? 0
                guard recordBytes <= limits.recordBytesMax else { throw Self.tooMuch(limits) }
            }
            for (position, index) in wanted.enumerated() {
                if position >= limits.parallelLayersMax, let (done, outcome) = try await group.next() {
                    try keep(done, outcome)
                }
                group.addTask {
                    (index, try await self.read(layers[index], source, extra: extra[index] ?? [:], progress))
                }
            }
            for try await (done, outcome) in group { try keep(done, outcome) }
            return outcomes
        }
    }

    /// The sum does not depend on the order of arrival, so neither does the answer.
    private static func tooMuch(_ limits: ScanLimits) -> ScanError {
        ScanError(
            .overLimit,
            "the image's layers hold more paths, links and packages than the limit recordBytesMax = \(limits.recordBytesMax) bytes"
        )
    }

    private func read(
        _ layer: (Descriptor, diffID: Digest), _ source: any ImageSource, extra: [EntryPath: Set<String>],
        _ progress: ProgressCount
    ) async throws -> LayerOutcome {
        let (descriptor, diffID) = layer
        var names = extra.flatMap { path, analysers in analysers.map { "\($0):\(path)" } }
        let partial = analysers.gap == nil ? nil : PartialLayer(descriptor, diffID: diffID, source, limits.layer)
        // The record then holds what the image states, and not what the layer proves.
        if let partial { names += ["diff-id:\(diffID)", "table:\(partial.place.identity)"] }
        let key = LayerKey(layer: descriptor.digest, analyserVersion: analyserVersion, extra: names)
        if let record = await cache.record(for: key) {
            if extra.isEmpty { progress.finish(descriptor) }
            return .read(record)
        }
        do {
            let (record, _) = try await flights.record(for: key) { [self] in
                // Another read may have ended between the first look and this flight.
                if let record = await cache.record(for: key) { return record }
                let record =
                    if let partial, let record = try await fetch(partial, extra: extra) { record } else {
                        try await fetch(descriptor, source, extra: extra, extra.isEmpty ? progress : nil)
                    }
                await cache.store(record, for: key)
                return record
            }
            if extra.isEmpty { progress.finish(descriptor) }
            return .read(record)
        } catch let error as LayerError {
            guard case .overLimit = error.cause else { throw error }
            if extra.isEmpty { progress.finish(descriptor) }
            return .unread(reason: error.reason)
        }
    }

    /// - Returns: nil where the layer must be read as a whole.
    private func fetch(_ layer: PartialLayer, extra: [EntryPath: Set<String>]) async throws -> LayerRecord? {
        do {
            return try await layer.record(LayerAnalysis(analysers, extra: extra, limits: limits))
        } catch is LayerTableError { return nil }
    }

    private func fetch(
        _ descriptor: Descriptor, _ source: any ImageSource, extra: [EntryPath: Set<String>], _ progress: ProgressCount?
    ) async throws -> LayerRecord {
        let analysis = LayerAnalysis(analysers, extra: extra, limits: limits)
        let reader = try LayerReader(descriptor: descriptor, limits: limits.layer, selector: analysis)
        try await source.layer(descriptor, into: CountingSink(reader, descriptor, progress))
        return try await OwnThread.run("layer-end") {
            let summary = try reader.finish()
            if let excess = analysis.excess { throw LayerError(layer: descriptor.digest, cause: excess) }
            return LayerRecord(summary, files: analysis.records, setIDFiles: analysis.setIDFiles)
        }
    }
}
