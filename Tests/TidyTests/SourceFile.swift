/// One file of the checkout: its path from the root, its bytes, and the bytes that are code.
struct SourceFile: Sendable {
    let path: String
    let bytes: [UInt8]
    /// As long as `bytes`; comments and the insides of string literals are spaces, newlines stay.
    let code: [UInt8]

    init(path: String, text: String) {
        self.path = path
        bytes = Array(text.utf8)
        code = path.hasSuffix(".swift") ? CodeMask.mask(bytes) : bytes
    }

    var isSwift: Bool { path.hasSuffix(".swift") }
    var isTest: Bool { path.hasPrefix("Tests/") }

    /// The file's name without folder and extension.
    var stem: String {
        let name = path.split(separator: "/").last ?? ""
        return String(name.split(separator: ".").first ?? "")
    }

    func isUnder(_ folders: [String]) -> Bool { folders.contains { path.hasPrefix($0) } }

    /// Counted from 1.
    func line(at offset: Int) -> Int { 1 + bytes[..<offset].count { $0 == UInt8(ascii: "\n") } }

    /// The lines as they stand, and as code.
    var lines: [String] { Self.split(bytes) }
    var codeLines: [String] { Self.split(code) }

    private static func split(_ bytes: [UInt8]) -> [String] {
        bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
            .map { String(decoding: $0, as: UTF8.self) }
    }

    /// Where `needle` stands in the code. With `word`, it is neither preceded nor followed by a letter that would make
    /// it part of a longer name; a dot before it is allowed.
    func offsets(of needle: String, word: Bool = true) -> [Int] {
        let pattern = Array(needle.utf8)
        guard let first = pattern.first, let last = pattern.last, code.count >= pattern.count else { return [] }
        var found: [Int] = []
        code.withUnsafeBufferPointer { code in
            for start in 0...(code.count - pattern.count)
            where code[start] == first && pattern.indices.allSatisfy({ code[start + $0] == pattern[$0] }) {
                let end = start + pattern.count
                let joinsBefore = start > 0 && Self.isNamePart(first) && Self.isNamePart(code[start - 1])
                let joinsAfter = end < code.count && Self.isNamePart(last) && Self.isNamePart(code[end])
                if !word || !(joinsBefore || joinsAfter) { found.append(start) }
            }
        }
        return found
    }

    static func isNamePart(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
            true
        default: byte >= 0x80
        }
    }
}
