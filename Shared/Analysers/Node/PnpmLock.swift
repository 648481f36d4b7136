/// `pnpm-lock.yaml` of lockfileVersion 5 to 9: the keys of `packages` (pnpm, "pnpm-lock.yaml").
///
/// They are `/name/1.0.0` (5), `/name@1.0.0` (6), `name@1.0.0` (9), each also of a scope, with peers behind `_` or in
/// parentheses. It is read by its lines, as pnpm writes them: two spaces a level.
enum PnpmLock {
    static func packages(_ bytes: UnsafeRawBufferPointer) throws(AnalysisError) -> Set<LockedPackage> {
        var found: Set<LockedPackage> = []
        var isInPackages = false
        var hasVersion = false
        var last: LockedPackage?
        for line in LineReader(bytes) {
            let depth = line.prefix { $0 == UInt8(ascii: " ") }.count
            let text = line.trimmedText
            guard !text.isEmpty, !text.hasPrefix("#") else { continue }
            switch depth {
            case 0:
                if let last { found.insert(last) }
                isInPackages = text == "packages:"
                hasVersion = hasVersion || text.hasPrefix("lockfileVersion:")
                last = nil
            case 2 where isInPackages:
                if let last { found.insert(last) }
                guard text.hasSuffix(":") else { continue }
                last = package(text.dropLast().filter { $0 != "'" && $0 != "\"" })
                try AnalysisLimits.check(packages: found.count)
            case 4 where isInPackages && text == "dev: true":
                // The same package with other peers may serve more.
                last = nil
            default: break
            }
        }
        if let last { found.insert(last) }
        guard hasVersion else { throw AnalysisError("it has no lockfileVersion") }
        return found
    }

    private static func package(_ key: String) -> LockedPackage? {
        guard key.hasPrefix("/") else { return LockedPackage(locator: key) }
        let path = key.dropFirst().prefix { $0 != "(" }
        // Version 5 has a slash before the version where 6 has an @.
        guard let slash = path.lastIndex(of: "/"), path[path.index(after: slash)...].first?.isNumber == true else {
            return LockedPackage(locator: path)
        }
        return LockedPackage(
            name: String(path[..<slash]), version: String(path[path.index(after: slash)...].prefix { $0 != "_" }))
    }
}
