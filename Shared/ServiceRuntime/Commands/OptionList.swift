package import Model

/// Settings given on a command line: `--log-level debug` or `--log-level=debug`.
package enum OptionList {
    /// More options than any process has settings.
    static let optionsMax = 500

    /// By name without dashes.
    /// - Throws: `ParseError` for a word that is not an option, an option without a value, and one given twice.
    package static func parse(_ words: [String]) throws(ParseError) -> [String: String] {
        var options: [String: String] = [:]
        var rest = words.prefix(optionsMax * 2)[...]
        while let word = rest.popFirst() {
            guard word.hasPrefix("--"), word.count > 2 else {
                throw ParseError("option", in: word, "settings are written --name value or --name=value")
            }
            var name = word.dropFirst(2)
            let value: String
            if let equals = name.firstIndex(of: "=") {
                value = String(name[name.index(after: equals)...])
                name = name[..<equals]
            } else if let next = rest.popFirst() {
                value = next
            } else {
                throw ParseError("option", in: word, "its value is missing")
            }
            guard options.updateValue(value, forKey: String(name)) == nil else {
                throw ParseError("option", in: word, "it is given twice")
            }
        }
        return options
    }
}
