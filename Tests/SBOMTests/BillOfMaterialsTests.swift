import Foundation
import Model
import TestSupport
import Testing

@testable import SBOM

@Suite("A bill of materials")
struct BillOfMaterialsTests {
    private static let digest = "sha256:" + String(repeating: "a", count: 64)
    private static let layer = "sha256:" + String(repeating: "b", count: 64)
    private static let createdAt = Date(timeIntervalSince1970: 1_800_000_000.25)

    private static func bill(_ undetermined: [Undetermined] = []) throws -> BillOfMaterials {
        let layer = try Digest(layer)
        let packages = [
            Package(
                name: "openssl", version: "3.0.11-1", type: .deb, architecture: "amd64",
                purl: "pkg:deb/debian/openssl@3.0.11-1?arch=amd64",
                source: .init(name: "openssl-src", version: "3.0.11"),
                layer: layer, location: "var/lib/dpkg/status"),
            Package(
                name: "left-pad", version: "1.3.0", type: .npm, purl: "pkg:npm/left-pad@1.3.0", layer: layer,
                location: "app/node_modules/left-pad/package.json", licenses: ["WTFPL"]),
            Package(
                name: "left-pad", version: "1.3.0", type: .npm, purl: "pkg:npm/left-pad@1.3.0",
                location: "b/node_modules/left-pad/package.json", licenses: ["WTFPL"]),
        ]
        let inventory = Inventory(
            digest: try Digest(digest), platform: .linuxAMD64,
            distribution: Distribution(id: "debian", versionID: "12", prettyName: "Debian 12"),
            configuration: ImageConfiguration(platform: .linuxAMD64), layers: [], packages: packages,
            undetermined: undetermined, analyserVersion: "pipeline-1")
        return BillOfMaterials(of: inventory, image: "registry.example.com/team/App:1", createdAt: createdAt)
    }

    private static func json(_ bill: BillOfMaterials, _ format: BillOfMaterials.Format) throws -> [String: Any] {
        let data = try bill.encoded(as: format)
        return try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
    }

    private typealias Objects = [[String: Any]]

    @Test("as CycloneDX: each package once, with the files and layers that say so")
    func cycloneDX() throws {
        let json = try Self.json(try Self.bill(), .cyclonedx)
        #expect(json["specVersion"] as? String == "1.6")
        let components = try #require(json["components"] as? Objects)
        #expect(components.map { $0["name"] as? String } == ["debian", "openssl", "left-pad"])
        #expect(Set(components.compactMap { $0["bom-ref"] as? String }).count == 3)
        let evidence = try #require(components[2]["evidence"] as? [String: Any])
        let occurrences = try #require(evidence["occurrences"] as? Objects)
        #expect(
            occurrences.map { $0["location"] as? String } == [
                "app/node_modules/left-pad/package.json", "b/node_modules/left-pad/package.json",
            ])
        #expect(occurrences.map { $0["additionalContext"] as? String } == ["layer \(Self.layer)", nil])
        let compositions = try #require(json["compositions"] as? Objects)
        #expect(compositions.map { $0["aggregate"] as? String } == ["complete"])
        let metadata = try #require(json["metadata"] as? [String: Any])
        let image = try #require(metadata["component"] as? [String: Any])
        let digest = Self.digest
        #expect(image["purl"] as? String == "pkg:oci/app@\(digest)?arch=amd64")
    }

    @Test("as SPDX: the image contains each package once")
    func spdx() throws {
        let json = try Self.json(try Self.bill(), .spdx)
        #expect(json["spdxVersion"] as? String == "SPDX-2.3")
        let creation = try #require(json["creationInfo"] as? [String: Any])
        #expect(creation["created"] as? String == "2027-01-15T08:00:00Z")
        let packages = try #require(json["packages"] as? Objects)
        #expect(packages.compactMap { $0["name"] as? String }.dropFirst() == ["debian", "openssl", "left-pad"])
        let relationships = try #require(json["relationships"] as? Objects)
        let related = relationships.compactMap { $0["relatedSpdxElement"] as? String }
        #expect(related == packages.compactMap { $0["SPDXID"] as? String })
        #expect(json["comment"] == nil)
    }

    @Test("says what could not be read, and that it is incomplete", arguments: BillOfMaterials.Format.allCases)
    func incomplete(_ format: BillOfMaterials.Format) throws {
        let gap = Undetermined(what: "opt/a.jar", reason: "it is cut off")
        let text = String(decoding: try Self.bill([gap]).encoded(as: format), as: UTF8.self)
        #expect(text.contains("opt/a.jar: it is cut off"))
        #expect(text.lowercased().contains("incomplete"))
    }

    @Test("the same at the same time, another at another", arguments: BillOfMaterials.Format.allCases)
    func sameBytes(_ format: BillOfMaterials.Format) throws {
        let bill = try Self.bill()
        #expect(try bill.encoded(as: format) == Self.bill().encoded(as: format))
        let later = BillOfMaterials(of: bill.inventory, image: bill.image, createdAt: Self.createdAt + 60)
        #expect(later.uuid != bill.uuid)
        #expect(bill.uuid.wholeMatch(of: /[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}/) != nil)
    }
}
