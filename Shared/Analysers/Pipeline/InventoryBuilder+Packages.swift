import LayerArchive
import Model

/// Packages: which files of the layers count, and whose layer brought what they say.
extension InventoryBuilder {
    mutating func collect(_ analyser: any Analyser) {
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

    typealias Place = (path: EntryPath, layer: Int)

    /// Where a well-known path leads; a loop is reported.
    mutating func database(at path: EntryPath) -> Place? {
        switch stack.resolve(path) {
        case .file(let real, let layer): return (real, layer)
        case .loop:
            note(path, "its links lead in a circle or too far")
            return nil
        case .directory, .missing: return nil
        }
    }

    func record(_ path: EntryPath, _ layer: Int, _ analyser: any Analyser) -> LayerRecord.File? {
        files[layer][analyser.name]?[path]
    }

    /// What a file says; nil if it was not read, which is then noted.
    mutating func findings(_ place: Place, _ analyser: any Analyser, _ rule: FileRule, at path: EntryPath)
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
    mutating func collectDirectory(_ path: EntryPath, _ analyser: any Analyser, _ rule: FileRule) {
        guard case .directory(let folder) = stack.resolve(path) else { return }
        let isPiece = { (file: EntryPath) in file.parent == folder && rule.mayMatch(path.appending(file.name)) }
        for place in visibleFiles(analyser, where: isPiece, orLink: isPiece) {
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
    mutating func collectAnywhere(_ analyser: any Analyser) {
        for (place, findings) in filesAnywhere(analyser) {
            undetermined += findings.undetermined
            ownership.add(findings.owned, stack)
            for found in findings.packages { add(found, layer: place.layer, place.path) }
            for found in findings.certificates { certificates.append(certificate(found, place)) }
            oddities += findings.notes.map { "\(place.path): \($0)" }
        }
    }

    mutating func filesAnywhere(_ analyser: any Analyser) -> [(place: VisibleFile, findings: FileFindings)] {
        let rules = analyser.rules
        let linked = rules.filter(\.followsLinks)
        var found: [(VisibleFile, FileFindings)] = []
        let places = visibleFiles(
            analyser, where: { path in rules.contains { $0.matchesAnywhere(path) } },
            orLink: { path in linked.contains { $0.matchesAnywhere(path) } })
        for place in places {
            guard let rule = rules.first(where: { $0.matchesAnywhere(place.path) }),
                let findings = findings(place.real, analyser, rule, at: place.path)
            else { continue }
            found.append((place, findings))
        }
        return found
    }

    /// Files that were read in pieces, each for the topmost layer that has it, by whatever name it is there.
    mutating func collectPieces(_ analyser: any Analyser) {
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
    func visibleName(of path: EntryPath, inLayer layer: Int) -> EntryPath? {
        ([path] + (hardLinks[layer][path] ?? [])).first {
            stack.isVisible($0, inLayer: layer) && ($0 != path || stack.hasFile($0, inLayer: layer))
        }
    }

    struct VisibleFile {
        var path: EntryPath
        var layer: Int
        /// What a link leads to; else the same.
        var real: Place
    }

    /// The image's files, and links to files elsewhere, whose own path is wanted; sorted by path.
    func visibleFiles(
        _ analyser: any Analyser, where isWanted: (EntryPath) -> Bool, orLink isWantedLink: (EntryPath) -> Bool
    ) -> [VisibleFile] {
        var found: [EntryPath: VisibleFile] = [:]
        for layer in layers.indices {
            guard let contents = layers[layer].record?.contents else { continue }
            for path in (files[layer][analyser.name] ?? [:]).keys where isWanted(path) {
                guard stack.isVisible(path, inLayer: layer), stack.hasFile(path, inLayer: layer) else { continue }
                found[path] = VisibleFile(path: path, layer: layer, real: (path, layer))
            }
            for path in Array(contents.symlinks.keys) + Array(contents.hardLinks.keys) where isWantedLink(path) {
                guard stack.isVisible(path, inLayer: layer), case .file(let real, let realLayer) = stack.resolve(path)
                else { continue }
                // A link to a file that counts by itself adds nothing.
                if contents.symlinks[path] != nil, isWanted(real) { continue }
                found[path] = VisibleFile(path: path, layer: layer, real: (real, realLayer))
            }
        }
        return found.values.sorted { $0.path < $1.path }
    }

    mutating func add(_ found: FoundPackage, layer: Int, _ location: EntryPath) {
        add(package(found, layer: layer, location.description))
    }

    func package(
        _ found: FoundPackage, layer: Int?, _ location: String, _ claim: Package.Claim? = nil
    ) -> Package {
        Package(
            name: found.name, version: found.version, type: found.type, architecture: found.architecture,
            purl: found.packageURL(of: distribution).description, source: found.source,
            layer: layer.map { descriptors[$0].digest }, location: location + (found.inside ?? ""),
            licenses: found.licenses, claim: claim, isNameGuessed: found.isNameGuessed)
    }

    mutating func add(_ package: Package) {
        guard packages.count < packagesMax else {
            let reason = "the image has more than the limit packagesMax = \(packagesMax)"
            // The same each time; the list of them is a set in the end.
            guard undetermined.last?.reason != reason else { return }
            return undetermined.append(Undetermined(what: "packages", reason: reason))
        }
        packages.insert(package)
    }
}
