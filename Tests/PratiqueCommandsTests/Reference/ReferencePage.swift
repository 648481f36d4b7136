import Foundation

/// A page of the documentation, cut at its headings.
struct ReferencePage {
    static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()

    let path: String
    let text: String

    /// - Parameter path: from the root of the checkout.
    init(_ path: String) throws {
        self.path = path
        text = try String(contentsOf: Self.root.appending(path: path), encoding: .utf8)
    }

    /// The README, and every page below `docs/` and `Services/`.
    static func all() throws -> [ReferencePage] {
        let folders = ["docs", "Services"].map { root.appending(path: $0) }
        let found = folders.flatMap { folder in
            (FileManager.default.enumerator(atPath: folder.path)?.compactMap { $0 as? String } ?? [])
                .filter { $0.hasSuffix(".md") }.map { "\(folder.lastPathComponent)/\($0)" }
        }
        return try (["README.md"] + found.sorted()).map { try ReferencePage($0) }
    }

    /// The lines under a heading with this text, up to the next heading; nil where there is no such heading.
    func section(_ title: String) -> [Substring]? {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        guard let start = lines.firstIndex(where: { Self.heading($0) == title }) else { return nil }
        return Array(lines[(start + 1)...].prefix { Self.heading($0) == nil })
    }

    /// The titles of all headings.
    var headings: [String] {
        text.split(separator: "\n").compactMap { Self.heading($0) }
    }

    /// Cells of the tables' rows whose first cell starts with a code span; code marks are dropped.
    static func rows(in lines: [Substring]) -> [[String]] {
        lines.filter { $0.hasPrefix("| `") }.map { line in
            line.split(separator: "|", omittingEmptySubsequences: false).dropFirst().dropLast().map {
                $0.trimmingCharacters(in: .whitespaces).replacing("`", with: "")
            }
        }
    }

    var rows: [[String]] { Self.rows(in: text.split(separator: "\n")) }

    private static func heading(_ line: Substring) -> String? {
        guard line.hasPrefix("#") else { return nil }
        return line.drop { $0 == "#" }.trimmingCharacters(in: .whitespaces).replacing("`", with: "")
    }
}

/// Lines of a shell, as far as examples use it: words, quotes, comments, continued lines.
enum ShellText {
    /// The words of each line that starts with `pratique`, without that word; what follows a redirection is left out.
    static func commands(in text: String) -> [[String]] {
        text.replacing("\\\n", with: " ").split(separator: "\n").compactMap { line in
            let words = words(line)
            return words.first == "pratique" ? Array(words.dropFirst()) : nil
        }
    }

    private static func words(_ line: Substring) -> [String] {
        var words: [String] = []
        var word: String?
        var quote: Character?
        for character in line {
            if let open = quote {
                if character == open { quote = nil } else { word = (word ?? "") + String(character) }
                continue
            }
            switch character {
            case "'", "\"":
                quote = character
                word = word ?? ""
            case " ":
                if let done = word { words.append(done) }
                word = nil
            case "#" where word == nil, ">" where word == nil, "|" where word == nil, "&" where word == nil:
                return words
            default: word = (word ?? "") + String(character)
            }
        }
        return words + (word.map { [$0] } ?? [])
    }
}
