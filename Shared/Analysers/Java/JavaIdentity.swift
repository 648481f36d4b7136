import Model

/// Which packages one archive is, without those in archives within it.
struct JavaIdentity {
    /// A package in Maven's terms.
    struct Coordinates: Hashable {
        var group: String?
        var artifact: String
        var version: String
        /// The group is not stated by Maven.
        var isGuessed = false
        var name: String { group.map { "\($0):\(artifact)" } ?? artifact }
    }

    private let stem: String
    private let manifest: JavaManifest
    private let properties: [JavaProperties]
    private let classes: [String]

    /// - Parameter classes: the package of all of its classes, by component; empty where that says nothing.
    init(fileName: String, manifest: JavaManifest, properties: [JavaProperties], classes: [String]) {
        stem = String(fileName[..<(fileName.lastIndex(of: ".") ?? fileName.endIndex)])
        self.manifest = manifest
        self.properties = properties
        self.classes = classes
    }

    /// Each once, in the archive's order.
    var packages: [Coordinates] {
        var result: [Coordinates] = []
        for properties in properties where !result.contains(properties.coordinates) {
            result.append(properties.coordinates)
        }
        if !isAmong(result), let own { result.append(own) }
        return result
    }

    /// Whether one of what Maven put in is the archive itself, and not something that was shaded into it.
    private func isAmong(_ found: [Coordinates]) -> Bool {
        let file = Self.split(stem)
        let names = [stem, file.artifact].map(Self.plain)
        if found.contains(where: { names.contains(Self.plain($0.artifact)) }) { return true }
        if found.contains(where: { stem.hasPrefix("\($0.artifact)-\($0.version)") }) { return true }
        // A library under another name; what states another version is something else that holds a library.
        guard found.count == 1, file.version == nil else { return false }
        return statedVersion.map { Self.plain($0) == Self.plain(found[0].version) } ?? true
    }

    private var statedVersion: String? {
        ["Implementation-Version", "Bundle-Version", "Specification-Version"].lazy
            .compactMap { manifest[$0] }.first { $0.first?.isNumber == true }
    }

    /// `commons-io_2` and `commons_io-2` are one; so are `1.0` and `1.0.0`.
    private static func plain(_ text: String) -> String {
        var plain = text.lowercased().filter { $0.isLetter || $0.isNumber }
        while plain.last == "0" { plain.removeLast() }
        return plain
    }

    /// By its manifest and its name; nil where they do not say both what it is and its version.
    private var own: Coordinates? {
        let file = Self.split(stem)
        let version: String
        switch (file.version, statedVersion) {
        // A classifier behind the version is not part of it.
        case (let named?, let stated?): version = named.hasPrefix(stated + "-") ? stated : named
        case (let known?, nil), (nil, let known?): version = known
        case (nil, nil): return nil
        }
        let artifact = file.version == nil ? statedArtifact ?? file.artifact : file.artifact
        return Coordinates(group: group(of: artifact), artifact: artifact, version: version, isGuessed: true)
    }

    /// The artifact by the manifest: a name with a dash, as artifacts have and packages of Java have not.
    private var statedArtifact: String? {
        [manifest.symbolicName, manifest["Automatic-Module-Name"], manifest["Implementation-Title"]].lazy
            .compactMap { $0?.split(separator: ".").last.map(String.init) }
            .first { $0.contains("-") && !$0.contains(" ") }
    }

    private func group(of artifact: String) -> String? {
        if let vendor = manifest["Implementation-Vendor-Id"], Self.isPackage(vendor) { return vendor }
        for name in [manifest.symbolicName, manifest["Automatic-Module-Name"]].compactMap({ $0 }) {
            for ending in ["." + artifact, "." + artifact.replacing("-", with: ".")] where name.hasSuffix(ending) {
                let group = String(name.dropLast(ending.count))
                if Self.isPackage(group) { return group }
            }
        }
        let known = packageGroup(of: artifact).joined(separator: ".")
        return Self.isPackage(known) ? known : nil
    }

    /// The part of the classes' package that groups are made of: up to what the artifact is named after
    /// (`org.springframework` of `spring-core`), else without its last part where the artifact says that.
    private func packageGroup(of artifact: String) -> [String] {
        let words = artifact.split(separator: "-")
        guard let word = words.first else { return [] }
        if let last = classes.lastIndex(where: { $0.hasPrefix(word) || word.hasPrefix($0) }), last > 0 {
            return Array(classes[...last])
        }
        guard let last = classes.last, words.contains(Substring(last)) else { return classes }
        return classes.dropLast()
    }

    /// Whether it is a name like `org.example`.
    private static func isPackage(_ text: String) -> Bool {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count >= 2
            && parts.allSatisfy {
                !$0.isEmpty && $0.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_" || $0 == "-") }
            }
    }

    /// Splits `log4j-1.2-api-2.17.1`: the version is the last parts that begin with digits, and what follows them.
    static func split(_ stem: String) -> (artifact: String, version: String?) {
        let parts = stem.split(separator: "-", omittingEmptySubsequences: false)
        guard var start = parts.lastIndex(where: { $0.first?.isNumber == true }), start > 0 else { return (stem, nil) }
        while start > 1, parts[start - 1].first?.isNumber == true { start -= 1 }
        return (parts[..<start].joined(separator: "-"), parts[start...].joined(separator: "-"))
    }
}

/// `META-INF/maven/GROUP/ARTIFACT/pom.properties`.
struct JavaProperties {
    let coordinates: JavaIdentity.Coordinates

    /// - Returns: nil if it does not name group, artifact and version: another tool's file.
    init?(_ bytes: [UInt8]) {
        var values: [Substring: String] = [:]
        for line in String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isNewline) {
            guard line.first != "#", let end = line.firstIndex(where: { $0 == "=" || $0 == ":" }) else { continue }
            let key = line[..<end].filter { $0 != " " }
            values[Substring(key)] = line[line.index(after: end)...].trimmingBlanks()
        }
        let wanted = ["groupId", "artifactId", "version"].compactMap { values[$0] }.filter {
            !$0.isEmpty && !$0.contains("${")
        }
        guard wanted.count == 3 else { return nil }
        coordinates = .init(group: wanted[0], artifact: wanted[1], version: wanted[2])
    }
}

/// The main section of `META-INF/MANIFEST.MF`: lines of `Name: value`, of which those that begin with a blank go on.
struct JavaManifest {
    private var values: [String: String] = [:]

    init(_ bytes: [UInt8]) {
        var name: String?
        for line in String(decoding: bytes, as: UTF8.self).split(
            omittingEmptySubsequences: false, whereSeparator: \.isNewline)
        {
            if line.isEmpty {
                // The first section ends; blank lines before it are passed over.
                if values.isEmpty { continue } else { break }
            }
            if line.first == " ", let name {
                values[name]? += line.dropFirst()
            } else if let colon = line.firstIndex(of: ":") {
                let key = line[..<colon].lowercased()
                values[key] = line[line.index(after: colon)...].trimmingBlanks()
                name = key
            }
        }
    }

    /// A value, whatever the case of its name; nil if it is empty or was never filled in.
    subscript(_ name: String) -> String? {
        values[name.lowercased()].map { Substring($0).trimmingBlanks() }.flatMap {
            $0.isEmpty || $0.contains("${") ? nil : $0
        }
    }

    /// `Bundle-SymbolicName` without what follows a semicolon.
    var symbolicName: String? {
        self["Bundle-SymbolicName"]?.split(separator: ";").first.map { $0.trimmingBlanks() }
    }
}

extension Substring {
    fileprivate func trimmingBlanks() -> String {
        var text = self
        while let first = text.first, first.isWhitespace { text.removeFirst() }
        while let last = text.last, last.isWhitespace { text.removeLast() }
        return String(text)
    }
}
