import Foundation
import Model
import TestSupport
import Testing

@testable import Analysers

@Suite("Bills of materials beside an image")
struct AttachedBillTests {
    private static let bill = """
        {"bomFormat": "CycloneDX", "components": [
          {"type": "library", "name": "ms", "purl": "pkg:npm/ms@2.1.3"},
          {"type": "library", "name": "a", "purl": "pkg:deb/debian/a@1"},
          {"type": "library", "name": "b", "purl": "pkg:deb/debian/b@1"}]}
        """
    private static let spdx: MediaType = "application/vnd.cyclonedx+json"

    private static func image() throws -> ImageFixture {
        try Scanning.image([
            .file("etc/os-release", Scanning.osRelease), .file("var/lib/dpkg/status", Scanning.dpkg(("a", "1"))),
        ])
    }

    /// Puts a manifest with one layer into a source.
    private static func attach(
        _ text: String, to source: MemorySource, type: MediaType = spdx, predicate: String? = nil
    ) throws -> Descriptor {
        let bytes = Array(text.utf8)
        var layer = ImageFixture.describe(bytes, type)
        layer.annotations = predicate.map { ["in-toto.io/predicate-type": $0] }
        source.put(bytes, as: layer)
        let empty = Array("{}".utf8)
        let config = ImageFixture.describe(empty, "application/vnd.oci.empty.v1+json")
        let manifest = Array(
            try JSONFormat.encode(Manifest(mediaType: .ociManifest, config: config, layers: [layer])))
        var descriptor = ImageFixture.describe(manifest, .ociManifest)
        descriptor.artifactType = type.text
        source.put(manifest, as: descriptor)
        return descriptor
    }

    private static func scan(_ source: MemorySource) async throws -> Inventory {
        try await ImageScanner(cache: NoLayerCache()).scan(source)[0]
    }

    @Test("a referrer adds what the image does not show, and says whose word it is")
    func referrer() async throws {
        let image = try Self.image()
        let source = MemorySource([image])
        let bill = try Self.attach(Self.bill, to: source)
        let signature = try Self.attach("x", to: source, type: "application/vnd.dev.cosign.simplesigning.v1+json")
        source.refer(to: image.digest, [signature, bill])
        let inventory = try await Self.scan(source)
        #expect(
            inventory.packages.map { "\($0.name) \($0.claim?.rawValue ?? "installed") \($0.location)" } == [
                "a installed var/lib/dpkg/status", "ms bill-of-materials manifest \(bill.digest)",
            ])
        #expect(inventory.packages[1].layer == nil)
        #expect(inventory.notes == [] && inventory.undetermined == [])
        #expect(source.reads(signature.digest) == 0)
    }

    @Test("an attestation of BuildKit counts for its own platform; one of something else is passed over")
    func attestation() async throws {
        let image = try Self.image()
        let other = try Scanning.image([.file("a", "b")])
        let holder = MemorySource([image, other])
        func attestation(_ of: ImageFixture, _ predicateType: String, _ predicate: String) throws -> Descriptor {
            let statement = #"{"predicateType": "\#(predicateType)", "predicate": \#(predicate)}"#
            var descriptor = try Self.attach(
                statement, to: holder, type: "application/vnd.in-toto+json", predicate: predicateType)
            descriptor.artifactType = nil
            descriptor.platform = try Platform("unknown/unknown")
            descriptor.annotations = [
                "vnd.docker.reference.type": "attestation-manifest", "vnd.docker.reference.digest": of.digest.text,
            ]
            return descriptor
        }
        let bills = [
            try attestation(image, "https://cyclonedx.org/bom", Self.bill),
            try attestation(other, "https://cyclonedx.org/bom", Self.bill.replacing("2.1.3", with: "9.9.9")),
            try attestation(image, "https://slsa.dev/provenance/v0.2", "{}"),
        ]
        var child = image.descriptor
        child.platform = .linuxAMD64
        let index = Array(try JSONFormat.encode(ImageIndex(mediaType: .ociIndex, manifests: [child] + bills)))
        let source = MemorySource([image, other], root: ImageFixture.describe(index, .ociIndex), sharing: holder)
        source.put(index, as: ImageFixture.describe(index, .ociIndex))
        let inventory = try await Self.scan(source)
        #expect(inventory.packages.map { "\($0.name) \($0.version)" } == ["a 1", "ms 2.1.3"])
        #expect(inventory.notes == [])
    }

    @Test("what cannot be read is noted; what a later try may mend ends the scan")
    func damage() async throws {
        let image = try Self.image()
        let source = MemorySource([image])
        let broken = try Self.attach("{", to: source)
        source.refer(to: image.digest, [broken])
        #expect(try await Self.scan(source).notes == ["bill of materials \(broken.digest): it is no JSON"])
        source.fail(broken.digest, ScanError(.unauthorized, "not for you"))
        #expect(
            try await Self.scan(source).notes == ["what refers to the image could not be listed: not for you"])
        var wrong = broken
        wrong.size += 1
        source.fail(broken.digest, nil)
        source.refer(to: image.digest, [wrong])
        #expect(try await Self.scan(source).notes.count == 1, "a wrong size keeps no image from being scanned")
        source.fail(broken.digest, ScanError(.unreachable, "down", isTransient: true))
        await #expect(throws: ScanError.self) { try await Self.scan(source) }
    }

    @Test("a manifest with any number of bills is read up to a limit, and that is told")
    func many() async throws {
        let image = try Self.image()
        let source = MemorySource([image])
        let bill = Array(Self.bill.utf8)
        let layer = ImageFixture.describe(bill, Self.spdx)
        source.put(bill, as: layer)
        let config = ImageFixture.describe(Array("{}".utf8), "application/vnd.oci.empty.v1+json")
        let manifest = Array(
            try JSONFormat.encode(
                Manifest(
                    mediaType: .ociManifest, config: config,
                    layers: [Descriptor](repeating: layer, count: AttachedBills.manifestsMax + 5))))
        var descriptor = ImageFixture.describe(manifest, .ociManifest)
        descriptor.artifactType = Self.spdx.text
        source.put(manifest, as: descriptor)
        source.refer(to: image.digest, [descriptor])
        let inventory = try await Self.scan(source)
        #expect(source.reads(layer.digest) == AttachedBills.manifestsMax)
        #expect(inventory.packages.map(\.name) == ["a", "ms"])
        #expect(
            inventory.notes == [
                "bill of materials \(descriptor.digest): there are too many bills of materials, or packages in them"
            ])
    }
}
