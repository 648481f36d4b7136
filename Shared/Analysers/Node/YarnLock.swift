/// `yarn.lock` of Yarn 1, and of the later ones, which is YAML of one simple form (Yarn, "Lockfile").
///
/// A paragraph begins at the left edge with what asked for the package, and states the `version` below. Later Yarns
/// also state the `resolution`, which names what an alias leads to and tells the project's own packages.
enum YarnLock {
    private struct Paragraph {
        var name: String?
        var version: String?
        var resolution: String?

        var package: LockedPackage? {
            guard let resolution else {
                guard let name, let version else { return nil }
                return LockedPackage(name: name, version: version)
            }
            // `name@npm:version`; of other protocols (workspace, link, patch, a repository) there is nothing installed
            // from npm, but a patch names what it patches: `name@patch:name@npm%3Aversion#…`.
            guard let at = resolution.dropFirst().firstIndex(of: "@") else { return nil }
            let name = String(resolution[..<at])
            let source = resolution[resolution.index(after: at)...]
            guard source.hasPrefix("npm:") || source.hasPrefix("patch:"), let version else { return nil }
            return LockedPackage(name: name, version: version)
        }
    }

    static func packages(_ bytes: UnsafeRawBufferPointer) throws(AnalysisError) -> Set<LockedPackage> {
        var found: Set<LockedPackage> = []
        var paragraph = Paragraph()
        var number = 0
        for line in LineReader(bytes) {
            number += 1
            let text = line.trimmedText
            guard !text.isEmpty, !text.hasPrefix("#") else { continue }
            if line.first != UInt8(ascii: " ") {
                guard text.hasSuffix(":") else { throw AnalysisError("line \(number) is no entry of a lock file") }
                if let package = paragraph.package { found.insert(package) }
                try AnalysisLimits.check(packages: found.count)
                paragraph = Paragraph(name: name(of: text))
            } else if line.starts(with: "  ".utf8), !line.starts(with: "   ".utf8) {
                // What lies deeper is of its dependencies.
                if let value = value(of: "version", in: text) { paragraph.version = value }
                if let value = value(of: "resolution", in: text) { paragraph.resolution = value }
            }
        }
        if let package = paragraph.package { found.insert(package) }
        return found
    }

    /// Of the first of `"name@range", "name@range":`; Yarn 1 writes an alias as `alias@npm:name@range`.
    private static func name(of heading: String) -> String? {
        var first = heading.dropLast().drop { $0 == "\"" }.prefix { $0 != "\"" && $0 != "," }
        guard !first.hasPrefix("__metadata") else { return nil }
        guard var at = first.dropFirst().firstIndex(of: "@") else { return nil }
        let range = first[first.index(after: at)...]
        if range.hasPrefix("npm:"), let inner = range.dropFirst(5).firstIndex(of: "@") {
            first = range.dropFirst(4)
            at = inner
        }
        return String(first[..<at])
    }

    /// `key "value"` or `key: value`.
    private static func value(of key: String, in text: String) -> String? {
        guard text.hasPrefix(key), let next = text.dropFirst(key.count).first, next == " " || next == ":" else {
            return nil
        }
        let rest = text.dropFirst(key.count).drop { $0 == ":" || $0 == " " || $0 == "\"" }
        return String(rest.prefix { $0 != "\"" })
    }
}
