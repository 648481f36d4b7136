import Analysers
import LayerArchive
import Model
import TestSupport
import Testing

@Suite("Limits of what files say")
struct AnalysisLimitsTests {
    private static let status = "var/lib/dpkg/status"

    private static func metadata(_ number: Int, in folder: String = "a") -> TarFixture.Item {
        .file("\(folder)/p\(number).dist-info/METADATA", "Name: p\(number)\nVersion: 1\n")
    }

    @Test("a layer with too many files of interest is not read, and says by which limit", arguments: [false, true])
    func files(_ areWhole: Bool) async throws {
        var limits = ScanLimits.standard
        limits.filesMax = 20
        let many = (0..<21).map { areWhole ? Self.metadata($0) : .file("a/\($0).jar", "no archive of Java") }
        let image = try Scanning.image([.file(Self.status, Scanning.dpkg(("one", "1")))], many)
        let inventory = try await Scanning.scan(image, limits: limits)
        #expect(Scanning.list(inventory) == ["one 1@0"])
        #expect(inventory.undetermined.map(\.what) == ["layer \(image.layerDescriptors[1].digest)"])
        #expect(inventory.undetermined.first?.reason.contains("filesMax = 20") == true)
        let within = try Scanning.image(Array(many.dropLast()))
        let told = try await Scanning.scan(within, limits: limits).undetermined
        #expect(!told.contains { $0.reason.contains("filesMax") })
    }

    @Test("a layer with too many packages is not read; replaced files do not count")
    func layerPackages() async throws {
        var limits = ScanLimits.standard
        limits.packagesMax = 2
        let two = TarFixture.Item.file(Self.status, Scanning.dpkg(("one", "1"), ("two", "1")))
        let three = TarFixture.Item.file(Self.status, Scanning.dpkg(("one", "1"), ("two", "1"), ("three", "1")))
        let over = try await Scanning.scan(Scanning.image([three]), limits: limits)
        #expect(over.packages == [])
        #expect(over.undetermined.contains { $0.reason.contains("packagesMax = 2") })
        let replaced = try await Scanning.scan(Scanning.image([two, two, two]), limits: limits)
        #expect(replaced.packages.count == 2)
        #expect(replaced.undetermined == [])
    }

    @Test("an image with too many packages says that its list is cut")
    func imagePackages() async throws {
        var limits = ScanLimits.standard
        limits.packagesMax = 3
        let layers = ["a", "b", "c"].map { folder in (0..<2).map { Self.metadata($0, in: folder) } }
        let inventory = try await Scanning.scan(Scanning.image(layers[0], layers[1], layers[2]), limits: limits)
        #expect(inventory.packages.count == 3)
        #expect(
            inventory.undetermined == [
                Undetermined(what: "packages", reason: "the image has more than the limit packagesMax = 3")
            ])
    }

    @Test("metadata over its limit is told; a database may be larger")
    func bytes() async throws {
        let path = "a/p.dist-info/METADATA"
        let text = "Name: p\nVersion: 1\n\n" + String(repeating: "x", count: 1 << 20)
        let inventory = try await Scanning.inventory([
            .file(path, text), .file(Self.status, Scanning.dpkg(("one", "1")) + "Package: two\nStatus: x\n" + text),
        ])
        #expect(inventory.packages == [])
        let told = try #require(inventory.undetermined.first { $0.what == path })
        #expect(told.reason.contains("over the limit bytesMax = 1048576"))
        #expect(inventory.undetermined.contains { $0.what == Self.status && !$0.reason.contains("bytesMax") })
    }

    @Test("a field longer than any package manager writes is told")
    func fields() async throws {
        let long = String(repeating: "v", count: AnalysisLimits.fieldBytesMax)
        let good = try await Scanning.inventory([.file(Self.status, Scanning.dpkg(("one", long)))])
        #expect(good.packages.count == 1)
        let bad = try await Scanning.inventory([.file(Self.status, Scanning.dpkg(("one", long + "v")))])
        #expect(bad.packages == [])
        #expect(bad.undetermined.first?.reason.contains("fieldBytesMax") == true)
    }
}
