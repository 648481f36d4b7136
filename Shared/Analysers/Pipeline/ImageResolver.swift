import Foundation
import LayerArchive
import Model

/// From a reference to the platform manifests: reads manifests and indexes, tells images from other artifacts.
struct ImageResolver {
    let source: any ImageSource
    let choice: PlatformChoice
    let limits: ScanLimits

    func resolve() async throws -> ResolvedImage {
        let root = try await source.root()
        try check(root, nil)
        switch try Self.read(root) {
        case .manifest(let manifest):
            let platform = try platformManifest(manifest, digest: root.digest, platform: nil)
            return ResolvedImage(digest: platform.digest, isIndex: false, platforms: [platform])
        case .index(let index):
            var walk = IndexWalk(digest: root.digest ?? Self.digest(of: root.bytes))
            try await expand(index, depth: 1, &walk)
            return try walk.result(choice)
        }
    }

    // MARK: Indexes

    private struct IndexWalk {
        var digest: Digest
        var seen: Set<Digest> = []
        var platforms: [ResolvedImage.PlatformManifest] = []
        var leftOut: [Undetermined] = []
        var available: [String] = []
        /// By the digest of what they are of.
        var attestations: [String: [Descriptor]] = [:]

        mutating func leaveOut(_ descriptor: Descriptor, _ reason: String) {
            leftOut.append(Undetermined(what: "manifest \(descriptor.digest)", reason: reason))
        }

        func result(_ choice: PlatformChoice) throws -> ResolvedImage {
            guard platforms.isEmpty else {
                let attested = platforms.map { platform in
                    var platform = platform
                    platform.attestations = attestations[platform.digest.text] ?? []
                    return platform
                }
                return ResolvedImage(digest: digest, isIndex: true, platforms: attested, leftOut: leftOut)
            }
            guard !available.isEmpty else {
                let reasons = leftOut.prefix(3).map(\.reason).joined(separator: "; ")
                throw ScanError(.notAnImage, "the index holds no image" + (reasons.isEmpty ? "" : ": \(reasons)"))
            }
            let wanted =
                if case .only(let platforms) = choice { platforms.map(\.description).joined(separator: ", ") } else {
                    "any"
                }
            throw ScanError(
                .noPlatform, "the index has no image for \(wanted); it has \(available.joined(separator: ", "))")
        }
    }

    private func expand(_ index: ImageIndex, depth: Int, _ walk: inout IndexWalk) async throws {
        guard depth <= limits.indexDepthMax else {
            throw ScanError(
                .overLimit, "indexes lie in indexes, over the limit indexDepthMax = \(limits.indexDepthMax)")
        }
        for descriptor in index.manifests where walk.seen.insert(descriptor.digest).inserted {
            guard walk.seen.count <= limits.indexManifestsMax else {
                throw ScanError(
                    .overLimit,
                    "the index has more manifests than the limit indexManifestsMax = \(limits.indexManifestsMax)")
            }
            try await expand(descriptor, depth: depth, &walk)
        }
    }

    private func expand(_ descriptor: Descriptor, depth: Int, _ walk: inout IndexWalk) async throws {
        if descriptor.annotations?["vnd.docker.reference.type"] != nil || descriptor.platform?.isUnknown == true {
            let type = descriptor.annotations?["vnd.docker.reference.type"] ?? "attestation"
            if let subject = descriptor.annotations?["vnd.docker.reference.digest"] {
                walk.attestations[subject, default: []].append(descriptor)
            }
            return walk.leaveOut(descriptor, "not an image: \(type)")
        }
        if let type = descriptor.artifactType, !MediaType(type).isImageConfiguration {
            return walk.leaveOut(descriptor, "not an image: \(type)")
        }
        if let platform = descriptor.platform, !descriptor.mediaType.isIndex {
            walk.available.append(platform.description)
            guard isWanted(platform, walk) else {
                return walk.leaveOut(descriptor, "platform \(platform) was not asked for")
            }
        }
        let document = try await source.manifest(descriptor)
        try check(document, descriptor)
        switch try Self.read(document) {
        case .index(let index): try await expand(index, depth: depth + 1, &walk)
        case .manifest(let manifest):
            do {
                let found = try platformManifest(manifest, digest: descriptor.digest, platform: descriptor.platform)
                try await add(found, descriptor, &walk)
            } catch let error as ScanError where error.kind == .notAnImage { walk.leaveOut(descriptor, error.message) }
        }
    }

    /// A child whose platform the index does not name is asked: its configuration says it.
    private func add(_ found: ResolvedImage.PlatformManifest, _ descriptor: Descriptor, _ walk: inout IndexWalk)
        async throws
    {
        var found = found
        if found.platform == nil {
            guard found.manifest.config.size <= Int64(limits.configurationBytesMax) else {
                return walk.leaveOut(descriptor, "its configuration is over the limit configurationBytesMax")
            }
            let bytes = try await source.configuration(found.manifest.config)
            try Self.check(bytes, found.manifest.config.digest, size: found.manifest.config.size, "configuration")
            let platform: Platform
            do { platform = try ImageConfigurationParser.parse(bytes, platform: nil).configuration.platform } catch {
                throw ScanError(.corrupt, "the configuration \(found.manifest.config.digest): \(error.reason)")
            }
            walk.available.append(platform.description)
            guard isWanted(platform, walk) else {
                return walk.leaveOut(descriptor, "platform \(platform) was not asked for")
            }
            found.platform = platform
        }
        walk.platforms.append(found)
    }

    /// The first child of each platform that was asked for counts: Windows lists one for each of its versions.
    private func isWanted(_ platform: Platform, _ walk: IndexWalk) -> Bool {
        switch choice {
        case .all: return true
        case .only(let wanted):
            return wanted.contains { one in
                one.matches(platform) && !walk.platforms.contains { $0.platform.map { one.matches($0) } ?? false }
            }
        }
    }

    // MARK: Documents

    private enum Document {
        case manifest(Manifest)
        case index(ImageIndex)
    }

    /// What both kinds have; a document with the fields of both is neither (CVE-2021-41190).
    private struct Outline: Decodable {
        struct Present: Decodable { init(from decoder: any Decoder) {} }
        var schemaVersion: Int?
        var mediaType: String?
        var manifests: Present?
        var layers: Present?
        var config: Present?
        var fsLayers: Present?
    }

    private static func read(_ document: SourceDocument) throws -> Document {
        let data = Data(document.bytes)
        let outline: Outline
        do { outline = try JSONFormat.decode(Outline.self, from: data) } catch {
            throw ScanError(.corrupt, "the manifest \(JSONFormat.explain(error))")
        }
        let type = outline.mediaType.map { MediaType($0) } ?? document.mediaType
        if outline.schemaVersion == 1 || outline.fsLayers != nil || type?.isSchema1 == true {
            throw ScanError(
                .unsupported, "the manifest is of schema 1, which is not read: push the image again with a current tool"
            )
        }
        guard (outline.manifests != nil) != (outline.layers != nil || outline.config != nil) else {
            throw ScanError(.corrupt, "the manifest is neither an image manifest nor an index, or claims to be both")
        }
        if let type, type.isIndex || type.isManifest, type.isIndex != (outline.manifests != nil) {
            throw ScanError(.corrupt, "the manifest says to be “\(type)” and has the fields of another kind")
        }
        do {
            if outline.manifests != nil { return .index(try JSONFormat.decode(ImageIndex.self, from: data)) }
            return .manifest(try JSONFormat.decode(Manifest.self, from: data))
        } catch { throw ScanError(.corrupt, "the manifest: \(JSONFormat.explain(error))") }
    }

    private func platformManifest(
        _ manifest: Manifest, digest: Digest?, platform: Platform?
    ) throws -> ResolvedImage.PlatformManifest {
        if let type = Self.artifactType(of: manifest) { throw ScanError(.notAnImage, "not an image: \(type)") }
        return ResolvedImage.PlatformManifest(
            digest: digest ?? manifest.config.digest, platform: platform, manifest: manifest,
            hasManifestDigest: digest != nil)
    }

    /// What a manifest is that is no container image.
    private static func artifactType(of manifest: Manifest) -> String? {
        guard manifest.config.mediaType.isImageConfiguration else {
            return manifest.artifactType ?? manifest.config.mediaType.text
        }
        let types = manifest.layers.map(\.mediaType)
        guard !types.isEmpty,
            !types.contains(where: { $0.isLayer || $0.isForeignLayer || $0.text.hasSuffix("+encrypted") })
        else { return nil }
        // Unknown layers under an image's configuration: signatures and attestations do so. Anything else is for the
        // reader to refuse.
        return manifest.artifactType ?? types[0].text
    }

    // MARK: Checks

    private func check(_ document: SourceDocument, _ descriptor: Descriptor?) throws {
        guard document.bytes.count <= limits.manifestBytesMax else {
            throw ScanError(
                .overLimit,
                "a manifest has \(document.bytes.count) bytes, over the limit manifestBytesMax = \(limits.manifestBytesMax)"
            )
        }
        if let digest = descriptor?.digest ?? document.digest {
            try Self.check(document.bytes, digest, size: descriptor?.size, "manifest")
        }
    }

    static func check(_ bytes: [UInt8], _ digest: Digest, size: Int64?, _ what: String) throws {
        if let size, size != Int64(bytes.count) {
            throw ScanError(
                .corrupt, "the \(what) \(digest) has \(bytes.count) bytes; its descriptor says \(size)",
                isTransient: true)
        }
        let actual =
            digest.algorithm == .sha512 ? "sha512:" + ContentHash.sha512(bytes).hex : Self.digest(of: bytes).text
        guard actual == digest.text else {
            throw ScanError(.corrupt, "the bytes of the \(what) \(digest) have the digest \(actual)", isTransient: true)
        }
    }

    static func digest(of bytes: [UInt8]) -> Digest { Digest(sha256: ContentHash.sha256(bytes)) }
}

extension Sequence<UInt8> {
    fileprivate var hex: String {
        let digits = Array("0123456789abcdef".utf8)
        return String(decoding: flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }
}
