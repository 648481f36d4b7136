import LayerArchive
import Model

/// What is known of one layer when an inventory is built.
enum LayerOutcome: Sendable {
    case read(LayerRecord)
    /// Over a limit: the image's inventory is partial, and says so.
    case unread(reason: String)

    var record: LayerRecord? { if case .read(let record) = self { record } else { nil } }
}

/// Puts the records of an image's layers together, bottom first: the same records give the same inventory.
struct InventoryBuilder {
    /// Beyond this the list only counts: an image can hold any number of damaged files.
    static let undeterminedMax = 1000
    /// Secrets of one image that are listed.
    static let secretsMax = 1000
    static let setIDFilesMax = 1000
    static let certificatesMax = 1000
    static let notesMax = 1000

    /// Files whose content is needed and was not kept, since only a link leads to them: by layer, with the analysers.
    typealias Missing = [Int: [EntryPath: Set<String>]]

    let analysers: AnalyserSet
    let layers: [LayerOutcome]
    let descriptors: [Descriptor]
    let packagesMax: Int
    let subject: Inventory.Subject?
    let attached: AttachedBills
    let stack: LayerStack
    /// By layer, analyser and path.
    let files: [[String: [EntryPath: LayerRecord.File]]]
    /// By layer: the hard links of a file, sorted.
    let hardLinks: [[EntryPath: [EntryPath]]]

    var packages: Set<Package> = []
    var secrets: [ExposedSecret] = []
    var certificates: [EmbeddedCertificate] = []
    /// Of files, for the notes.
    var oddities: [String] = []
    var distribution: Distribution?
    var undetermined: [Undetermined] = []
    var missing: Missing = [:]
    var databases = PackageDatabases()
    var ownership = Ownership()
    var claims = Claims()

    init(
        analysers: AnalyserSet, descriptors: [Descriptor], layers: [LayerOutcome], packagesMax: Int,
        attached: AttachedBills
    ) {
        self.analysers = analysers
        self.layers = layers
        self.descriptors = descriptors
        self.packagesMax = packagesMax
        self.attached = attached
        subject = attached.source.subject
        stack = LayerStack(layers.map { $0.record?.contents ?? .empty })
        hardLinks = layers.map { layer in
            let links = layer.record?.contents.hardLinks ?? [:]
            return Dictionary(grouping: links.keys, by: { links[$0] ?? $0 }).mapValues { $0.sorted() }
        }
        files = layers.map { layer in
            Dictionary(grouping: layer.record?.files ?? [], by: \.analyser).mapValues { files in
                Dictionary(files.map { ($0.path, $0) }, uniquingKeysWith: { _, last in last })
            }
        }
    }

    /// - Parameter isLastRound: files that are still missing are then reported instead of asked for.
    /// - Returns: the inventory, or what must be read first.
    mutating func build(
        _ image: ResolvedImage.PlatformManifest, _ parsed: ImageConfigurationParser.Parsed, isLastRound: Bool
    ) -> (inventory: Inventory, missing: Missing) {
        let configuration = parsed.configuration
        secrets = parsed.secrets
        distribution = findDistribution() ?? (subject == .billOfMaterials ? statedDistribution() : nil)
        for analyser in analysers.analysers where !(analyser is OSReleaseAnalyser) && analyser.claim == nil {
            collect(analyser)
        }
        for analyser in analysers.analysers where analyser.claim != nil { collectClaims(analyser) }
        collectAttached()
        if isLastRound {
            for path in Set(missing.values.flatMap(\.keys)).sorted() {
                note(path, "a link leads to it, and its content was not kept")
            }
        }
        noteLayers()
        if configuration.platform.os == "windows" {
            undetermined.append(Undetermined(what: "Windows packages", reason: "not read"))
        }
        if let gap = analysers.gap { undetermined.append(gap) }
        // Neither do claims make an image known in which nothing was seen.
        if subject == .billOfMaterials { addClaims() }
        let isBare = packages.isEmpty && undetermined.isEmpty
        if subject != .billOfMaterials { addClaims() }
        if let absent = databases.absent(of: distribution, isBare: isBare) { undetermined.append(absent) }
        var inventory = Inventory(
            digest: image.digest, platform: configuration.platform, distribution: distribution,
            configuration: configuration,
            layers: inventoryLayers(configuration),
            packages: ownership.applied(to: licensed(packages).sorted(by: Self.isBefore)),
            undetermined: limitedUndetermined(), notes: notes(), analyserVersion: analysers.version,
            configurationDigest: image.manifest.config.digest,
            baseImage: BaseImageGuess.base(
                configuration, annotations: image.manifest.annotations, layers: image.manifest.layers),
            subject: subject)
        inventory.setIDFiles = subject == .billOfMaterials ? nil : setIDFiles()
        // A bill of materials tells nothing of the rest, and a list of packages needs none.
        guard subject != .billOfMaterials, analysers.gap == nil else { return (inventory, missing) }
        inventory.secrets = limitedSecrets()
        inventory.certificates = limitedCertificates()
        return (inventory, missing)
    }

    mutating func findDistribution() -> Distribution? {
        guard let analyser = analysers.analysers.first(where: { $0 is OSReleaseAnalyser }) else { return nil }
        var seen: [EntryPath] = []
        for rule in analyser.rules {
            guard case .path(let path) = rule.place, let place = database(at: path) else { continue }
            seen.append(path)
            if let found = findings(place, analyser, rule, at: path)?.distribution { return found }
        }
        if let first = seen.first, missing.isEmpty { note(first, "it names no distribution") }
        return nil
    }
}
