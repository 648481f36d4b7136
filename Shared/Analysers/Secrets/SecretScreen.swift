import Model

/// Keeps secrets out of what is stored of an image's configuration, and tells them.
///
/// Each text is asked for the forms of `SecretPatterns`; a variable that is named after a secret and has a value counts
/// by its name. A secret that stands in several places is told for the first.
struct SecretScreen {
    /// One configuration can name any number.
    static let secretsMax = 200

    private(set) var secrets: [ExposedSecret] = []
    private var seen: Set<[UInt8]> = []

    /// - Returns: the text with each secret replaced by its kind.
    mutating func screen(_ text: String, _ place: ExposedSecret.Place, _ location: String) -> String {
        let bytes = Array(text.utf8)
        let matches = SecretSearch.ranges(in: bytes)
        guard !matches.isEmpty else { return text }
        var shown: [UInt8] = []
        var end = 0
        for (pattern, range) in matches {
            shown += bytes[end..<range.lowerBound]
            shown += Array("[\(pattern.kind.rawValue)]".utf8)
            end = range.upperBound
            note(pattern.kind, Array(bytes[range]), pattern.sample(count: range.count), place, location)
        }
        return String(decoding: shown + bytes[end...], as: UTF8.self)
    }

    /// A variable `NAME=value` of the environment: its value is not stored.
    mutating func screen(variable: String) {
        let name = String(variable.prefix { $0 != "=" })
        let before = secrets.count
        _ = screen(String(variable.dropFirst(name.count)), .environment, name)
        if secrets.count == before { noteByName(variable[...], .environment, name) }
    }

    /// A line of the history as the builder wrote it; what is stored is screened besides.
    mutating func tell(history line: String, number: Int) {
        _ = screen(line, .history, "\(number)")
        for assignment in HistoryRedaction.assignments(in: line) { noteByName(assignment, .history, "\(number)") }
    }

    private mutating func noteByName(_ assignment: Substring, _ place: ExposedSecret.Place, _ location: String) {
        let parts = assignment.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, Self.isNamedAfterSecret(String(parts[0])) else { return }
        let value = parts[1].filter { $0 != "\"" && $0 != "'" }
        guard SecretSearch.ranges(in: Array(value.utf8)).isEmpty, Self.mayBeSecret(value[...]) else { return }
        note(.credentialVariable, Array(value.utf8), "… (\(value.utf8.count) characters)", place, location)
    }

    private mutating func note(
        _ kind: SecretKind, _ secret: [UInt8], _ sample: String, _ place: ExposedSecret.Place, _ location: String
    ) {
        guard seen.insert(secret).inserted, secrets.count < Self.secretsMax else { return }
        secrets.append(
            ExposedSecret(kind: kind.rawValue, place: place, location: String(location.prefix(200)), sample: sample))
    }

    private static func isNamedAfterSecret(_ name: String) -> Bool {
        let words = name.uppercased().split { !$0.isLetter && !$0.isNumber }.map(String.init)
        guard let last = words.last else { return false }
        if ["PASSWORD", "PASSWD", "PASSPHRASE", "SECRET", "TOKEN", "APIKEY", "CREDENTIAL", "CREDENTIALS"].contains(last)
        {
            return true
        }
        return last == "KEY" && words.dropLast().contains { ["SECRET", "PRIVATE", "API", "ACCESS"].contains($0) }
    }

    /// No path, number, switch or reference to another variable.
    private static func mayBeSecret(_ value: Substring) -> Bool {
        guard value.utf8.count >= 6, !value.hasPrefix("/"), !value.hasPrefix("$"), !value.hasPrefix("<"),
            !value.allSatisfy(\.isNumber)
        else { return false }
        let isPlaceholder = Array(value.utf8).withUnsafeBytes { Placeholder.isOne($0[...]) }
        return !isPlaceholder
    }
}
