import Model

/// CycloneDX 1.x as JSON (ECMA-424), of it what tells packages.
struct CycloneDXBill: Decodable {
    struct Property: Decodable {
        let name: String?
        let value: String?
    }
    struct License: Decodable {
        struct Named: Decodable {
            let id: String?
            let name: String?
        }
        let license: Named?
        let expression: String?
    }
    struct Component: Decodable {
        let type: String?
        let group: String?
        let name: String?
        let version: String?
        let purl: String?
        let licenses: [License]?
        let properties: [Property]?
        let components: BoundedList<Component>?
    }
    struct Metadata: Decodable { let properties: [Property]? }
    struct Composition: Decodable { let aggregate: String? }

    let metadata: Metadata?
    let components: BoundedList<Component>?
    let compositions: [Composition]?

    var bill: Bill {
        var bill = Bill()
        var waiting = components?.elements ?? []
        while let component = waiting.popLast() {
            waiting += component.components?.elements ?? []
            if component.type == "operating-system", let name = component.name, bill.distribution == nil {
                bill.distribution = Bill.distribution(name, component.version)
            } else if component.purl != nil || ["library", "framework"].contains(component.type) {
                bill.components.append(Self.read(component))
            }
        }
        bill.gaps = (metadata?.properties ?? []).filter { $0.name == "pratique:undetermined" }.compactMap(\.value)
        let isIncomplete = (compositions ?? []).contains { $0.aggregate?.hasPrefix("incomplete") == true }
        if isIncomplete, bill.gaps.isEmpty { bill.gaps = ["it says of itself that it is incomplete"] }
        return bill
    }

    private static func read(_ component: Component) -> Bill.Component {
        let licenses = (component.licenses ?? []).compactMap { $0.license?.id ?? $0.license?.name ?? $0.expression }
        let properties = Dictionary(
            (component.properties ?? []).compactMap { property in property.name.map { ($0, property.value ?? "") } },
            uniquingKeysWith: { first, _ in first })
        return Bill.Component(
            name: component.name ?? "", version: component.version, purl: component.purl, licenses: licenses,
            source: source(properties))
    }

    /// What Pratique and trivy write of the source package; purls have no place for its version.
    private static func source(_ properties: [String: String]) -> Package.Source? {
        if let own = properties["pratique:source"], let space = own.firstIndex(of: " ") {
            return Package.Source(name: String(own[..<space]), version: String(own[own.index(after: space)...]))
        }
        let trivy = "aquasecurity:trivy:Src"
        guard let name = properties[trivy + "Name"], let version = properties[trivy + "Version"] else { return nil }
        let epoch = properties[trivy + "Epoch"].map { $0 == "0" ? "" : $0 + ":" } ?? ""
        let release = properties[trivy + "Release"].map { "-" + $0 } ?? ""
        return Package.Source(name: name, version: epoch + version + release)
    }
}
