import Foundation
import Model

/// SPDX 2.3 (https://spdx.github.io/spdx-spec/v2.3), of it what an inventory knows.
struct SPDXDocument: Encodable {
    struct CreationInfo: Encodable {
        var created: String
        var creators: [String]
        var comment: String
    }
    struct ExternalReference: Encodable {
        let referenceCategory = "PACKAGE-MANAGER"
        let referenceType = "purl"
        var referenceLocator: String
    }
    struct Package: Encodable {
        enum CodingKeys: String, CodingKey {
            case identifier = "SPDXID"
            case name, versionInfo, primaryPackagePurpose, downloadLocation, filesAnalyzed, licenseConcluded
            case licenseDeclared, licenseComments, copyrightText, sourceInfo, externalRefs, comment
        }
        var identifier: String
        var name: String
        var versionInfo: String?
        var primaryPackagePurpose: String?
        let downloadLocation = "NOASSERTION"
        let filesAnalyzed = false
        let licenseConcluded = "NOASSERTION"
        let licenseDeclared = "NOASSERTION"
        var licenseComments: String?
        let copyrightText = "NOASSERTION"
        var sourceInfo: String?
        var externalRefs: [ExternalReference]?
        var comment: String?
    }
    struct Relationship: Encodable {
        var spdxElementId: String
        var relationshipType: String
        var relatedSpdxElement: String
    }
    enum CodingKeys: String, CodingKey {
        case spdxVersion, dataLicense, identifier = "SPDXID", name, documentNamespace, creationInfo, packages
        case relationships, comment
    }

    let spdxVersion = "SPDX-2.3"
    let dataLicense = "CC0-1.0"
    let identifier = "SPDXRef-DOCUMENT"
    let name: String
    let documentNamespace: String
    let creationInfo: CreationInfo
    let packages: [Package]
    let relationships: [Relationship]
    let comment: String?

    init(_ bill: BillOfMaterials) {
        let inventory = bill.inventory
        name = bill.image
        documentNamespace = "urn:uuid:" + bill.uuid
        creationInfo = CreationInfo(
            created: Self.seconds(bill.createdAt), creators: ["Tool: pratique"],
            comment: "analysers: \(inventory.analyserVersion)")
        comment = bill.gaps.isEmpty ? nil : "Incomplete. Not read: " + bill.gaps.joined(separator: "; ")
        let image = Package(
            identifier: "SPDXRef-Image", name: bill.image, versionInfo: inventory.digest.description,
            primaryPackagePurpose: "CONTAINER", externalRefs: [ExternalReference(referenceLocator: bill.imageURL)],
            comment: "platform \(inventory.platform)")
        let system = inventory.distribution.map {
            Package(
                identifier: "SPDXRef-Distribution", name: $0.id, versionInfo: $0.versionID,
                primaryPackagePurpose: "OPERATING-SYSTEM", comment: $0.prettyName)
        }
        let inside = [system].compactMap { $0 } + bill.components.enumerated().map(Self.package)
        packages = [image] + inside
        relationships =
            [
                Relationship(
                    spdxElementId: identifier, relationshipType: "DESCRIBES", relatedSpdxElement: "SPDXRef-Image")
            ]
            + inside.map {
                Relationship(
                    spdxElementId: "SPDXRef-Image", relationshipType: "CONTAINS", relatedSpdxElement: $0.identifier)
            }
    }

    private static func package(_ number: Int, _ component: BillOfMaterials.Component) -> Package {
        let package = component.package
        let places = component.occurrences.map { place in
            place.location + (place.layer.map { " of layer \($0)" } ?? "")
        }
        return Package(
            identifier: "SPDXRef-Package-\(number + 1)", name: package.name, versionInfo: package.version,
            licenseComments: package.licenses.isEmpty
                ? nil : "stated by the package: " + package.licenses.joined(separator: ", "),
            sourceInfo: "installed as " + places.joined(separator: ", "),
            externalRefs: [ExternalReference(referenceLocator: package.purl)],
            comment: package.source.map { "built from the source package \($0.name) \($0.version)" })
    }

    /// SPDX takes no parts of seconds.
    private static func seconds(_ date: Date) -> String {
        Date(timeIntervalSince1970: date.timeIntervalSince1970.rounded(.down)).ISO8601Format()
    }
}
