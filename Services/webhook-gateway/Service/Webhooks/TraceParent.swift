import Model

/// W3C trace context: one trace from a delivery to its verdict.
enum TraceParent {
    /// The sender's, when it is well formed, else a new one.
    static func from(_ header: String?) -> String {
        if let header, isWellFormed(header) { return header }
        return "00-\(random(words: 2))-\(random(words: 1))-01"
    }

    private static func isWellFormed(_ text: String) -> Bool {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 4, parts.map(\.utf8.count) == [2, 32, 16, 2], parts[0] == "00" else { return false }
        let isHex = parts.allSatisfy { part in
            part.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
        }
        return isHex && parts[1].contains { $0 != "0" } && parts[2].contains { $0 != "0" }
    }

    /// Not all zeros, which would mean "no trace".
    private static func random(words: Int) -> String {
        String(hex: (0..<words).flatMap { _ in withUnsafeBytes(of: UInt64.random(in: 1 ... .max)) { Array($0) } })
    }
}
