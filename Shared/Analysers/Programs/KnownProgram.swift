/// A program that states its version.
///
/// Sources of the statements: each project's own source, where the constant is defined; the names that `syft` gives
/// such programs are kept, so that lists can be compared.
struct KnownProgram: Sendable {
    let name: String
    /// Texts right before the version.
    let marks: [[UInt8]]
    private let digitsBefore: [UInt8]
    /// What must stand behind the version; any of these bytes.
    private let ends: ByteSet?

    /// - Parameter begins: what the version begins with and the mark ends with.
    private init(_ name: String, marks: [String], begins: String = "", ends: ByteSet? = nil) {
        self.name = name
        self.marks = marks.map { Array(($0 + begins).utf8) }
        digitsBefore = Array(begins.utf8)
        self.ends = ends
    }

    private static let versionBytes = ByteSet(ByteSet.alphanumeric.members + Array(".-+_".utf8))

    /// - Parameter start: where the bytes behind a mark begin.
    /// - Returns: the version, if one of at least two numbers stands there.
    func version(_ bytes: UnsafeRawBufferPointer, _ start: Int) -> String? {
        let end = Self.versionBytes.end(of: bytes, from: start, most: 60)
        let text = digitsBefore + bytes[start..<end]
        guard end - start < 60, end > start, Self.isVersion(text),
            ends.map({ end < bytes.count && $0.contains(bytes[end]) }) ?? true
        else { return nil }
        return String(decoding: text, as: UTF8.self)
    }

    /// Whether it begins with two numbers.
    private static func isVersion(_ text: [UInt8]) -> Bool {
        let parts = text.split(separator: UInt8(ascii: "."), maxSplits: 1, omittingEmptySubsequences: false)
        let digits = UInt8(ascii: "0")...UInt8(ascii: "9")
        return parts.count == 2 && !parts[0].isEmpty && parts[0].allSatisfy(digits.contains)
            && parts[1].first.map(digits.contains) == true && text.last != UInt8(ascii: ".")
    }

    // MARK: By file name

    private static let zero = ByteSet([0])
    private static let space = ByteSet([UInt8(ascii: " ")])
    private static let busybox = KnownProgram("busybox", marks: ["BusyBox v"], ends: space)
    /// `OPENSSL_VERSION_TEXT`: `OpenSSL 3.0.11 19 Sep 2023`.
    private static let openssl = KnownProgram("openssl", marks: ["OpenSSL "], ends: space)
    /// `process.release`.
    private static let node = KnownProgram(
        "node", marks: ["node.js/v", "nodejs.org/download/release/v"], ends: ByteSet(Array("/ \0".utf8)))
    private static let nginx = KnownProgram("nginx", marks: ["nginx/"], ends: ByteSet(Array(" \n\0".utf8)))
    private static let httpd = KnownProgram("httpd", marks: ["Apache/"], ends: ByteSet(Array(" \0".utf8)))
    private static let php = KnownProgram("php", marks: ["X-Powered-By: PHP/"], ends: zero)
    /// `PG_BACKEND_VERSIONSTR`.
    private static let postgres = KnownProgram(
        "postgresql", marks: ["(PostgreSQL) "], ends: ByteSet(Array(" \n\0".utf8)))
    /// `ruby 3.2.2 (2023-03-30 revision …) [x86_64-linux]`.
    private static let ruby = KnownProgram("ruby", marks: ["ruby "], ends: space)

    /// `[` is BusyBox where its applets are hard links: the archive has the bytes at the first name.
    private static let byName: [String: KnownProgram] = [
        "busybox": busybox, "[": busybox, "openssl": openssl, "node": node, "nodejs": node, "nginx": nginx,
        "httpd": httpd,
        "apache2": httpd, "php": php, "php-fpm": php, "php-cgi": php, "postgres": postgres, "ruby": ruby,
    ]
    private static let byBeginning: [(String, KnownProgram)] = [
        ("libcrypto.so", openssl), ("libssl.so", openssl), ("libruby", ruby), ("libphp", php),
    ]

    static func named(_ name: some Sequence<UInt8>) -> KnownProgram? {
        let text = String(decoding: Array(name), as: UTF8.self)
        if let program = byName[text] ?? byName[withoutNumber(text)] { return program }
        if let program = byBeginning.first(where: { text.hasPrefix($0.0) && text.contains(".so") })?.1 {
            return program
        }
        return python(text)
    }

    /// `php8.2` as `php`: several may be installed.
    private static func withoutNumber(_ name: String) -> String {
        var name = name[...]
        while let last = name.last, last == "." || (last.isASCII && last.isNumber) { name.removeLast() }
        return String(name)
    }

    /// `python3.11`, `libpython3.11.so.1.0`: the version stands alone, and the file's name says how it begins.
    private static func python(_ file: String) -> KnownProgram? {
        let rest = file.hasPrefix("libpython") ? file.dropFirst(9) : file.hasPrefix("python") ? file.dropFirst(6) : ""
        let number = rest.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
        let parts = number.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count >= 2, let major = Int(parts[0]), let minor = Int(parts[1]), (2...3).contains(major) else {
            return nil
        }
        let tail = rest.dropFirst(number.count)
        guard file.hasPrefix("lib") ? tail.isEmpty || tail.contains("so") : tail.isEmpty else { return nil }
        return KnownProgram("python", marks: ["\0"], begins: "\(major).\(minor).", ends: zero)
    }

    /// A quick look, for the hundreds of thousands of files that distributions list.
    static func mayBeName(_ name: some BidirectionalCollection<UInt8>) -> Bool {
        guard let first = name.first, firstBytes.contains(first) else { return false }
        return beginnings.contains { name.starts(with: $0) }
    }

    static let nameBeginnings = byName.keys.sorted() + byBeginning.map(\.0) + ["python", "libpython"]
    private static let beginnings = nameBeginnings.map { Array($0.utf8) }
    private static let firstBytes = ByteSet(beginnings.compactMap(\.first))
}
