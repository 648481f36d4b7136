public import Foundation
public import Model

/// A software bill of materials: an inventory in a form that other tools read, CycloneDX 1.6 or SPDX 2.3, both as JSON.
///
/// Promises: a document is valid against the published schema of its form; a package is one component, however many
/// files of the image say that it is installed, and each file is told with its layer; what could not be read is told in
/// the document, which then says of itself that it is incomplete. The same image at the same time gives the same bytes.
public struct BillOfMaterials: Sendable {
    public enum Format: String, Sendable, CaseIterable {
        /// CycloneDX 1.6, ECMA-424.
        case cyclonedx
        /// SPDX 2.3.
        case spdx

        public var mediaType: String {
            switch self {
            case .cyclonedx: "application/vnd.cyclonedx+json"
            case .spdx: "application/spdx+json"
            }
        }
    }

    /// A package of an image, with every file that says so.
    struct Component {
        struct Occurrence: Hashable {
            var location: String
            var layer: Digest?
        }
        var package: Package
        var occurrences: [Occurrence]
    }

    let inventory: Inventory
    let image: String
    let createdAt: Date
    /// In the order of package URLs.
    let components: [Component]

    /// - Parameters:
    ///   - image: the name by which the image was asked for.
    ///   - createdAt: when the document is made.
    public init(of inventory: Inventory, image: String, createdAt: Date) {
        self.inventory = inventory
        self.image = image
        self.createdAt = createdAt
        let packages = Dictionary(grouping: inventory.packages, by: \.purl).sorted { $0.key < $1.key }
        components = packages.map { _, same in
            Component(package: same[0], occurrences: same.map { .init(location: $0.location, layer: $0.layer) })
        }
    }

    /// The document's bytes: JSON.
    public func encoded(as format: Format, pretty: Bool = false) throws -> Data {
        switch format {
        case .cyclonedx: try JSONFormat.encode(CycloneDXDocument(self), pretty: pretty)
        case .spdx: try JSONFormat.encode(SPDXDocument(self), pretty: pretty)
        }
    }

    /// A package URL of the image itself (type `oci`).
    var imageURL: String {
        let withoutDigest = image.split(separator: "@").first.map(String.init) ?? image
        let path = withoutDigest.split(separator: "/").last.map(String.init) ?? withoutDigest
        let name = path.split(separator: ":").first.map(String.init) ?? path
        return PackageURL(
            type: "oci", name: name.lowercased(), version: inventory.digest.description,
            qualifiers: ["arch": inventory.platform.architecture]
        ).description
    }

    /// What is not in it, a sentence each.
    var gaps: [String] { inventory.undetermined.map { "\($0.what): \($0.reason)" } }
}
