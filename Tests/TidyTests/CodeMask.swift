/// Blanks out what is not code in Swift source: comments and the insides of string literals.
///
/// It knows line comments, nested block comments, strings with interpolations, multi-line and raw strings. What stands
/// in an interpolation counts as string. Regex literals between bare slashes are not known; the style forbids them.
struct CodeMask {
    private let bytes: [UInt8]
    private var result: [UInt8]
    private var index = 0

    static func mask(_ bytes: [UInt8]) -> [UInt8] {
        var mask = CodeMask(bytes: bytes, result: bytes)
        mask.run()
        return mask.result
    }

    private mutating func run() {
        while index < bytes.count {
            switch bytes[index] {
            case UInt8(ascii: "/") where at(1) == UInt8(ascii: "/"):
                while index < bytes.count, bytes[index] != UInt8(ascii: "\n") { blank() }
            case UInt8(ascii: "/") where at(1) == UInt8(ascii: "*"):
                blockComment()
            case UInt8(ascii: "\""):
                string(hashes: 0)
            case UInt8(ascii: "#"):
                let hashes = count(of: UInt8(ascii: "#"), from: index)
                index += hashes
                if index < bytes.count, bytes[index] == UInt8(ascii: "\"") { string(hashes: hashes) }
            default:
                index += 1
            }
        }
    }

    private mutating func blockComment() {
        var depth = 0
        repeat {
            if matches("/*") {
                depth += 1
                blank(2)
            } else if matches("*/") {
                depth -= 1
                blank(2)
            } else {
                blank()
            }
        } while depth > 0 && index < bytes.count
    }

    /// From the opening quote to behind the closing one; the quotes stay.
    private mutating func string(hashes: Int) {
        let quotes = count(of: UInt8(ascii: "\""), from: index) >= 3 ? 3 : 1
        index += quotes
        while index < bytes.count {
            if bytes[index] == UInt8(ascii: "\\"), count(of: UInt8(ascii: "#"), from: index + 1) >= hashes {
                escape(hashes: hashes)
            } else if count(of: UInt8(ascii: "\""), from: index) >= quotes,
                count(of: UInt8(ascii: "#"), from: index + quotes) >= hashes
            {
                index += quotes + hashes
                return
            } else if quotes == 1, bytes[index] == UInt8(ascii: "\n") {
                return
            } else {
                blank()
            }
        }
    }

    private mutating func escape(hashes: Int) {
        blank(1 + hashes)
        guard index < bytes.count else { return }
        guard bytes[index] == UInt8(ascii: "(") else { return blank() }
        var depth = 0
        repeat {
            switch bytes[index] {
            case UInt8(ascii: "("):
                depth += 1
                blank()
            case UInt8(ascii: ")"):
                depth -= 1
                blank()
            case UInt8(ascii: "\""):
                let start = index
                string(hashes: 0)
                for quote in start..<min(index, bytes.count) where bytes[quote] != UInt8(ascii: "\n") {
                    result[quote] = UInt8(ascii: " ")
                }
            default:
                blank()
            }
        } while depth > 0 && index < bytes.count
    }

    private mutating func blank(_ number: Int = 1) {
        for _ in 0..<number where index < bytes.count {
            if bytes[index] != UInt8(ascii: "\n") { result[index] = UInt8(ascii: " ") }
            index += 1
        }
    }

    private func at(_ distance: Int) -> UInt8? {
        index + distance < bytes.count ? bytes[index + distance] : nil
    }

    private func matches(_ text: String) -> Bool {
        text.utf8.enumerated().allSatisfy { at($0.offset) == $0.element }
    }

    private func count(of byte: UInt8, from start: Int) -> Int {
        var end = start
        while end < bytes.count, bytes[end] == byte { end += 1 }
        return end - start
    }
}
