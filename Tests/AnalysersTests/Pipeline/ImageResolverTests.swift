import Analysers
import Foundation
import Model
import TestSupport
import Testing

@Suite("Resolving an image")
struct ImageResolverTests {
    private static var arm: Platform { get throws { try Platform("linux/arm64/v8") } }

    private static func image(_ platform: Platform) throws -> ImageFixture {
        try ImageFixture(
            layers: [LayerFixture([.file("etc/os-release", Scanning.osRelease + "# \(platform)\n")])],
            platform: platform)
    }

    /// A source whose root is this index over some images.
    private static func source(_ index: ImageIndex, _ images: [ImageFixture], more: [ImageIndex] = []) throws
        -> MemorySource
    {
        let bytes = Array(try JSONFormat.encode(index))
        let source = MemorySource(images, root: ImageFixture.describe(bytes, .ociIndex))
        for index in [index] + more {
            let bytes = Array(try JSONFormat.encode(index))
            source.put(bytes, as: ImageFixture.describe(bytes, .ociIndex))
        }
        return source
    }

    private static func child(_ image: ImageFixture, _ platform: Platform?) -> Descriptor {
        var descriptor = image.descriptor
        descriptor.platform = platform
        return descriptor
    }

    private static func error(_ source: MemorySource, _ choice: PlatformChoice = .standard) async -> ScanError? {
        do throws(ScanError) {
            _ = try await ImageScanner(cache: NoLayerCache()).resolve(source, platforms: choice)
            return nil
        } catch { return error }
    }

    @Test("a platform without a variant takes no image from one with its variant")
    func variants() async throws {
        let variants = try ["v6", "v7"].map { try Platform("linux/arm/\($0)") }
        let images = try variants.map { try Self.image($0) }
        let index = ImageIndex(
            mediaType: .ociIndex, manifests: zip(images, variants).map { Self.child($0, $1) })
        let wanted = [try Platform("linux/arm"), variants[1]]
        for choice in [wanted, wanted.reversed()] {
            let resolved = try await ImageScanner(cache: NoLayerCache()).resolve(
                Self.source(index, images), platforms: .only(choice))
            #expect(resolved.platforms.map(\.digest) == images.map(\.digest))
        }
    }

    @Test("an index gives the platforms that were asked for, in its order")
    func platforms() async throws {
        let images = [try Self.image(.linuxAMD64), try Self.image(try Self.arm)]
        let index = ImageIndex(
            mediaType: .ociIndex, manifests: [Self.child(images[0], .linuxAMD64), Self.child(images[1], try Self.arm)])
        let source = try Self.source(index, images)
        let scanner = ImageScanner(cache: NoLayerCache())
        let amd = try await scanner.resolve(source)
        #expect(amd.isIndex)
        #expect(amd.platforms.map(\.digest) == [images[0].digest])
        #expect(amd.leftOut.map(\.reason) == ["platform linux/arm64/v8 was not asked for"])
        let arm = try await scanner.scan(source, platforms: .only([try Platform("linux/arm64")]))
        #expect(try arm.map(\.platform) == [Self.arm])
        #expect(try await scanner.scan(source, platforms: .all).map(\.digest) == images.map(\.digest))
        let none = await Self.error(source, .only([try Platform("linux/s390x")]))
        #expect(none?.kind == .noPlatform)
        #expect(none?.message.contains("linux/amd64, linux/arm64/v8") == true)
    }

    @Test("a child without a platform is asked for it; an image without an index is taken whatever its platform")
    func unnamedPlatform() async throws {
        let images = [try Self.image(try Self.arm), try Self.image(.linuxAMD64)]
        let index = ImageIndex(mediaType: .ociIndex, manifests: images.map { Self.child($0, nil) })
        #expect(
            try await ImageScanner(cache: NoLayerCache()).resolve(Self.source(index, images)).platforms.map(\.digest)
                == [images[1].digest])
        #expect(
            try await ImageScanner(cache: NoLayerCache()).resolve(MemorySource([images[0]])).platforms.map(\.digest)
                == [images[0].digest])
    }

    @Test("attestations are left out by name; an index of nothing else is no image")
    func attestations() async throws {
        let image = try Self.image(.linuxAMD64)
        var attestation = Self.child(image, try Platform("unknown/unknown"))
        attestation.digest = ImageFixture.digest([1])
        attestation.annotations = ["vnd.docker.reference.type": "attestation-manifest"]
        let both = ImageIndex(mediaType: .ociIndex, manifests: [attestation, Self.child(image, .linuxAMD64)])
        let resolved = try await ImageScanner(cache: NoLayerCache()).resolve(
            Self.source(both, [image]), platforms: .all)
        #expect(resolved.platforms.count == 1)
        #expect(resolved.leftOut.map(\.reason) == ["not an image: attestation-manifest"])
        let only = ImageIndex(mediaType: .ociIndex, manifests: [attestation])
        #expect(await Self.error(try Self.source(only, [image]))?.kind == .notAnImage)
    }

    @Test("indexes in indexes are followed, up to a limit")
    func nested() async throws {
        let image = try Self.image(.linuxAMD64)
        var indexes = [ImageIndex(mediaType: .ociIndex, manifests: [Self.child(image, .linuxAMD64)])]
        for _ in 0..<4 {
            let bytes = Array(try JSONFormat.encode(indexes[0]))
            indexes.insert(
                ImageIndex(mediaType: .ociIndex, manifests: [ImageFixture.describe(bytes, .ociIndex)]), at: 0)
        }
        #expect(await Self.error(try Self.source(indexes[0], [image], more: indexes))?.kind == .overLimit)
        let fewer = Array(indexes.dropFirst())
        #expect(
            try await ImageScanner(cache: NoLayerCache()).resolve(Self.source(fewer[0], [image], more: fewer)).platforms
                .count == 1)
    }

    @Test(
        "other artifacts are told with their type",
        arguments: [
            (
                "application/vnd.cncf.helm.config.v1+json", "application/vnd.cncf.helm.chart.content.v1.tar+gzip",
                "application/vnd.cncf.helm.config.v1+json"
            ),
            (
                "application/vnd.oci.image.config.v1+json", "application/vnd.in-toto+json",
                "application/vnd.in-toto+json"
            ),
            (
                "application/vnd.oci.image.config.v1+json", "application/vnd.dev.cosign.simplesigning.v1+json",
                "application/vnd.dev.cosign.simplesigning.v1+json"
            ),
            ("application/vnd.oci.empty.v1+json", "application/octet-stream", "application/vnd.oci.empty.v1+json"),
        ])
    func artifacts(_ config: String, _ layer: String, _ named: String) async throws {
        let manifest = Manifest(
            mediaType: .ociManifest, config: ImageFixture.describe([1], MediaType(config)),
            layers: [ImageFixture.describe([2], MediaType(layer))])
        let bytes = Array(try JSONFormat.encode(manifest))
        let source = MemorySource([], root: ImageFixture.describe(bytes, .ociManifest))
        source.put(bytes, as: ImageFixture.describe(bytes, .ociManifest))
        let error = await Self.error(source)
        #expect(error?.kind == .notAnImage)
        #expect(error?.message == "not an image: \(named)")
    }

    @Test(
        "documents that are no manifest are refused with a reason",
        arguments: [
            ("{\"schemaVersion\":1,\"fsLayers\":[]}", ScanError.Kind.unsupported), ("[]", .corrupt), ("{}", .corrupt),
            ("not JSON", .corrupt), ("", .corrupt),
            ("{\"schemaVersion\":2,\"manifests\":[],\"layers\":[],\"config\":{}}", .corrupt),
            (
                "{\"schemaVersion\":2,\"mediaType\":\"application/vnd.oci.image.index.v1+json\",\"layers\":[],\"config\":{}}",
                .corrupt
            ),
            (
                "{\"schemaVersion\":2,\"layers\":[{\"mediaType\":\"x\",\"digest\":\"sha256:../../etc\",\"size\":1}],\"config\":{}}",
                .corrupt
            ),
            ("{\"schemaVersion\":2,\"manifests\":[]}", .notAnImage),
        ])
    func badDocuments(_ text: String, _ kind: ScanError.Kind) async throws {
        let descriptor = ImageFixture.describe(Array(text.utf8), .ociManifest)
        var root = descriptor
        root.mediaType = "application/json"
        let source = MemorySource([], root: root)
        source.put(Array(text.utf8), as: descriptor)
        #expect(await Self.error(source)?.kind == kind)
    }

    @Test("a foreign layer is refused when it is read")
    func foreign() async throws {
        var layer = LayerFixture([.file("x")])
        layer.mediaType = "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip"
        let error = await #expect(throws: ScanError.self) { try await Scanning.scan(ImageFixture(layers: [layer])) }
        #expect(error?.kind == .unsupported)
    }
}
