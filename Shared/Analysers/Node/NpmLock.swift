import Foundation

/// `package-lock.json` and `npm-shrinkwrap.json` of lockfileVersion 1 to 3 (npm, package-lock.json(5)).
struct NpmLock: Decodable {
    /// Of versions 2 and 3, by the folder that it would be installed to.
    struct Entry: Decodable {
        let name: String?
        let version: String?
        let dev: Bool?
        let link: Bool?
    }
    /// Of version 1.
    struct Dependency: Decodable {
        let version: String?
        let dev: Bool?
        let dependencies: [String: Dependency]?
    }

    private let entries: [String: Entry]?
    private let dependencies: [String: Dependency]?

    enum CodingKeys: String, CodingKey {
        case entries = "packages"
        case dependencies
    }

    var packages: Set<LockedPackage> {
        guard let entries else { return old }
        return Set(
            entries.compactMap { folder, entry in
                // Others are folders of the project's own.
                guard entry.dev != true, entry.link != true, let version = entry.version,
                    let last = folder.range(of: Self.folder, options: .backwards)
                else { return nil }
                return LockedPackage(name: entry.name ?? String(folder[last.upperBound...]), version: version)
            })
    }

    private static let folder = "node_modules/"

    private var old: Set<LockedPackage> {
        var found: Set<LockedPackage> = []
        var waiting = Array(dependencies ?? [:])
        while let (name, dependency) = waiting.popLast() {
            waiting += Array(dependency.dependencies ?? [:])
            guard dependency.dev != true, let version = dependency.version else { continue }
            let alias = version.hasPrefix("npm:") ? LockedPackage(locator: version.dropFirst(4)) : nil
            if let package = alias ?? LockedPackage(name: name, version: version) { found.insert(package) }
        }
        return found
    }
}
