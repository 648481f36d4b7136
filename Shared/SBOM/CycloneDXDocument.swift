import Foundation
import Model

/// CycloneDX 1.6 (https://cyclonedx.org/schema/bom-1.6.schema.json), of it what an inventory knows.
struct CycloneDXDocument: Encodable {
    struct Property: Encodable {
        var name: String
        var value: String
    }
    struct License: Encodable {
        struct Named: Encodable { var name: String }
        /// As the package states it: whether that is an identifier of SPDX is not known.
        var license: Named
    }
    struct Occurrence: Encodable {
        var location: String
        var additionalContext: String?
    }
    struct Evidence: Encodable { var occurrences: [Occurrence] }
    struct Component: Encodable {
        enum CodingKeys: String, CodingKey {
            case type, reference = "bom-ref", name, version, purl, licenses, properties, evidence
        }
        var type: String
        var reference: String
        var name: String
        var version: String?
        var purl: String?
        var licenses: [License]?
        var properties: [Property]?
        var evidence: Evidence?
    }
    struct Tools: Encodable { var components: [Component] }
    struct Metadata: Encodable {
        var timestamp: Date
        var tools: Tools
        var component: Component
        var properties: [Property]
    }
    struct Composition: Encodable {
        var aggregate: String
        var assemblies: [String]
    }

    let bomFormat = "CycloneDX"
    let specVersion = "1.6"
    let version = 1
    let serialNumber: String
    let metadata: Metadata
    let components: [Component]
    let compositions: [Composition]

    init(_ bill: BillOfMaterials) {
        let inventory = bill.inventory
        serialNumber = "urn:uuid:" + bill.uuid
        let image = Component(
            type: "container", reference: "image", name: bill.image, version: inventory.digest.description,
            purl: bill.imageURL)
        let tool = Component(
            type: "application", reference: "pratique", name: "pratique",
            properties: [Property(name: "pratique:analysers", value: inventory.analyserVersion)])
        metadata = Metadata(
            timestamp: bill.createdAt, tools: Tools(components: [tool]), component: image,
            properties: [Property(name: "pratique:platform", value: inventory.platform.description)]
                + bill.gaps.map { Property(name: "pratique:undetermined", value: $0) })
        let system = inventory.distribution.map {
            Component(
                type: "operating-system", reference: "distribution", name: $0.id, version: $0.versionID,
                properties: $0.prettyName.map { [Property(name: "pratique:name", value: $0)] })
        }
        components = [system].compactMap { $0 } + bill.components.map(Self.component)
        compositions = [Composition(aggregate: bill.gaps.isEmpty ? "complete" : "incomplete", assemblies: ["image"])]
    }

    private static func component(_ component: BillOfMaterials.Component) -> Component {
        let package = component.package
        var properties: [Property] = []
        if let source = package.source {
            properties.append(Property(name: "pratique:source", value: "\(source.name) \(source.version)"))
        }
        if let owner = package.owner { properties.append(Property(name: "pratique:owner", value: owner)) }
        if let claim = package.claim { properties.append(Property(name: "pratique:claim", value: claim.rawValue)) }
        let licenses = package.licenses.map { License(license: .init(name: $0)) }
        return Component(
            type: "library", reference: package.purl, name: package.name, version: package.version, purl: package.purl,
            licenses: licenses.isEmpty ? nil : licenses, properties: properties.isEmpty ? nil : properties,
            evidence: Evidence(
                occurrences: component.occurrences.map {
                    Occurrence(location: $0.location, additionalContext: $0.layer.map { "layer \($0)" })
                }))
    }
}
