import Foundation
import LayerArchive
import Model

/// Which packages of languages were installed by the distribution's own packages, told by the files that both name.
struct Ownership {
    /// By the path of the metadata, as packages state their location.
    private var owners: [String: String] = [:]

    /// Takes the files of a distribution's packages, with the places where links lead to.
    mutating func add(_ files: [OwnedFile], _ stack: LayerStack) {
        for file in files {
            owners[file.path.description] = file.owner
            if case .file(let real, _) = stack.resolve(file.path) { owners[real.description] = file.owner }
        }
    }

    /// Names the owner of each package of a language, as long as that is installed: a list may be left over. A program
    /// that has one is its owner's, and no package of its own.
    func applied(to packages: [Package]) -> [Package] {
        guard !owners.isEmpty else { return packages }
        let installed = Set(packages.lazy.filter { $0.type.isOperatingSystem && $0.claim == nil }.map(\.name))
        return packages.compactMap { package in
            // The packages of an archive, and of archives in it, came with its file.
            let file = package.location.range(of: "!/").map { package.location[..<$0.lowerBound] }
            guard !package.type.isOperatingSystem, package.claim == nil,
                let owner = owners[file.map(String.init) ?? package.location],
                installed.contains(owner)
            else { return package }
            if package.type == .generic { return nil }
            var package = package
            package.owner = owner
            return package
        }
    }
}
