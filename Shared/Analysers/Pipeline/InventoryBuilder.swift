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

    /// Files whose content is needed and was not kept, since only a link leads to them: by layer, with the analysers.
    typealias Missing = [Int: [EntryPath: Set<String>]]

    private let analysers: AnalyserSet
    private let layers: [LayerOutcome]
    private let descriptors: [Descriptor]
    private let packagesMax: Int
    private let subject: Inventory.Subject?
    private let attached: AttachedBills
    private let stack: LayerStack
    /// By layer, analyser and path.
    private let files: [[String: [EntryPath: LayerRecord.File]]]
    /// By layer: the hard links of a file, sorted.
    private let hardLinks: [[EntryPath: [EntryPath]]]

    private var packages: Set<Package> = []
    private var secrets: [ExposedSecret] = []
    private var distribution: Distribution?
    private var undetermined: [Undetermined] = []
    private var missing: Missing = [:]
    private var databases = PackageDatabases()
    private var ownership = Ownership()
    private var claims = Claims()

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
        distribution = findDistribution() ?? statedDistribution()
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
        addClaims()
        let isBare = packages.isEmpty && undetermined.isEmpty
        if let absent = databases.absent(of: distribution, isBare: isBare) { undetermined.append(absent) }
        let inventory = Inventory(
            digest: image.digest, platform: configuration.platform, distribution: distribution,
            configuration: configuration,
            layers: inventoryLayers(configuration), packages: ownership.applied(to: packages.sorted(by: Self.isBefore)),
            undetermined: limitedUndetermined(),
            notes: notes(), analyserVersion: analysers.version, configurationDigest: image.manifest.config.digest,
            secrets: subject == .billOfMaterials ? nil : limitedSecrets(),
            setIDFiles: subject == .billOfMaterials ? nil : setIDFiles(), subject: subject)
        return (inventory, missing)
    }

    // MARK: Analysers

    private mutating func collect(_ analyser: any Analyser) {
        var emptyDatabases: [EntryPath] = []
        let before = packages.count
        var read: Set<EntryPath> = []
        for rule in analyser.rules {
            switch rule.place {
            case .path(let path):
                guard let place = database(at: path), read.insert(place.path).inserted else { continue }
                databases.found(rule.database)
                guard let findings = findings(place, analyser, rule, at: path) else { continue }
                if findings.packages.isEmpty, !rule.mayBeEmpty { emptyDatabases.append(path) }
                let history = DatabaseCopies(stack: stack, path: path) { self.record($0, $1, analyser)?.findings }
                for found in findings.packages { add(found, layer: history.origin(of: found), place.path) }
                undetermined += findings.undetermined
                ownership.add(findings.owned, stack)
            case .directory(let path, _, _): collectDirectory(path, analyser, rule)
            case .named, .suffix, .pieces, .text: continue
            }
        }
        collectAnywhere(analyser)
        if analyser.rules.contains(where: \.isOfPieces) { collectPieces(analyser) }
        if packages.count == before, missing.isEmpty {
            for path in emptyDatabases { note(path, "the database names no package") }
        }
    }

    private typealias Place = (path: EntryPath, layer: Int)

    /// Where a well-known path leads; a loop is reported.
    private mutating func database(at path: EntryPath) -> Place? {
        switch stack.resolve(path) {
        case .file(let real, let layer): return (real, layer)
        case .loop:
            note(path, "its links lead in a circle or too far")
            return nil
        case .directory, .missing: return nil
        }
    }

    private func record(_ path: EntryPath, _ layer: Int, _ analyser: any Analyser) -> LayerRecord.File? {
        files[layer][analyser.name]?[path]
    }

    /// What a file says; nil if it was not read, which is then noted.
    private mutating func findings(_ place: Place, _ analyser: any Analyser, _ rule: FileRule, at path: EntryPath)
        -> FileFindings?
    {
        guard let record = record(place.path, place.layer, analyser) else {
            if rule.needsContent {
                missing[place.layer, default: [:]][place.path, default: []].insert(analyser.name)
                return nil
            }
            return try? analyser.analyse(path, UnsafeRawBufferPointer(start: nil, count: 0))
        }
        if let findings = record.findings { return findings }
        note(place.path, record.unread ?? "not read")
        return nil
    }

    /// A database in pieces: every file of the directory. A piece belongs to the layer that first has its package.
    private mutating func collectDirectory(_ path: EntryPath, _ analyser: any Analyser, _ rule: FileRule) {
        guard case .directory(let folder) = stack.resolve(path) else { return }
        for place in visibleFiles(analyser, where: { $0.parent == folder && rule.mayMatch(path.appending($0.name)) }) {
            databases.found(rule.database)
            guard let findings = findings(place.real, analyser, rule, at: path) else { continue }
            undetermined += findings.undetermined
            ownership.add(findings.owned, stack)
            if findings.packages.isEmpty, !rule.mayBeEmpty { note(place.path, "the database names no package") }
            for found in findings.packages {
                var layer = place.layer
                for lower in stride(from: place.layer - 1, through: 0, by: -1) {
                    guard let old = record(place.path, lower, analyser),
                        stack.isVisible(place.path, inLayer: lower, height: layer),
                        old.findings?.packages.contains(found) == true
                    else { continue }
                    layer = lower
                }
                add(found, layer: layer, place.path)
            }
        }
    }

    /// Files that count wherever they lie, each for the topmost layer that has it.
    private mutating func collectAnywhere(_ analyser: any Analyser) {
        for (place, findings) in filesAnywhere(analyser) {
            undetermined += findings.undetermined
            ownership.add(findings.owned, stack)
            for found in findings.packages { add(found, layer: place.layer, place.path) }
        }
    }

    private mutating func filesAnywhere(_ analyser: any Analyser) -> [(place: VisibleFile, findings: FileFindings)] {
        let rules = analyser.rules
        var found: [(VisibleFile, FileFindings)] = []
        for place in visibleFiles(analyser, where: { path in rules.contains { $0.matchesAnywhere(path) } }) {
            guard let rule = rules.first(where: { $0.matchesAnywhere(place.path) }),
                let findings = findings(place.real, analyser, rule, at: place.path)
            else { continue }
            found.append((place, findings))
        }
        return found
    }

    // MARK: Claims

    /// What a claim leaves open counts only where there is nothing but the claim.
    private mutating func collectClaims(_ analyser: any Analyser) {
        guard let claim = analyser.claim else { return }
        for (place, findings) in filesAnywhere(analyser) {
            if subject == .billOfMaterials, claim == .billOfMaterials { undetermined += findings.undetermined }
            let packages = findings.packages.map { package($0, layer: place.layer, place.path.description, claim) }
            claims.add(packages, claim, in: place.path.parent)
        }
    }

    private mutating func collectAttached() {
        for bill in attached.bills {
            let packages = bill.findings.packages.map { found in
                package(found, layer: nil, "manifest \(bill.manifest)", .billOfMaterials)
            }
            claims.add(packages, .billOfMaterials, in: .root)
        }
    }

    /// Once all packages that are installed are known.
    private mutating func addClaims() {
        let counted = claims.counted(beside: packages) { databases.has($0) }
        for package in counted {
            if package.claim == .billOfMaterials { databases.found(package.type) }
            add(package)
        }
    }

    /// Of an image that does not say it itself.
    private mutating func statedDistribution() -> Distribution? {
        for analyser in analysers.analysers where analyser.claim == .billOfMaterials {
            if let found = filesAnywhere(analyser).lazy.compactMap(\.findings.distribution).first { return found }
        }
        return attached.bills.lazy.compactMap(\.findings.distribution).first
    }

    /// Files that were read in pieces, each for the topmost layer that has it, by whatever name it is there.
    private mutating func collectPieces(_ analyser: any Analyser) {
        for layer in layers.indices {
            for (path, file) in (files[layer][analyser.name] ?? [:]).sorted(by: { $0.key < $1.key }) {
                let visible = visibleName(of: path, inLayer: layer)
                for secret in file.findings?.secrets ?? [] {
                    secrets.append(
                        ExposedSecret(
                            kind: secret.kind, place: .file, location: (visible ?? path).description,
                            line: secret.line, layer: descriptors[layer].digest, sample: secret.sample,
                            isRemoved: visible == nil))
                }
                guard let name = visible else { continue }
                guard let findings = file.findings else {
                    note(name, file.unread ?? "not read")
                    continue
                }
                undetermined += findings.undetermined
                for found in findings.packages { add(found, layer: layer, name) }
            }
        }
    }

    /// The first name by which the image has a layer's file, its hard links counted; nil if it has none.
    private func visibleName(of path: EntryPath, inLayer layer: Int) -> EntryPath? {
        ([path] + (hardLinks[layer][path] ?? [])).first {
            stack.isVisible($0, inLayer: layer) && ($0 != path || stack.hasFile($0, inLayer: layer))
        }
    }

    private struct VisibleFile {
        var path: EntryPath
        var layer: Int
        /// What a link leads to; else the same.
        var real: Place
    }

    /// The image's files, and links to files elsewhere, whose own path is wanted; sorted by path.
    private func visibleFiles(_ analyser: any Analyser, where isWanted: (EntryPath) -> Bool) -> [VisibleFile] {
        var found: [EntryPath: VisibleFile] = [:]
        for layer in layers.indices {
            guard let contents = layers[layer].record?.contents else { continue }
            for path in (files[layer][analyser.name] ?? [:]).keys where isWanted(path) {
                guard stack.isVisible(path, inLayer: layer), stack.hasFile(path, inLayer: layer) else { continue }
                found[path] = VisibleFile(path: path, layer: layer, real: (path, layer))
            }
            for path in Array(contents.symlinks.keys) + Array(contents.hardLinks.keys) where isWanted(path) {
                guard stack.isVisible(path, inLayer: layer), case .file(let real, let realLayer) = stack.resolve(path)
                else { continue }
                // A link to a file that counts by itself adds nothing.
                if contents.symlinks[path] != nil, isWanted(real) { continue }
                found[path] = VisibleFile(path: path, layer: layer, real: (real, realLayer))
            }
        }
        return found.values.sorted { $0.path < $1.path }
    }

    private mutating func findDistribution() -> Distribution? {
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

    private mutating func add(_ found: FoundPackage, layer: Int, _ location: EntryPath) {
        add(package(found, layer: layer, location.description))
    }

    private func package(
        _ found: FoundPackage, layer: Int?, _ location: String, _ claim: Package.Claim? = nil
    ) -> Package {
        Package(
            name: found.name, version: found.version, type: found.type, architecture: found.architecture,
            purl: found.packageURL(of: distribution).description, source: found.source,
            layer: layer.map { descriptors[$0].digest }, location: location + (found.inside ?? ""),
            licenses: found.licenses, claim: claim)
    }

    private mutating func add(_ package: Package) {
        guard packages.count < packagesMax else {
            let reason = "the image has more than the limit packagesMax = \(packagesMax)"
            // The same each time; the list of them is a set in the end.
            guard undetermined.last?.reason != reason else { return }
            return undetermined.append(Undetermined(what: "packages", reason: reason))
        }
        packages.insert(package)
    }

    // MARK: The rest of the inventory

    private mutating func note(_ path: EntryPath, _ reason: String) {
        undetermined.append(Undetermined(what: path.description, reason: reason))
    }

    private mutating func noteLayers() {
        for (descriptor, layer) in zip(descriptors, layers) {
            switch layer {
            case .unread(let reason):
                undetermined.append(Undetermined(what: "layer \(descriptor.digest)", reason: "not read: \(reason)"))
            case .read(let record):
                let ignored = record.contents.ignored
                guard ignored.count > 0 else { continue }
                undetermined.append(
                    Undetermined(
                        what: "layer \(descriptor.digest)",
                        reason: "\(ignored.count) entries ignored, such as \(ignored.examples.joined(separator: "; "))")
                )
            }
        }
    }

    private func notes() -> [String] {
        attached.notes
            + zip(descriptors, layers).compactMap { descriptor, layer in
                guard let record = layer.record, let stated = record.statedCompression else { return nil }
                return
                    "layer \(descriptor.digest): its media type says \(stated.rawValue), its bytes are \(record.compression.rawValue)"
            }
    }

    private func limitedUndetermined() -> [Undetermined] {
        let all = Set(undetermined).sorted { ($0.what, $0.reason) < ($1.what, $1.reason) }
        guard all.count > Self.undeterminedMax else { return all }
        let more = all.count - Self.undeterminedMax
        return Array(all.prefix(Self.undeterminedMax)) + [
            Undetermined(what: "the image", reason: "\(more) more files were not read")
        ]
    }

    private func setIDFiles() -> [Inventory.SetIDFile] {
        var found: [Inventory.SetIDFile] = []
        for (layer, outcome) in layers.enumerated() {
            guard let record = outcome.record else { continue }
            for (path, mode) in record.setIDFiles {
                guard let name = visibleName(of: path, inLayer: layer) else { continue }
                found.append(
                    Inventory.SetIDFile(
                        path: name.description, mode: String(mode, radix: 8), layer: descriptors[layer].digest))
            }
        }
        return Array(found.sorted { $0.path < $1.path }.prefix(Self.setIDFilesMax))
    }

    private func limitedSecrets() -> [ExposedSecret] {
        let sorted = Set(secrets).sorted {
            ($0.place.rawValue, $0.location, $0.line ?? 0, $0.kind, $0.layer?.description ?? "", $0.sample)
                < ($1.place.rawValue, $1.location, $1.line ?? 0, $1.kind, $1.layer?.description ?? "", $1.sample)
        }
        return Array(sorted.prefix(Self.secretsMax))
    }

    /// Layers with the history line that made each: lines of empty layers have none.
    private func inventoryLayers(_ configuration: ImageConfiguration) -> [Inventory.Layer] {
        let lines = configuration.history.filter { !$0.emptyLayer }
        let isAligned = lines.count == descriptors.count
        return descriptors.indices.map { index in
            Inventory.Layer(
                digest: descriptors[index].digest,
                diffID: configuration.diffIDs.indices.contains(index) ? configuration.diffIDs[index] : nil,
                sizeBytes: descriptors[index].size, createdBy: isAligned ? lines[index].createdBy : nil)
        }
    }

    private static func isBefore(_ left: Package, _ right: Package) -> Bool {
        (left.type.rawValue, left.name, left.version, left.location, left.architecture ?? "", left.purl)
            < (right.type.rawValue, right.name, right.version, right.location, right.architecture ?? "", right.purl)
    }
}
