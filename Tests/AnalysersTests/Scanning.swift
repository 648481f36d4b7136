import Analysers
import Foundation
import LayerArchive
import Model
import Synchronization
import TestSupport

/// An image in memory, with switches for what can go wrong, that counts what it is asked for.
final class MemorySource: ImageSource {
    let name = "memory"
    private struct State {
        var blobs: [Digest: [UInt8]] = [:]
        var types: [Digest: MediaType] = [:]
        var reads: [Digest: Int] = [:]
        var failures: [Digest: ScanError] = [:]
        var referrers: [Digest: [Descriptor]] = [:]
        var givesParts = true
        var partBytes = 0
    }
    private let state = Mutex(State())
    private let rootDescriptor: Descriptor
    /// Waits before a layer is handed out: the order of arrival is the test's.
    private let before: @Sendable (Descriptor) async -> Void

    init(
        _ images: [ImageFixture], root: Descriptor? = nil, sharing other: MemorySource? = nil,
        before: @escaping @Sendable (Descriptor) async -> Void = { _ in }
    ) {
        rootDescriptor = root ?? images[0].descriptor
        self.before = before
        if let known = other?.state.withLock({ $0 }) { state.withLock { $0 = known } }
        for image in images {
            for (bytes, descriptor) in zip(image.layers, image.layerDescriptors) { put(bytes, as: descriptor) }
            put(image.configuration, as: image.configurationDescriptor)
            put(image.manifest, as: image.descriptor)
        }
    }

    func put(_ bytes: [UInt8], as descriptor: Descriptor) {
        state.withLock {
            $0.blobs[descriptor.digest] = bytes
            $0.types[descriptor.digest] = descriptor.mediaType
        }
    }
    func fail(_ digest: Digest, _ error: ScanError?) { state.withLock { $0.failures[digest] = error } }
    func refer(to digest: Digest, _ descriptors: [Descriptor]) { state.withLock { $0.referrers[digest] = descriptors } }
    func reads(_ digest: Digest) -> Int { state.withLock { $0.reads[digest] ?? 0 } }

    private func bytes(_ digest: Digest) throws -> [UInt8] {
        try state.withLock { state in
            state.reads[digest, default: 0] += 1
            if let failure = state.failures[digest] { throw failure }
            guard let bytes = state.blobs[digest] else { throw ScanError(.notFound, "no blob \(digest)") }
            return bytes
        }
    }

    func referrers(of digest: Digest) async throws -> [Descriptor] {
        try state.withLock { state in
            guard let found = state.referrers[digest] else { return [] }
            // What fails the list fails the question.
            for descriptor in found { if let failure = state.failures[descriptor.digest] { throw failure } }
            return found
        }
    }
    func giveNoParts() { state.withLock { $0.givesParts = false } }
    /// Bytes that were asked for in parts.
    var partBytes: Int { state.withLock { $0.partBytes } }
    func part(of descriptor: Descriptor, _ range: Range<Int64>) async throws -> [UInt8]? {
        state.withLock { state in
            guard state.givesParts, let bytes = state.blobs[descriptor.digest] else { return nil }
            state.partBytes += range.count
            return Array(bytes[Int(range.lowerBound)..<Int(range.upperBound)])
        }
    }
    func root() async throws -> SourceDocument { try await manifest(rootDescriptor) }
    func manifest(_ descriptor: Descriptor) async throws -> SourceDocument {
        SourceDocument(bytes: try bytes(descriptor.digest), mediaType: descriptor.mediaType, digest: descriptor.digest)
    }
    func configuration(_ descriptor: Descriptor) async throws -> [UInt8] { try bytes(descriptor.digest) }
    func layer(_ descriptor: Descriptor, into sink: any LayerSink) async throws {
        await before(descriptor)
        let bytes = try bytes(descriptor.digest)
        try bytes.withUnsafeBytes { raw in
            for start in stride(from: 0, to: raw.count, by: 40_000) {
                try sink.write(UnsafeRawBufferPointer(rebasing: raw[start..<min(start + 40_000, raw.count)]))
            }
        }
    }
}

enum Scanning {
    static let osRelease =
        "PRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\nID=debian\nVERSION_ID=\"12\"\nVERSION_CODENAME=bookworm\n"

    static func dpkg(_ packages: (name: String, version: String)...) -> String {
        packages.map {
            "Package: \($0.name)\nStatus: install ok installed\nArchitecture: amd64\nVersion: \($0.version)\nDescription: x\n more\n\n"
        }
        .joined()
    }

    static func image(_ layers: [TarFixture.Item]...) throws -> ImageFixture {
        try ImageFixture(layers: layers.map { LayerFixture($0) })
    }

    static func scan(_ image: ImageFixture, cache: any LayerCache = NoLayerCache(), limits: ScanLimits = .standard)
        async throws -> Inventory
    {
        try await ImageScanner(cache: cache, limits: limits).scan(MemorySource([image]))[0]
    }

    static func inventory(_ layers: [TarFixture.Item]...) async throws -> Inventory {
        try await scan(ImageFixture(layers: layers.map { LayerFixture($0) }))
    }

    /// `name version@layer`.
    static func list(_ inventory: Inventory) -> [String] {
        inventory.packages.map { package in
            let layer = inventory.layers.firstIndex { $0.digest == package.layer }
            return "\(package.name) \(package.version)@\(layer.map(String.init) ?? "?")"
        }
    }

    /// A folder of its own for a test, removed afterwards.
    static func withFolder<Value>(_ body: (URL) async throws -> Value) async throws -> Value {
        let folder = FileManager.default.temporaryDirectory.appending(path: "pratique-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        return try await body(folder)
    }
}
