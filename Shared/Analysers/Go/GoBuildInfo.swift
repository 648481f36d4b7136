import Model

/// Build information of a Go program: a mark of 14 bytes, the size of pointers, flags, 16 bytes that are unused since
/// Go 1.18, then the toolchain's version and the modules, each with its length before it.
struct GoBuildInfo {
    enum Reading {
        /// So many bytes from its start are wanted to go on.
        case needs(bytes: Int)
        case done(GoBuildInfo)
        /// Of a Go that wrote pointers instead of texts.
        case old
        /// Something else that has the mark.
        case other
    }

    private static let mark = Array("\u{FF} Go buildinf:".unicodeScalars.map { UInt8($0.value) })
    /// Its first eight bytes.
    static let markWord = mark.withUnsafeBytes { $0.loadUnaligned(as: UInt64.self) }
    private static let headerBytes = 32
    /// Versions are like `go1.22.1 X:boringcrypto`.
    private static let versionBytesMax = 200

    let goVersion: String
    let modules: String

    /// - Parameter place: at least 16 bytes before the end.
    static func begins(_ bytes: UnsafeRawBufferPointer, at place: Int) -> Bool {
        bytes[place..<place + mark.count].elementsEqual(mark)
    }

    static func read(_ bytes: [UInt8]) -> Reading {
        guard bytes.count >= 16 else { return .needs(bytes: 16) }
        let (pointerBytes, flags) = (bytes[14], bytes[15])
        guard flags & 2 != 0 else {
            // The size of pointers tells build information from a program that only knows the mark.
            return (pointerBytes == 4 || pointerBytes == 8) && flags <= 1 ? .old : .other
        }
        guard flags <= 3 else { return .other }
        guard bytes.count >= headerBytes + 2 else { return .needs(bytes: headerBytes + 2) }
        var offset = headerBytes
        guard let versionBytes = length(bytes, &offset) else {
            return bytes.count < headerBytes + 10 ? .needs(bytes: headerBytes + 10) : .other
        }
        guard versionBytes > 0, versionBytes <= versionBytesMax else { return .other }
        // One byte more: the length of what follows.
        guard bytes.count > offset + versionBytes else { return .needs(bytes: offset + versionBytes + 1) }
        let version = String(decoding: bytes[offset..<offset + versionBytes], as: UTF8.self)
        guard version.contains("go1") || version.hasPrefix("devel") else { return .other }
        offset += versionBytes
        let beforeModules = offset
        guard let moduleBytes = length(bytes, &offset) else {
            return bytes.count < beforeModules + 10 ? .needs(bytes: beforeModules + 10) : .other
        }
        guard bytes.count >= offset + moduleBytes else { return .needs(bytes: offset + moduleBytes) }
        return .done(GoBuildInfo(goVersion: version, modules: text(bytes[offset..<offset + moduleBytes])))
    }

    /// A length in pieces of seven bits, the lowest first; nil where it is not complete, or larger than any file.
    private static func length(_ bytes: [UInt8], _ offset: inout Int) -> Int? {
        var value = 0
        for shift in stride(from: 0, to: 35, by: 7) {
            guard offset < bytes.count else { return nil }
            let byte = bytes[offset]
            offset += 1
            value |= Int(byte & 0x7F) << shift
            if byte < 0x80 { return value }
        }
        return nil
    }

    /// Without the 16 bytes before and after it that mark it for other tools.
    private static func text(_ bytes: ArraySlice<UInt8>) -> String {
        guard bytes.count >= 33, bytes[bytes.endIndex - 17] == UInt8(ascii: "\n") else { return "" }
        return String(decoding: bytes.dropFirst(16).dropLast(16), as: UTF8.self)
    }

    /// Lines of `mod` and `dep` with path and version, after a `dep` perhaps `=>` with what took its place.
    func packages() throws(AnalysisError) -> [FoundPackage] {
        var packages = [FoundPackage(name: "stdlib", version: goVersion, type: .golang)]
        for line in modules.split(separator: "\n") {
            let fields = line.split(separator: "\t", omittingEmptySubsequences: false)
            guard let kind = fields.first, ["mod", "dep", "=>"].contains(kind) else { continue }
            guard fields.count >= 2, !fields[1].isEmpty else {
                throw AnalysisError("a module of its build information has no path")
            }
            let version = fields.count >= 3 && !fields[2].isEmpty ? String(fields[2]) : "(devel)"
            let module = FoundPackage(name: String(fields[1]), version: version, type: .golang)
            if kind == "=>" {
                // A folder in place of a module: the module's name says what it is, no version what of it.
                guard var replaced = packages.popLast(), replaced.name != "stdlib" else {
                    throw AnalysisError("a replacement of its build information replaces nothing")
                }
                replaced.version = "(devel)"
                packages.append(version == "(devel)" ? replaced : module)
            } else {
                packages.append(module)
            }
            try AnalysisLimits.check(packages: packages.count)
        }
        return packages
    }
}
