import Analysers
import Foundation
import Model
import TestSupport
import Testing

@Suite("Images on this machine")
struct LocalImageTests {
    private static func image(_ version: String = "1", _ platform: Platform = .linuxAMD64) throws -> ImageFixture {
        try ImageFixture(
            layers: [LayerFixture([.file("var/lib/dpkg/status", Scanning.dpkg(("a", version)))])], platform: platform)
    }

    private static func scan(_ reference: String) async throws -> [Inventory] {
        let source = try #require(try await LocalImages.source(for: reference))
        return try await ImageScanner(cache: NoLayerCache()).scan(source, platforms: .all)
    }

    private static func kind(_ reference: String) async -> ScanError.Kind? {
        do {
            _ = try await scan(reference)
            return nil
        } catch { return (error as? ScanError)?.kind }
    }

    @Test(
        "a registry's reference is none of ours",
        arguments: ["debian:12", "registry.example/oci:1", "localhost:5000/a"])
    func others(_ reference: String) async throws {
        #expect(try await LocalImages.source(for: reference) == nil)
    }

    @Test("an OCI layout, by tag or alone, as a folder and as an archive")
    func layout() async throws {
        try await Scanning.withFolder { folder in
            let layout = folder.appending(path: "with:colon")
            try Self.image("1").write(to: layout, tag: "one")
            #expect(try await Self.scan("oci:\(layout.path)").map(\.digest) == [Self.image("1").digest])
            try Self.image("2").write(to: layout, tag: "two")
            #expect(await Self.kind("oci:\(layout.path)") == .notFound)
            #expect(await Self.kind("oci:\(layout.path):three") == .notFound)
            #expect(try await Self.scan("oci:\(layout.path):two").map(Scanning.list) == [["a 2@0"]])
            let archive = folder.appending(path: "image.tar")
            try Data(Self.archive(of: layout)).write(to: archive)
            #expect(try await Self.scan("oci-archive:\(archive.path):one").map(Scanning.list) == [["a 1@0"]])
        }
    }

    @Test("a bill of materials is an inventory of what it names, and of nothing else")
    func bill() async throws {
        try await Scanning.withFolder { folder in
            let file = folder.appending(path: "app.json")
            let text = """
                {"bomFormat": "CycloneDX", "specVersion": "1.6", "compositions": [{"aggregate": "incomplete"}],
                 "components": [
                   {"type": "library", "name": "ms", "purl": "pkg:npm/ms@2.1.3"},
                   {"type": "library", "name": "curl", "purl": "pkg:deb/debian/curl@7.88?distro=debian-12"},
                   {"type": "library", "name": "b", "purl": "pkg:conan/b@1"}, {"type": "library", "name": "a"},
                   {"type": "library", "name": "c", "purl": "pkg:npm/c"}, {"name": "x", "purl": "x"}]}
                """
            try Data(text.utf8).write(to: file)
            let inventory = try #require(try await Self.scan("sbom:\(file.path)").first)
            #expect(Scanning.list(inventory) == ["curl 7.88@0", "ms 2.1.3@0"])
            #expect(inventory.packages.allSatisfy { $0.claim == .billOfMaterials })
            #expect(inventory.distribution == Distribution(id: "debian", versionID: "12"))
            #expect(inventory.subject == .billOfMaterials)
            #expect(inventory.secrets == nil && inventory.setIDFiles == nil)
            #expect(
                inventory.undetermined.map(\.reason) == [
                    "1 components have no package URL", "bad package URL “x”: it begins with pkg:",
                    "component c has no version", "components of these types are not known: conan",
                    "it says of itself that it is incomplete",
                ])
            try Data("{}".utf8).write(to: file)
            #expect(
                try await Self.scan("sbom:\(file.path)").first?.undetermined.map(\.reason)
                    == ["it is neither CycloneDX nor SPDX"])
            #expect(await Self.kind("sbom:\(file.path).none") == .notFound)
        }
    }

    @Test("a root file system in a folder is an image of one layer")
    func folder() async throws {
        try await Scanning.withFolder { folder in
            let root = folder.appending(path: "root:fs")
            func write(_ path: String, _ text: String, mode: Int = 0o644) throws {
                let file = root.appending(path: path)
                try FileManager.default.createDirectory(
                    at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
                try Data(text.utf8).write(to: file)
                try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: file.path)
            }
            let long = String(repeating: "long-", count: 30)
            try write("etc/os-release", Scanning.osRelease)
            try write("usr/\(long)/status", Scanning.dpkg(("libc6", "2.36")))
            try write("opt/\(long)/node_modules/x/package.json", #"{"name": "x", "version": "1"}"#)
            try write("bin/su", "x", mode: 0o4755)
            try write("empty", "")
            try FileManager.default.createDirectory(
                at: root.appending(path: "var/lib/dpkg"), withIntermediateDirectories: true)
            try FileManager.default.createSymbolicLink(
                atPath: root.appending(path: "var/lib/dpkg/status").path, withDestinationPath: "/usr/\(long)/status")
            // A name that is no UTF-8, and what holds nothing.
            #expect(mkfifo(root.appending(path: "pipe").path, 0o600) == 0)
            let odd = Array(root.path.utf8CString.dropLast()) + [0x2F, CChar(bitPattern: 0xFF), 0]
            #expect(creat(odd, 0o600) >= 0)

            let inventory = try #require(try await Self.scan("dir:\(root.path)").first)
            #expect(Scanning.list(inventory) == ["libc6 2.36@0", "x 1@0"])
            #expect(inventory.setIDFiles?.map(\.path) == ["bin/su"])
            #expect(inventory.undetermined == [])
            #expect(inventory.subject == .rootFileSystem)
            #expect(try await Self.scan("dir:\(root.path)") == [inventory], "the same folder, the same bytes")
            #expect(await Self.kind("dir:\(root.path)/none") == .notFound)
            #expect(await Self.kind("dir:\(root.path)/empty") == .notFound)
            #expect(await Self.kind("dir:\(root.path):tag") == .notFound)

            let source = try #require(try await LocalImages.source(for: "dir:\(root.path)"))
            try write("empty", "not any more")
            await #expect(throws: ScanError.self) { try await ImageScanner(cache: NoLayerCache()).scan(source) }
        }
    }

    private static func archive(of folder: URL) throws -> [UInt8] {
        let names = try FileManager.default.subpathsOfDirectory(atPath: folder.path).sorted()
        return TarFixture(
            try names.map { name in
                var isDirectory: ObjCBool = false
                _ = FileManager.default.fileExists(atPath: folder.appending(path: name).path, isDirectory: &isDirectory)
                if isDirectory.boolValue { return .directory(name) }
                return .file(
                    Array("./\(name)".utf8), content: Array(try Data(contentsOf: folder.appending(path: name))),
                    mode: 0o644)
            }
        ).bytes
    }

    @Test("a layout whose own index lists the platforms")
    func flat() async throws {
        try await Scanning.withFolder { folder in
            for platform in [Platform.linuxAMD64, try Platform("linux/arm64")] {
                let image = try Self.image("1", platform)
                for bytes in image.layers + [image.configuration, image.manifest] {
                    try OCILayoutFixture.write(bytes, to: folder)
                }
                var descriptor = image.descriptor
                descriptor.platform = platform
                try OCILayoutFixture.add(descriptor, to: folder)
            }
            #expect(try await Self.scan("oci:\(folder.path)").map(\.platform.architecture) == ["amd64", "arm64"])
        }
    }

    @Test(
        "what docker save writes is known by its configuration", arguments: LayerFixture.Compression.allCases,
        [false, true])
    func dockerArchive(_ compression: LayerFixture.Compression, _ isLinked: Bool) async throws {
        try await Scanning.withFolder { folder in
            let layer = LayerFixture(
                [.file("var/lib/dpkg/status", Scanning.dpkg(("a", "1")))], compression: compression)
            let image = try ImageFixture(layers: [layer, layer])
            let names = isLinked ? ["one/layer.tar", "two/layer.tar"] : ["one.tar", "one.tar"]
            let index =
                "[{\"Config\":\"c.json\",\"RepoTags\":[\"team/app:1\"],\"Layers\":[\"\(names[0])\",\"\(names[1])\"]}]"
            var items: [TarFixture.Item] = [
                .file(Array(names[0].utf8), content: layer.stored, mode: 0o644),
                .file(Array("c.json".utf8), content: image.configuration, mode: 0o644), .file("manifest.json", index),
            ]
            if isLinked { items.insert(.symlink(names[1], "../one/layer.tar"), at: 1) }
            let file = folder.appending(path: "saved.tar")
            try Data(TarFixture(items).bytes).write(to: file)
            let inventory = try await Self.scan("docker-archive:\(file.path)")[0]
            #expect(inventory.digest == image.configurationDescriptor.digest)
            #expect(inventory.configurationDigest == inventory.digest)
            #expect(inventory.packages.map(\.name) == ["a"])
            #expect(try await Self.scan("docker-archive:\(file.path):team/app:1").count == 1)
            #expect(await Self.kind("docker-archive:\(file.path):team/other:1") == .notFound)
        }
    }

    @Test("a missing, cut, or compressed archive and a missing or wrong blob say so")
    func broken() async throws {
        try await Scanning.withFolder { folder in
            #expect(await Self.kind("oci:\(folder.path)/none") == .notFound)
            #expect(await Self.kind("oci:\(folder.path)") == .notFound)
            let archive = folder.appending(path: "image.tar")
            try Data(LayerFixture.gzip(TarFixture([.file("a")]).bytes)).write(to: archive)
            #expect(await Self.kind("oci-archive:\(archive.path)") == .unsupported)
            try Data(TarFixture([.file("a", "xyz")]).body.dropLast(100)).write(to: archive)
            #expect(await Self.kind("docker-archive:\(archive.path)") == .corrupt)
            let layout = folder.appending(path: "layout")
            let image = try Self.image()
            try image.write(to: layout)
            let blob = image.layerDescriptors[0].digest
            try OCILayoutFixture.write(image.layers[0].map { $0 ^ 1 }, to: layout, as: blob)
            #expect(await Self.kind("oci:\(layout.path)") == .corrupt)
            try FileManager.default.removeItem(at: layout.appending(path: "blobs/sha256/\(blob.hex)"))
            #expect(await Self.kind("oci:\(layout.path)") == .notFound)
        }
    }
}
