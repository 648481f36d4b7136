import Model

/// Takes the values of variables out of history lines, which builders copy there in clear.
///
/// `ENV` and `ARG` lines keep the names alone. The `|2 TOKEN=… USER=…` that builders put before a command is cut to
/// the names, up to the shell that runs it. Where an `ENV` value stands in any other line, the variable's name is put
/// in its place. Values may hold spaces and are not always quoted, so what cannot be told from a value goes, too.
struct HistoryRedaction {
    /// Shorter values are no secrets, and stand in any line by chance.
    static let valueBytesMin = 4
    /// Comparisons of one configuration. Above it no line is kept: real ones need some million.
    static let stepsMax = 1 << 28

    /// Longest first, so that no value leaves the end of a longer one behind.
    private let variables: [(name: [UInt8], value: [UInt8])]
    /// Names that may be shown: of variables, and of the `ARG` lines.
    private let names: Set<String>

    init(environment: [String], lines: [String?]) {
        var variables: [(name: [UInt8], value: [UInt8])] = []
        var names: Set<String> = []
        for variable in environment {
            let parts = variable.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            names.insert(String(parts[0]))
            guard parts.count == 2, parts[1].utf8.count >= Self.valueBytesMin else { continue }
            variables.append((Array("$".utf8) + parts[0].utf8, Array(parts[1].utf8)))
        }
        for line in lines {
            guard let line, let operands = Self.operands(in: line[...]) else { continue }
            names.insert(String(Self.name(at: line[operands...])))
        }
        self.names = names
        self.variables = variables.sorted {
            $0.value.count == $1.value.count
                ? $0.name.lexicographicallyPrecedes($1.name) : $0.value.count > $1.value.count
        }
    }

    /// - Returns: the lines without values; nil for each if there is more than can be looked through.
    static func redact(_ lines: [String?], environment: [String]) -> [String?] {
        let redaction = HistoryRedaction(environment: environment, lines: lines)
        let bytes = lines.reduce(0) { $0 + ($1?.utf8.count ?? 0) }
        let (steps, overflow) = bytes.multipliedReportingOverflow(by: redaction.variables.count + 1)
        guard !overflow, steps <= stepsMax else { return lines.map { _ in nil } }
        return lines.map { $0.map(redaction.redact) }
    }

    func redact(_ line: String) -> String {
        let line = withoutArguments(line)
        if let operands = Self.operands(in: line[...]) {
            return line[..<operands] + shownNames(line[operands...]).joined(separator: " ")
        }
        return withoutValues(line)
    }

    // MARK: ENV and ARG

    /// `ENV …` or `ARG …`, alone, below `ONBUILD`, or after the `#(nop)` of builders that run nothing.
    /// - Returns: where its operands begin.
    private static func operands(in line: Substring) -> Substring.Index? {
        var rest = line
        if let mark = rest.firstRange(of: "#(nop)") { rest = rest[mark.upperBound...] }
        rest = rest.drop { $0 == " " || $0 == "\t" }
        if let after = word("ONBUILD", at: rest) { rest = line[after...] }
        return word("ENV", at: rest) ?? word("ARG", at: rest)
    }

    /// - Returns: where the text goes on after this word and the spaces behind it; nil if another word stands there.
    private static func word(_ word: String, at text: Substring) -> Substring.Index? {
        guard text.prefix(word.count).uppercased() == word else { return nil }
        let rest = text.dropFirst(word.count)
        guard rest.first == " " || rest.first == "\t" else { return nil }
        return rest.firstIndex { $0 != " " && $0 != "\t" } ?? rest.endIndex
    }

    private static func name(at text: Substring) -> Substring {
        text.prefix { $0.isASCII && ($0.isLetter || $0.isNumber || "_.-".contains($0)) }
    }

    /// The first name, and those after it that are known to be names: `a b=` may as well be a value.
    private func shownNames(_ operands: Substring) -> [String] {
        var shown = [String(Self.name(at: operands))]
        for word in operands.split(whereSeparator: { $0 == " " || $0 == "\t" }).dropFirst() {
            guard let equals = word.firstIndex(of: "=") else { continue }
            let name = String(word[..<equals])
            if names.contains(name), !shown.contains(name) { shown.append(name) }
        }
        return shown
    }

    // MARK: Arguments of a command

    /// `RUN |1 TOKEN=abc /bin/sh -c make` as `RUN |1 TOKEN /bin/sh -c make`.
    private func withoutArguments(_ line: String) -> String {
        guard let arguments = Self.arguments(of: line) else { return line }
        let shown = shownNames(arguments).filter { !$0.isEmpty }.joined(separator: " ")
        let tail = line[arguments.endIndex...]
        return line[..<arguments.startIndex] + shown + (tail.isEmpty ? " …" : " " + tail)
    }

    /// The arguments that a builder put before a command; nil where there are none.
    private static func arguments(of line: String) -> Substring? {
        var rest = line[...]
        if let after = word("RUN", at: rest) { rest = line[after...] }
        guard rest.first == "|" else { return nil }
        let digits = rest.dropFirst().prefix { $0.isASCII && $0.isNumber }
        let body = rest[digits.endIndex...]
        guard let count = Int(digits), count > 0, body.first == " " else { return nil }
        let arguments = body.dropFirst()
        return arguments[..<command(in: arguments, after: count)]
    }

    /// Each `NAME=value` that a line sets, up to a space in the value.
    static func assignments(in line: String) -> [Substring] {
        let text = operands(in: line[...]).map { line[$0...] } ?? arguments(of: line)
        return (text ?? "").split(whereSeparator: { $0 == " " || $0 == "\t" }).filter { $0.contains("=") }
    }

    /// Where the shell stands: the first absolute path whose options end in `-c`, after as many `NAME=` as there are
    /// arguments. The end of the text if there is none, so that no value is taken for a command.
    private static func command(in text: Substring, after count: Int) -> Substring.Index {
        var seen = 0
        let words = text.split(separator: " ", omittingEmptySubsequences: false)
        for (index, word) in words.enumerated() {
            if seen >= count, word.first == "/", isShell(words[index...]) { return word.startIndex }
            let name = name(at: word)
            if !name.isEmpty, name.endIndex < word.endIndex, word[name.endIndex] == "=" { seen += 1 }
        }
        return text.endIndex
    }

    /// `/bin/sh -c`, `/bin/bash -o pipefail -c`: a handful of words.
    private static func isShell(_ words: ArraySlice<Substring>) -> Bool {
        let options = words.dropFirst().prefix(6)
        guard let end = options.firstIndex(where: { $0.hasPrefix("-") && $0.hasSuffix("c") && $0.count <= 6 }) else {
            return false
        }
        return options[..<end].allSatisfy { $0.hasPrefix("-") || ["pipefail", "errexit", "nounset"].contains($0) }
    }

    // MARK: Values

    private func withoutValues(_ line: String) -> String {
        var bytes = Array(line.utf8)
        for variable in variables { bytes = Self.replacing(variable.value, by: variable.name, in: bytes) }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func replacing(_ value: [UInt8], by name: [UInt8], in line: [UInt8]) -> [UInt8] {
        guard line.count >= value.count else { return line }
        var result: [UInt8] = []
        var index = 0
        while index < line.count {
            if line[index] == value[0], line[index...].starts(with: value) {
                result += name
                index += value.count
            } else {
                result.append(line[index])
                index += 1
            }
        }
        return result
    }
}
