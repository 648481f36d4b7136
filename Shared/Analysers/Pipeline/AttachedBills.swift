import Foundation
import LayerArchive
import Model

/// A bill of materials that lies beside an image and names it.
struct AttachedBill: Sendable {
    /// The manifest that carries it.
    var manifest: Digest
    var findings: FileFindings
}

/// Finds and reads the bills of materials of an image that its registry keeps beside it: OCI referrers, and the
/// attestations that BuildKit puts into an index.
///
/// They can only add packages, so whoever may write to the repository can hide nothing with them. What cannot be read
/// is noted, and the scan goes on; only what a later try may mend ends it.
///
/// **Limits.** `manifestsMax` manifests, and as many bills in all of them, each of at most `FileRule.claimBytesMax`;
/// `AnalysisLimits.packagesMax` packages in all of these. Under cosign's own tags (`.att`, `.sbom`) nothing is looked
/// for.
struct AttachedBills: Sendable {
    static let manifestsMax = 20
    private static let tooMany = "there are too many bills of materials, or packages in them"

    let source: any ImageSource
    private(set) var bills: [AttachedBill] = []
    private(set) var notes: [String] = []
    /// Bills that were fetched, and packages in them.
    private var read = 0
    private var packages = 0

    /// - Throws: what a later try may mend.
    init(of source: any ImageSource, _ image: ResolvedImage.PlatformManifest) async throws {
        self.source = source
        var found = image.attestations
        if image.hasManifestDigest {
            do {
                found += try await source.referrers(of: image.digest).filter { Self.mayBeBill($0.artifactType ?? "") }
            } catch let error as ScanError where Self.isLasting(error) {
                notes.append("what refers to the image could not be listed: \(error.message)")
            }
        }
        found = Dictionary(grouping: found, by: \.digest).values.map { $0[0] }.sorted {
            $0.digest.text < $1.digest.text
        }
        if found.count > Self.manifestsMax {
            notes.append("\(found.count - Self.manifestsMax) bills of materials beside the image are not read")
        }
        for descriptor in found.prefix(Self.manifestsMax) {
            do { try await add(descriptor) } catch let error as ScanError where Self.isLasting(error) {
                note(descriptor, error.message)
            }
        }
    }

    private mutating func add(_ descriptor: Descriptor) async throws {
        let document = try await source.manifest(descriptor)
        try ImageResolver.check(document.bytes, descriptor.digest, size: descriptor.size, "manifest")
        guard let manifest = try? JSONFormat.decode(Manifest.self, from: Data(document.bytes)) else {
            return note(descriptor, "it is no manifest")
        }
        for layer in manifest.layers where Self.mayBeBill(layer.mediaType.text) && Self.isOfBill(layer) {
            guard read < Self.manifestsMax else { return note(descriptor, Self.tooMany) }
            read += 1
            guard layer.size <= FileRule.claimBytesMax else {
                note(descriptor, "it has \(layer.size) bytes, over the limit claimBytesMax = \(FileRule.claimBytesMax)")
                continue
            }
            let sink = CollectingLayerSink(bytesMax: Int(layer.size))
            try await source.layer(layer, into: sink)
            let bytes = sink.bytes
            try ImageResolver.check(bytes, layer.digest, size: layer.size, "bill of materials")
            do throws(AnalysisError) {
                let findings = try await Self.findings(bytes).get()
                packages += findings.packages.count
                guard packages <= AnalysisLimits.packagesMax else { return note(descriptor, Self.tooMany) }
                bills.append(AttachedBill(manifest: descriptor.digest, findings: findings))
            } catch {
                // Attestations of other things (where an image was built, say) have the same media type.
                if error != BillReader.noBill { note(descriptor, error.reason) }
            }
        }
    }

    private static func findings(_ bytes: [UInt8]) async -> Result<FileFindings, AnalysisError> {
        let read = try? await OwnThread.run("bill-of-materials") {
            bytes.withUnsafeBytes { bytes in Result { () throws(AnalysisError) in try BillReader.read(bytes) } }
        }
        return read ?? .failure(AnalysisError("it was not read"))
    }

    /// Whether another try would end the same way. What is damaged counts as such here: whoever may push can state a
    /// wrong size, and must not keep an image from being scanned with it.
    private static func isLasting(_ error: ScanError) -> Bool { !error.isTransient || error.kind == .corrupt }

    private mutating func note(_ descriptor: Descriptor, _ reason: String) {
        notes.append("bill of materials \(descriptor.digest): \(reason)")
    }

    private static func mayBeBill(_ type: String) -> Bool {
        ["spdx", "cyclonedx", "in-toto", "sbom"].contains { type.lowercased().contains($0) }
    }

    /// Whether what an attestation says of its predicate leaves it possible.
    private static func isOfBill(_ layer: Descriptor) -> Bool {
        layer.annotations?["in-toto.io/predicate-type"].map(mayBeBill) ?? true
    }
}

/// Keeps what comes, up to a bound.
///
/// `@unchecked Sendable`: used by one thread at a time, as `LayerSink` says, and read when the transfer is over.
private final class CollectingLayerSink: LayerSink, @unchecked Sendable {
    private let bytesMax: Int
    private(set) var bytes: [UInt8] = []

    init(bytesMax: Int) { self.bytesMax = bytesMax }

    func write(_ piece: UnsafeRawBufferPointer) throws {
        guard bytes.count + piece.count <= bytesMax else {
            throw ScanError(.corrupt, "there are more bytes than its descriptor says", isTransient: true)
        }
        bytes.append(contentsOf: piece)
    }
}
