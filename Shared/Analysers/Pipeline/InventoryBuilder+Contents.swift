import LayerArchive
import Model

/// What an inventory says beside packages: what is exposed or may be misused, what was odd, what was not read.
extension InventoryBuilder {
    mutating func note(_ path: EntryPath, _ reason: String) {
        undetermined.append(Undetermined(what: path.description, reason: reason))
    }

    mutating func noteLayers() {
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

    func notes() -> [String] {
        let layers = zip(descriptors, layers).compactMap { descriptor, layer -> String? in
            guard let record = layer.record, let stated = record.statedCompression else { return nil }
            return
                "layer \(descriptor.digest): its media type says \(stated.rawValue), its bytes are \(record.compression.rawValue)"
        }
        return Array((attached.notes + layers + oddities).prefix(Self.notesMax))
    }

    func limitedUndetermined() -> [Undetermined] {
        let all = Set(undetermined).sorted { ($0.what, $0.reason) < ($1.what, $1.reason) }
        guard all.count > Self.undeterminedMax else { return all }
        let more = all.count - Self.undeterminedMax
        return Array(all.prefix(Self.undeterminedMax)) + [
            Undetermined(what: "the image", reason: "\(more) more files were not read")
        ]
    }

    func setIDFiles() -> [Inventory.SetIDFile] {
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

    func certificate(_ found: FoundCertificate, _ place: VisibleFile) -> EmbeddedCertificate {
        EmbeddedCertificate(
            path: place.path.description, layer: descriptors[place.layer].digest, subject: found.subject,
            issuer: found.issuer, names: found.names, isAuthority: found.isAuthority, notBefore: found.notBefore,
            notAfter: found.notAfter, fingerprint: found.fingerprint)
    }

    func limitedCertificates() -> [EmbeddedCertificate] {
        let sorted = certificates.sorted { ($0.path, $0.fingerprint) < ($1.path, $1.fingerprint) }
        return Array(sorted.prefix(Self.certificatesMax))
    }

    /// Debian's packages with the licences of their `copyright`; its folder may be another package's by a link.
    func licensed(_ packages: Set<Package>) -> [Package] {
        packages.map { package in
            guard package.type == .deb, package.licenses.isEmpty,
                let path = DpkgAnalyser.copyright(of: package.name),
                case .file(let real, let layer) = stack.resolve(path),
                let file = files[layer][DpkgAnalyser().name]?[real]
            else { return package }
            var package = package
            package.licenses = file.findings?.licenses ?? []
            return package
        }
    }

    func limitedSecrets() -> [ExposedSecret] {
        let sorted = Set(secrets).sorted {
            ($0.place.rawValue, $0.location, $0.line ?? 0, $0.kind, $0.layer?.description ?? "", $0.sample)
                < ($1.place.rawValue, $1.location, $1.line ?? 0, $1.kind, $1.layer?.description ?? "", $1.sample)
        }
        return Array(sorted.prefix(Self.secretsMax))
    }

    /// Layers with the history line that made each: lines of empty layers have none.
    func inventoryLayers(_ configuration: ImageConfiguration) -> [Inventory.Layer] {
        let lines = configuration.history.filter { !$0.emptyLayer }
        let isAligned = lines.count == descriptors.count
        return descriptors.indices.map { index in
            Inventory.Layer(
                digest: descriptors[index].digest,
                diffID: configuration.diffIDs.indices.contains(index) ? configuration.diffIDs[index] : nil,
                sizeBytes: descriptors[index].size, createdBy: isAligned ? lines[index].createdBy : nil)
        }
    }

    static func isBefore(_ left: Package, _ right: Package) -> Bool {
        (left.type.rawValue, left.name, left.version, left.location, left.architecture ?? "", left.purl)
            < (right.type.rawValue, right.name, right.version, right.location, right.architecture ?? "", right.purl)
    }
}
