extension Rule {
    static let fileLinesMax = 500
    static let functionLinesMax = 70
    static let lineCharactersMax = 120
    static let mainLinesMax = 40

    static let sizes = [fileLength, mainLength, functionLength, lineLength]

    private static func lines(_ number: Int) -> String { String(repeating: "let a = 1\n", count: number) }

    static let fileLength = Rule(
        name: "a file has at most 500 lines", advice: "split it by what its parts are about",
        bad: [Example("Shared/A/Long.swift", lines(fileLinesMax + 1))],
        good: [Example("Shared/A/Fits.swift", lines(fileLinesMax))]
    ) { file in
        let count = lineCount(file)
        return file.isSwift && count > fileLinesMax ? [Place(line: count, what: "the file has \(count) lines")] : []
    }

    static let mainLength = Rule(
        name: "a main has at most 40 lines", advice: "move what it does into the service or the composition",
        bad: [Example("Services/scanner/Main/Main.swift", lines(mainLinesMax + 1))],
        good: [
            Example("Services/scanner/Main/Main.swift", lines(mainLinesMax)),
            Example("Services/scanner/Service/Scanner.swift", lines(mainLinesMax + 1)),
        ]
    ) { file in
        let count = lineCount(file)
        guard file.path.hasPrefix("Services/"), file.path.contains("/Main/"), count > mainLinesMax else { return [] }
        return [Place(line: count, what: "the main has \(count) lines")]
    }

    static let functionLength = Rule(
        name: "a function has at most 70 lines", advice: "give its steps names and functions of their own",
        bad: [
            Example("Shared/A/B.swift", "func long() {\n" + lines(functionLinesMax) + "}\n"),
            Example("Shared/A/B.swift", "struct S {\n    init(\n        a: Int\n    ) {\n" + lines(67) + "    }\n}\n"),
        ],
        good: [
            Example("Shared/A/B.swift", "func fits() {\n" + lines(functionLinesMax - 2) + "}\n"),
            Example("Shared/A/B.swift", "protocol P {\n    func one()\n    func two() -> Int\n}\n" + lines(80)),
        ]
    ) { file in
        guard file.isSwift else { return [] }
        return FunctionSpans.find(in: file).filter { $0.lines > functionLinesMax }
            .map { Place(line: $0.firstLine, what: "the function has \($0.lines) lines") }
    }

    static let lineLength = Rule(
        name: "a line has at most 120 characters, long string literals aside",
        advice: "break it (`make fmt` breaks code, not comments)",
        bad: [
            Example("Shared/A/B.swift", "// " + String(repeating: "a", count: 118)),
            Example("Shared/A/B.swift", "let a = " + String(repeating: "b + ", count: 40) + "c"),
        ],
        good: [
            Example("Shared/A/B.swift", "// " + String(repeating: "é", count: 117)),
            Example("Shared/A/B.swift", "let a = \"" + String(repeating: "b", count: 200) + "\""),
        ]
    ) { file in
        guard file.isSwift else { return [] }
        let code = file.codeLines
        return file.lines.enumerated().filter { index, line in
            guard line.count > lineCharactersMax else { return false }
            let isComment = line.drop { $0 == " " }.hasPrefix("//")
            return isComment || withoutLiterals(code[index]).count > lineCharactersMax
        }
        .map { Place(line: $0.offset + 1, what: "the line has \($0.element.count) characters") }
    }

    /// A masked line without the blanks that stand for a literal: runs of spaces after the indentation become one.
    private static func withoutLiterals(_ line: String) -> String {
        let indentation = line.prefix { $0 == " " }
        let words = line.split(separator: " ").joined(separator: " ")
        return words.isEmpty ? "" : indentation + words
    }

    private static func lineCount(_ file: SourceFile) -> Int { file.bytes.count { $0 == UInt8(ascii: "\n") } }
}

/// Where functions and initialisers with a body begin and end.
enum FunctionSpans {
    struct Span {
        let firstLine: Int
        let lines: Int
    }

    static func find(in file: SourceFile) -> [Span] {
        let starts = file.offsets(of: "func ") + file.offsets(of: "init").filter { isInitialiser(file.code, at: $0) }
        return starts.compactMap { start in
            guard let open = bodyStart(file.code, from: start), let close = matchingBrace(file.code, from: open) else {
                return nil
            }
            let first = file.line(at: start)
            return Span(firstLine: first, lines: file.line(at: close) - first + 1)
        }
    }

    private static func isInitialiser(_ code: [UInt8], at start: Int) -> Bool {
        let before = start > 0 ? code[start - 1] : UInt8(ascii: " ")
        var next = start + 4
        while next < code.count, code[next] == UInt8(ascii: "?") || code[next] == UInt8(ascii: "!") { next += 1 }
        let after = next < code.count ? code[next] : UInt8(ascii: " ")
        return before != UInt8(ascii: ".") && (after == UInt8(ascii: "(") || after == UInt8(ascii: "<"))
    }

    /// The brace that opens the body; nil for a requirement of a protocol, which has none.
    private static func bodyStart(_ code: [UInt8], from start: Int) -> Int? {
        var depth = 0
        var afterNewline = false
        for index in start..<code.count {
            switch code[index] {
            case UInt8(ascii: "("), UInt8(ascii: "["): depth += 1
            case UInt8(ascii: ")"), UInt8(ascii: "]"): depth -= 1
            case UInt8(ascii: "{") where depth == 0: return index
            case UInt8(ascii: "}") where depth == 0: return nil
            case UInt8(ascii: "\n"): afterNewline = depth == 0
            case UInt8(ascii: " "): break
            default:
                if afterNewline, !continuesSignature(code[index...]) { return nil }
                afterNewline = false
            }
        }
        return nil
    }

    /// Whether a line that starts like this still belongs to the signature above.
    private static func continuesSignature(_ rest: ArraySlice<UInt8>) -> Bool {
        ["->", "where", "async", "throws", "rethrows"].contains { rest.starts(with: $0.utf8) }
    }

    private static func matchingBrace(_ code: [UInt8], from open: Int) -> Int? {
        var depth = 0
        for index in open..<code.count {
            if code[index] == UInt8(ascii: "{") { depth += 1 }
            if code[index] == UInt8(ascii: "}") { depth -= 1 }
            if depth == 0 { return index }
        }
        return nil
    }
}
