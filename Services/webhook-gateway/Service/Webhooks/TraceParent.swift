/// W3C trace context: one trace from a delivery to its verdict.
enum TraceParent {
    /// The sender's, when it is well formed, else a new one.
    static func from(_ header: String?) -> String {
        if let header, isWellFormed(header) { return header }
        return "00-\(hex(bytes: 16))-\(hex(bytes: 8))-01"
    }

    private static func isWellFormed(_ text: String) -> Bool {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 4, parts.map(\.utf8.count) == [2, 32, 16, 2], parts[0] == "00" else { return false }
        let isHex = parts.allSatisfy { part in
            part.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
        }
        return isHex && parts[1].contains { $0 != "0" } && parts[2].contains { $0 != "0" }
    }

    private static func hex(bytes: Int) -> String {
        let digits = Array("0123456789abcdef".utf8)
        var generator = SystemRandomNumberGenerator()
        var text: [UInt8] = []
        for _ in 0..<bytes {
            let byte = UInt8.random(in: .min ... .max, using: &generator)
            text.append(digits[Int(byte >> 4)])
            text.append(digits[Int(byte & 15)])
        }
        // All zeros would mean "no trace".
        if text.allSatisfy({ $0 == digits[0] }) { text[0] = digits[1] }
        return String(decoding: text, as: UTF8.self)
    }
}
