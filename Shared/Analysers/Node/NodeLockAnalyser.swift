import LayerArchive
import Model

/// Lock files of npm, Yarn and pnpm. What they name counts only where nothing is installed beside them: programs that
/// were bundled into one file, and Yarn's Plug'n'Play, which leaves packages in archives.
///
/// Packages for development alone are left out where the lock file tells them. Packages that come from a folder or a
/// repository have no version that an advisory would name, and are left out, too.
struct NodeLockAnalyser: Analyser {
    let name = "node-lock"
    let version = 1
    let claim = Package.Claim?.some(.lockFile)
    let rules: [FileRule] = ["package-lock.json", "npm-shrinkwrap.json", "yarn.lock", "pnpm-lock.yaml"].map {
        FileRule.named($0, outside: ["node_modules"]).claim()
    }

    func analyse(_ path: EntryPath, _ bytes: UnsafeRawBufferPointer) throws(AnalysisError) -> FileFindings {
        let packages =
            switch String(decoding: path.name, as: UTF8.self) {
            case "yarn.lock": try YarnLock.packages(bytes)
            case "pnpm-lock.yaml": try PnpmLock.packages(bytes)
            default: try JSONFile.decode(NpmLock.self, from: bytes).packages
            }
        try AnalysisLimits.check(packages: packages.count)
        return FileFindings(
            packages: packages.sorted().map { FoundPackage(name: $0.name, version: $0.version, type: .npm) })
    }
}

/// A package as lock files name it.
struct LockedPackage: Hashable, Comparable {
    var name: String
    var version: String

    /// - Parameter locator: `name@version`, where the name may be of a scope and the version have a suffix in
    ///   parentheses (pnpm's peers).
    init?(locator: some StringProtocol) {
        let bare = locator.prefix { $0 != "(" }
        guard let at = bare.lastIndex(of: "@"), at != bare.startIndex else { return nil }
        self.init(name: String(bare[..<at]), version: String(bare[bare.index(after: at)...]))
    }

    /// - Returns: nil where the version is none, but a folder, an archive or a repository.
    init?(name: String, version: String) {
        guard !name.isEmpty, version.first?.isNumber == true, !version.contains("/"), !version.contains(":") else {
            return nil
        }
        self.name = name
        self.version = version
    }

    static func < (left: Self, right: Self) -> Bool { (left.name, left.version) < (right.name, right.version) }
}
