import Foundation
import Model
import TestSupport
import Testing

@testable import Analysers
@testable import LayerArchive

@Suite("Layers read in part")
struct PartialLayerTests {
    private static let noise = (0..<400_000).map { UInt8(truncatingIfNeeded: $0 &* 2_654_435_761 >> 13) }

    private static var items: [TarFixture.Item] {
        let status = (0..<300).map { Scanning.dpkg(("package-\($0)", "1.\($0)")) }.joined()
        return [
            .directory("etc"), .file("etc/os-release", Scanning.osRelease),
            .file(Array("noise".utf8), content: noise, mode: 0o644),
            .file("usr/lib/empty", ""), .file("real/status", status), .symlink("var/lib/dpkg/status", "/real/status"),
            .file("app/node_modules/ms/package.json", #"{"name": "ms", "version": "2.1.3"}"#),
            .file("bin/su", "x", mode: 0o4755), .hardLink("bin/sudo", "bin/su"), .device("dev/null"),
            .file(Array("other".utf8), content: noise, mode: 0o644), .file("app/.wh.gone", ""),
        ]
    }

    private static func scan(_ source: MemorySource, _ analysers: AnalyserSet = .packageManagers) async throws
        -> Inventory
    {
        try await ImageScanner(analysers: analysers, cache: NoLayerCache()).scan(source)[0]
    }

    private static func image(_ layer: LayerFixture) throws -> ImageFixture { try ImageFixture(layers: [layer]) }

    @Test("the same inventory as of the whole, from a small part of its bytes", arguments: LayerFixture.Table.allCases)
    func same(_ table: LayerFixture.Table) async throws {
        let layer = try LayerFixture(Self.items, table: table)
        let image = try Self.image(layer)
        let (parts, whole) = (MemorySource([image]), MemorySource([image]))
        whole.giveNoParts()
        let inventory = try await Self.scan(parts)
        #expect(try await inventory == Self.scan(whole))
        #expect(inventory.packages.count == 301)
        #expect(inventory.setIDFiles?.map(\.path) == ["bin/su"])
        #expect(inventory.secrets == nil && inventory.certificates == nil)
        #expect(inventory.undetermined.map(\.what) == ["programs"])
        #expect(parts.reads(layer.descriptor.digest) == 0 && whole.reads(layer.descriptor.digest) > 0)
        #expect(parts.partBytes * 5 < layer.stored.count, "\(parts.partBytes) of \(layer.stored.count)")
        // The whole is read wherever a verdict may rest on it.
        let full = MemorySource([image])
        #expect(try await Self.scan(full, .standard).packages.count == 301)
        #expect(full.partBytes == 0 && full.reads(layer.descriptor.digest) > 0)
    }

    @Test(
        "a table or a file without its digest is not believed: the layer is read as a whole",
        arguments: LayerFixture.Table.allCases)
    func damage(_ table: LayerFixture.Table) async throws {
        let good = try LayerFixture(Self.items, table: table)
        for annotation in try #require(good.annotations).keys where !annotation.hasSuffix("position") {
            var layer = good
            layer.annotations?[annotation] = ImageFixture.digest([1]).text
            let source = MemorySource([try Self.image(layer)])
            #expect(try await Self.scan(source).packages.count == 301)
            #expect(source.reads(layer.descriptor.digest) > 0)
        }
        // One byte of the package database: the table's digest does not fit, nor then does the layer's.
        var changed = good
        let needle = try #require(
            Self.items.compactMap { item -> [UInt8]? in
                guard case .file(let path, let content, _) = item, path == Array("real/status".utf8) else { return nil }
                return table == .estargz
                    ? LayerFixture.gzip(Array(content.prefix(4096))) : LayerFixture.zstd(Array(content.prefix(4096)))
            }.first)
        let place = try #require(changed.stored.firstRange(of: needle))
        changed.stored[place.lowerBound + needle.count / 2] ^= 1
        let image = try ImageFixture(
            configuration: Self.image(good).configuration, layers: [changed.stored], descriptors: [good.descriptor])
        let source = MemorySource([image])
        source.put(changed.stored, as: good.descriptor)
        await #expect(throws: ScanError.self) { try await Self.scan(source) }
        #expect(source.reads(good.descriptor.digest) == 1)
    }

    @Test("a table may hide a file, so a list of packages that was read by it says that it is no whole inventory")
    func hiding() async throws {
        let layer = try LayerFixture(Self.items, table: .estargz, hiding: ["app/node_modules/ms/package.json"])
        let source = MemorySource([try Self.image(layer)])
        let inventory = try await Self.scan(source)
        #expect(inventory.packages.count == 300 && !inventory.undetermined.isEmpty)
        #expect(try await Self.scan(source, .standard).packages.count == 301)
    }

    @Test("records of what a table says are kept apart by the diff_id, which only the image states")
    func cache() async throws {
        let layer = try LayerFixture(Self.items, table: .estargz)
        let cache = MemoryLayerCache()
        let scanner = ImageScanner(analysers: .packageManagers, cache: cache)
        let lying = try ImageFixture(layers: [layer], diffIDs: [ImageFixture.digest([9])])
        _ = try await scanner.scan(MemorySource([lying]))
        let source = MemorySource([try Self.image(layer)])
        #expect(try await scanner.scan(source)[0].packages.count == 301)
        #expect(source.partBytes > 0)
        let again = MemorySource([try Self.image(layer)])
        _ = try await scanner.scan(again)
        #expect(again.partBytes == 0)
    }

    @Test("random tables are refused or read, never a crash")
    func noise() async throws {
        let good = try LayerFixture(Self.items, table: .zstdChunked)
        let annotations = try #require(good.annotations)
        let key = "io.github.containers.zstd-chunked.manifest-"
        let numbers = try #require(annotations[key + "position"]).split(separator: ":").compactMap { Int($0) }
        let document = String(
            decoding: try ChunkDecoder.decode(
                Array(good.stored[numbers[0]..<numbers[0] + numbers[1]]), .zstd, skipping: 0, count: numbers[2]),
            as: UTF8.self)
        for seed in UInt64(1)...200 {
            var generator = SeededGenerator(seed: seed)
            var bytes = Array(document.utf8)
            for _ in 0..<3 {
                // Digits mostly: offsets and sizes.
                let digits = bytes.indices.filter { (0x30...0x39).contains(bytes[$0]) }
                if let index = digits.randomElement(using: &generator) {
                    bytes[index] = UInt8.random(in: 0x30...0x39, using: &generator)
                }
            }
            let frame = LayerFixture.zstd(bytes)
            var layer = good
            layer.stored = Array(good.stored[..<numbers[0]]) + frame
            layer.annotations = [
                key + "position": "\(numbers[0]):\(frame.count):\(bytes.count):1",
                key + "checksum": ImageFixture.digest(frame).text,
            ]
            _ = try? await Self.scan(MemorySource([try Self.image(layer)]))
        }
    }
}
