/// SPDX 2.x as tagged values (SPDX specification 2.3, §4.4): `Tag: value` a line, where `<text>` opens a value of
/// several lines.
enum SPDXTags {
    static func bill(_ bytes: UnsafeRawBufferPointer) throws(AnalysisError) -> Bill {
        var document = SPDXBill()
        var packages: [SPDXBill.Package] = []
        var relationships: [SPDXBill.Relationship] = []
        var version: String?
        var isInText = false
        for line in LineReader(bytes) {
            let text = line.trimmedText
            if isInText {
                isInText = !text.contains("</text>")
                continue
            }
            guard let colon = text.firstIndex(of: ":"), !text.hasPrefix("#") else { continue }
            let value = String(text[text.index(after: colon)...].drop { $0 == " " || $0 == "\t" })
            isInText = value.hasPrefix("<text>") && !value.contains("</text>")
            switch text[..<colon] {
            case "SPDXVersion": version = value
            case "PackageName":
                packages.append(SPDXBill.Package(name: value))
                try AnalysisLimits.check(packages: packages.count)
            case "Relationship" where value.contains(" DESCRIBES "):
                relationships.append(relationship(value))
                try AnalysisLimits.check(packages: relationships.count)
            case let tag: if !packages.isEmpty { set(tag, value, &packages[packages.count - 1]) }
            }
        }
        guard let version else { throw BillReader.noBill }
        guard !isInText else { throw AnalysisError("a text in it has no end") }
        guard version.hasPrefix("SPDX-2.") else { throw AnalysisError("\(version.prefix(20)) is not read") }
        document.packages = BoundedList(packages)
        document.relationships = relationships
        return document.bill
    }

    private static func set(_ tag: Substring, _ value: String, _ package: inout SPDXBill.Package) {
        switch tag {
        case "SPDXID": package.identifier = package.identifier ?? value
        case "PackageVersion": package.versionInfo = value
        case "PrimaryPackagePurpose": package.primaryPackagePurpose = value
        case "PackageLicenseDeclared": package.licenseDeclared = value
        case "PackageLicenseConcluded": package.licenseConcluded = value
        case "PackageSourceInfo": package.sourceInfo = value
        case "PackageComment": package.comment = value
        case "ExternalRef":
            let words = value.split(separator: " ")
            guard words.count >= 3, words[1] == "purl", package.externalRefs == nil else { return }
            package.externalRefs = [SPDXBill.Reference(referenceType: "purl", referenceLocator: String(words[2]))]
        default: break
        }
    }

    private static func relationship(_ value: String) -> SPDXBill.Relationship {
        let words = value.split(separator: " ").map(String.init)
        guard words.count >= 3 else { return SPDXBill.Relationship() }
        return SPDXBill.Relationship(
            spdxElementId: words[0], relationshipType: words[1], relatedSpdxElement: words[2])
    }
}
