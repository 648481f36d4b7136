import Foundation
import LayerArchive
import Model
import Synchronization
import TestSupport
import Testing

@testable import Analysers

@Suite("Scanning an image")
struct ImageScannerTests {
    private static let status = "var/lib/dpkg/status"

    private static func layers() -> [LayerFixture] {
        [
            LayerFixture([
                .file("etc/os-release", Scanning.osRelease), .file(status, Scanning.dpkg(("libc6", "2.36-9+deb12u4"))),
            ]),
            LayerFixture(
                [.file("usr/lib/python3/dist-packages/PyYAML-6.0.dist-info/METADATA", "Name: PyYAML\nVersion: 6.0\n")],
                compression: .zstd),
            LayerFixture(
                [.file(status, Scanning.dpkg(("libc6", "2.36-9+deb12u4"), ("zlib1g", "1:1.2.13")))], compression: .plain
            ),
        ]
    }

    @Test("packages with their purls, sources and layers; the configuration without environment values")
    func inventory() async throws {
        let image = try ImageFixture(
            layers: Self.layers(), user: "app", labels: ["a": "b"], environment: ["SECRET=hunter2", "PATH=/bin"],
            history: ["one", "two", "three"])
        let inventory = try await Scanning.scan(image)
        #expect(inventory.digest == image.digest)
        #expect(Scanning.list(inventory) == ["libc6 2.36-9+deb12u4@0", "zlib1g 1:1.2.13@2", "PyYAML 6.0@1"])
        #expect(
            inventory.packages.map(\.purl) == [
                "pkg:deb/debian/libc6@2.36-9%2Bdeb12u4?arch=amd64&distro=debian-12",
                "pkg:deb/debian/zlib1g@1:1.2.13?arch=amd64&distro=debian-12",
                "pkg:pypi/pyyaml@6.0",
            ])
        #expect(inventory.configuration.user == "app")
        #expect(inventory.configuration.environmentNames == ["PATH", "SECRET"])
        #expect(inventory.configuration.exposedPorts == ["8080/tcp"])
        #expect(inventory.layers.map(\.createdBy) == ["one", "two", "three"])
        let text = String(decoding: try JSONFormat.encode(inventory), as: UTF8.self)
        #expect(!text.contains("hunter2"))
    }

    @Test("executables that run as their owner or group, as the topmost layer has them")
    func setIDFiles() async throws {
        func file(_ path: String, _ mode: UInt32) -> TarFixture.Item { .file(path, "x", mode: mode) }
        let image = try ImageFixture(layers: [
            LayerFixture([
                file("bin/su", 0o4755), file("bin/mail", 0o2755), file("bin/gone", 0o4755), file("bin/tamed", 0o6755),
                file("data", 0o4644), file("bin/ls", 0o755), file("bin/twice", 0o4755), file("bin/twice", 0o755),
                .hardLink("bin/sudo", "bin/gone"), .directory("shared"),
            ]),
            LayerFixture([file("bin/.wh.gone", 0o644), file("bin/tamed", 0o755), file("bin/new", 0o4711)]),
        ])
        let inventory = try await Scanning.scan(image)
        let files = try #require(inventory.setIDFiles)
        #expect(
            files.map { "\($0.mode) \($0.path)" } == ["2755 bin/mail", "4711 bin/new", "4755 bin/su", "4755 bin/sudo"])
        #expect(files.map(\.layer) == [0, 1, 0, 0].map { image.layerDescriptors[$0].digest })
    }

    @Test("any order of arrival and any width give the same bytes")
    func order() async throws {
        let image = try ImageFixture(layers: Self.layers())
        let expected = try JSONFormat.encode(await Scanning.scan(image))
        for order in [[0, 1, 2], [2, 1, 0], [1, 2, 0], [2, 0, 1]] {
            for width in [1, 2, 3] where width == 3 || order == [0, 1, 2] {
                let gate = OrderGate(order.map { image.layerDescriptors[$0].digest })
                var limits = ScanLimits.standard
                limits.parallelLayersMax = width
                let source = MemorySource(
                    [image], before: { descriptor in if width == 3 { await gate.wait(for: descriptor.digest) } })
                let inventory = try await ImageScanner(cache: NoLayerCache(), limits: limits).scan(source)[0]
                #expect(try JSONFormat.encode(inventory) == expected)
            }
        }
    }

    @Test("a known layer is not read again, and shared layers are read once by two scans at once")
    func cache() async throws {
        let shared = Self.layers()[0]
        let first = try ImageFixture(layers: [shared, Self.layers()[1]])
        let second = try ImageFixture(layers: [shared, Self.layers()[2]])
        let gate = Meeting(2)
        let source = MemorySource([first, second], before: { _ in })
        let scanner = ImageScanner(cache: MemoryLayerCache())
        let other = MemorySource([second, first])
        async let one = {
            await gate.arrive(); return try await scanner.scan(source)
        }()
        async let two = {
            await gate.arrive(); return try await scanner.scan(other)
        }()
        let expected = try await [one[0], two[0]]
        #expect(source.reads(shared.descriptor.digest) + other.reads(shared.descriptor.digest) == 1)
        let third = MemorySource([first])
        #expect(try await scanner.scan(third)[0] == expected[0])
        #expect(first.layerDescriptors.allSatisfy { third.reads($0.digest) == 0 })
    }

    @Test("a scan that missed the cache while another's read was ending does not read the layer again")
    func lateMiss() async throws {
        let image = try Scanning.image([.file(Self.status, Scanning.dpkg(("a", "1")))])
        let cache = ParkingCache()
        let scanner = ImageScanner(cache: cache)
        let late = MemorySource([image])
        let early = MemorySource([image])
        async let lateInventory = scanner.scan(late)
        await cache.parked.wait()
        let expected = try await scanner.scan(early)
        await cache.landed.open()
        #expect(try await lateInventory == expected)
        let layer = image.layerDescriptors[0].digest
        #expect(early.reads(layer) == 1)
        #expect(late.reads(layer) == 0)
    }

    @Test("the folder's records are found by a new scanner; a damaged or foreign one is read anew")
    func folderCache() async throws {
        try await Scanning.withFolder { folder in
            let image = try ImageFixture(layers: Self.layers())
            let expected = try await Scanning.scan(image, cache: FolderLayerCache(folder: folder))
            let source = MemorySource([image])
            #expect(try await ImageScanner(cache: FolderLayerCache(folder: folder)).scan(source) == [expected])
            #expect(image.layerDescriptors.allSatisfy { source.reads($0.digest) == 0 })
            let files = try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil).sorted
            { $0.path < $1.path }
            #expect(files.count == 3)
            #expect(try files.allSatisfy { try Data(contentsOf: $0).count < 4096 })
            try Data("damaged".utf8).write(to: files[0])
            try Data(contentsOf: files[1]).write(to: files[2])
            let again = MemorySource([image])
            #expect(try await ImageScanner(cache: FolderLayerCache(folder: folder)).scan(again) == [expected])
            #expect(image.layerDescriptors.map { again.reads($0.digest) }.reduce(0, +) == 2)
        }
    }

    @Test("the folder stays below its bound")
    func folderBound() async throws {
        try await Scanning.withFolder { folder in
            let cache = FolderLayerCache(folder: folder, bytesMax: 4000, memoryBytesMax: 0)
            for number in 0..<20 { _ = try await Scanning.scan(Scanning.image([.file("f\(number)")]), cache: cache) }
            let sizes = try FileManager.default.contentsOfDirectory(
                at: folder, includingPropertiesForKeys: [.fileSizeKey]
            ).map {
                try $0.resourceValues(forKeys: [.fileSizeKey]).fileSize ?? 0
            }
            #expect(sizes.reduce(0, +) <= 4000)
            #expect(!sizes.isEmpty)
        }
    }

    @Test("a layer whose diff_id does not fit is refused, known or not")
    func diffID() async throws {
        let layer = Self.layers()[0]
        let cache = MemoryLayerCache()
        _ = try await Scanning.scan(ImageFixture(layers: [layer]), cache: cache)
        let wrong = try ImageFixture(layers: [layer], diffIDs: [ImageFixture.digest([9])])
        let error = await #expect(throws: ScanError.self) { try await Scanning.scan(wrong, cache: cache) }
        #expect(error?.kind == .corrupt)
        #expect(error?.isTransient == false)
        let fewer = try ImageFixture(layers: [layer], diffIDs: [])
        await #expect(throws: ScanError.self) { try await Scanning.scan(fewer) }
    }

    @Test("a layer over a limit makes the inventory partial, and says which layer and limit")
    func partial() async throws {
        var limits = ScanLimits.standard
        limits.layer.entriesMax = 1
        let image = try Scanning.image([.file(Self.status, Scanning.dpkg(("a", "1")))], [.file("x"), .file("y")])
        let inventory = try await Scanning.scan(image, limits: limits)
        #expect(Scanning.list(inventory) == ["a 1@0"])
        #expect(inventory.undetermined.map(\.what) == ["layer \(image.layerDescriptors[1].digest)"])
        #expect(inventory.undetermined.first?.reason.contains("entriesMax") == true)
    }

    @Test("layers that are small each are refused where they are too much together, in any order")
    func together() async throws {
        let layers = (0..<4).map { layer in LayerFixture((0..<50).map { .symlink("l\(layer)-\($0)", "target") }) }
        let image = try ImageFixture(layers: layers)
        var limits = ScanLimits.standard
        limits.recordBytesMax = 30_000
        let error = await #expect(throws: ScanError.self) { try await Scanning.scan(image, limits: limits) }
        #expect(error?.kind == .overLimit)
        #expect(error?.message.contains("recordBytesMax") == true)
        limits.recordBytesMax = 60_000
        #expect(try await Scanning.scan(image, limits: limits).layers.count == 4)
    }

    @Test("a failure of one scan's source is not the other's")
    func foreignFailure() async throws {
        let image = try Scanning.image([.file(Self.status, Scanning.dpkg(("a", "1")))])
        let gate = Gate()
        let bad = MemorySource([image], before: { _ in await gate.wait() })
        bad.fail(image.layerDescriptors[0].digest, ScanError(.unauthorized, "no"))
        let scanner = ImageScanner(cache: NoLayerCache())
        let key = LayerKey(layer: image.layerDescriptors[0].digest, analyserVersion: scanner.analyserVersion)
        let source = MemorySource([image], before: { _ in })
        async let failing = Result { try await scanner.scan(bad) }.map(\.count)
        // The good scan joins the bad one's flight, and neither goes on before both are in it.
        while await scanner.flights.waiters(for: key) < 1 { await Task.yield() }
        async let good = scanner.scan(source)
        while await scanner.flights.waiters(for: key) < 2 { await Task.yield() }
        await gate.open()
        #expect(try await good[0].packages.count == 1)
        #expect(source.reads(key.layer) == 1)
        guard case .failure(let error) = await failing else {
            Issue.record("the scan with the bad source must fail")
            return
        }
        #expect((error as? ScanError)?.kind == .unauthorized)
    }

    @Test("what a source throws keeps its kind; an unknown error may pass")
    func sourceErrors() async throws {
        let image = try Scanning.image([.file("x")])
        let source = MemorySource([image])
        source.fail(image.configurationDescriptor.digest, ScanError(.notFound, "gone"))
        let error = await #expect(throws: ScanError.self) {
            _ = try await ImageScanner(cache: NoLayerCache()).scan(source)
        }
        #expect(error?.kind == .notFound)
    }

    @Test("a platform that cannot be named is refused with the reason")
    func badPlatform() async throws {
        let text = #"{"os":"linux","architecture":"arm64","variant":"v8/x","rootfs":{"diff_ids":[]}}"#
        let image = try ImageFixture(configuration: Array(text.utf8), layers: [], descriptors: [])
        let error = await #expect(throws: ScanError.self) { try await Scanning.scan(image) }
        #expect(error?.kind == .corrupt)
        #expect(error?.message.contains("v8/x") == true)
    }

    @Test("a configuration or manifest whose bytes do not fit is refused")
    func wrongBytes() async throws {
        let image = try Scanning.image([.file("x")])
        for descriptor in [image.configurationDescriptor, image.descriptor] {
            let source = MemorySource([image])
            source.put(image.configuration + [0x20], as: descriptor)
            let error = await #expect(throws: ScanError.self) {
                _ = try await ImageScanner(cache: NoLayerCache()).scan(source)
            }
            #expect(error?.kind == .corrupt)
        }
    }

    @Test("progress ends at all bytes and layers, cached or not")
    func progress() async throws {
        let image = try ImageFixture(layers: Self.layers() + [Self.layers()[0]])
        let scanner = ImageScanner(cache: MemoryLayerCache())
        for _ in 0..<2 {
            let last = Mutex(ScanProgress())
            _ = try await scanner.scan(MemorySource([image]), progress: { progress in last.withLock { $0 = progress } })
            let end = last.withLock { $0 }
            #expect(end.readBytes == end.totalBytes)
            #expect(end.layersDone == 4)
        }
    }
}

extension Result where Failure == any Error {
    fileprivate init(_ body: () async throws -> Success) async {
        do { self = .success(try await body()) } catch { self = .failure(error) }
    }
}

/// A cache whose first look-up misses and then waits until it is let go: the record has landed meanwhile.
actor ParkingCache: LayerCache {
    nonisolated let parked = Gate()
    nonisolated let landed = Gate()
    private let cache = MemoryLayerCache()
    private var isFirst = true

    func record(for key: LayerKey) async -> LayerRecord? {
        let record = await cache.record(for: key)
        guard isFirst else { return record }
        isFirst = false
        await parked.open()
        await landed.wait()
        return record
    }

    func store(_ record: LayerRecord, for key: LayerKey) async { await cache.store(record, for: key) }
}

/// Lets waiters go when opened.
actor Gate {
    private var isOpen = false
    private var waiters: [CheckedContinuation<Void, Never>] = []

    func wait() async {
        if isOpen { return }
        await withCheckedContinuation { waiters.append($0) }
    }
    func open() {
        isOpen = true
        for waiter in waiters { waiter.resume() }
        waiters = []
    }
}

/// Lets waiters go when all are there.
actor Meeting {
    private let size: Int
    private var waiters: [CheckedContinuation<Void, Never>] = []
    init(_ size: Int) { self.size = size }

    func arrive() async {
        if waiters.count + 1 == size {
            for waiter in waiters { waiter.resume() }
            waiters = []
            return
        }
        await withCheckedContinuation { waiters.append($0) }
    }
}

/// Lets digests go one after the other in a given order.
actor OrderGate {
    private var order: [Digest]
    private var waiters: [Digest: CheckedContinuation<Void, Never>] = [:]
    init(_ order: [Digest]) { self.order = order }

    func wait(for digest: Digest) async {
        if order.first != digest { await withCheckedContinuation { waiters[digest] = $0 } }
        order.removeFirst()
        if let next = order.first { waiters.removeValue(forKey: next)?.resume() }
    }
}
