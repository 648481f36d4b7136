import Model

/// SPDX 2.2 and 2.3 as JSON, of it what tells packages.
struct SPDXBill: Decodable {
    struct Reference: Decodable {
        let referenceType: String?
        let referenceLocator: String?
    }
    struct Package: Decodable {
        enum CodingKeys: String, CodingKey {
            case identifier = "SPDXID"
            case name, versionInfo, primaryPackagePurpose, licenseDeclared, licenseConcluded, licenseComments
            case sourceInfo, comment, externalRefs
        }
        var identifier: String?
        var name: String?
        var versionInfo: String?
        var primaryPackagePurpose: String?
        var licenseDeclared: String?
        var licenseConcluded: String?
        var licenseComments: String?
        var sourceInfo: String?
        var comment: String?
        var externalRefs: [Reference]?
    }
    struct Relationship: Decodable {
        var spdxElementId: String?
        var relationshipType: String?
        var relatedSpdxElement: String?
    }

    var packages: BoundedList<Package>?
    var documentDescribes: [String]?
    var relationships: [Relationship]?
    var comment: String?

    /// Purposes of packages that are no packages of a package manager.
    private static let otherPurposes = [
        "APPLICATION", "CONTAINER", "OPERATING-SYSTEM", "OPERATING_SYSTEM", "DEVICE", "FIRMWARE", "SOURCE", "ARCHIVE",
        "FILE",
    ]

    var bill: Bill {
        var bill = Bill()
        let described = Set(
            (documentDescribes ?? [])
                + (relationships ?? []).filter { $0.relationshipType == "DESCRIBES" }.compactMap(\.relatedSpdxElement))
        for package in packages?.elements ?? [] {
            let purpose = package.primaryPackagePurpose?.uppercased() ?? ""
            let purl = package.externalRefs?.first { $0.referenceType == "purl" }?.referenceLocator
            if purpose.hasPrefix("OPERATING"), let name = package.name {
                bill.distribution = Bill.distribution(name, package.versionInfo)
                continue
            }
            let isDescribed = package.identifier.map(described.contains) ?? false
            if purl == nil, isDescribed || Self.otherPurposes.contains(purpose) { continue }
            bill.components.append(
                Bill.Component(
                    name: package.name ?? "", version: package.versionInfo, purl: purl,
                    licenses: Self.licenses(package), source: Self.source(package)))
        }
        if let comment, let text = comment.split(separator: Self.incomplete, maxSplits: 1).last,
            comment.hasPrefix(Self.incomplete)
        {
            bill.gaps = [String(text)]
        }
        return bill
    }

    /// How a bill of Pratique's says it.
    private static let incomplete = "Incomplete. Not read: "

    private static func licenses(_ package: Package) -> [String] {
        let own = "stated by the package: "
        if let comments = package.licenseComments, comments.hasPrefix(own) {
            return comments.dropFirst(own.count).split(separator: ", ").map(String.init)
        }
        let stated = [package.licenseDeclared, package.licenseConcluded].compactMap { $0 }.filter {
            !$0.isEmpty && $0 != "NOASSERTION" && $0 != "NONE"
        }
        return stated.first.map { [$0] } ?? []
    }

    /// A name and a version, as Pratique and trivy write them of the source package.
    private static func source(_ package: Package) -> Model.Package.Source? {
        let forms = [
            (package.comment, "built from the source package "), (package.sourceInfo, "built package from: "),
        ]
        for (text, beginning) in forms {
            guard let text, text.hasPrefix(beginning) else { continue }
            let words = text.dropFirst(beginning.count).split(separator: " ")
            if words.count == 2 { return Model.Package.Source(name: String(words[0]), version: String(words[1])) }
        }
        return nil
    }
}
