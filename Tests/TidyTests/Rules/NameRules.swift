extension Rule {
    static let names = [vagueNames, openEnds, machinePaths]

    private static let vagueWords: Set<String> = [
        "Util", "Utils", "Utility", "Utilities", "Helper", "Helpers", "Common", "Manager", "Managers", "Misc",
    ]

    static let vagueNames = Rule(
        name: "a name says what a thing does", advice: "name it after what it holds or does",
        bad: [
            Example("Shared/A/StringUtils.swift", ""),
            Example("Shared/Common/A.swift", ""),
            Example("Shared/A/B.swift", "final class QueueManager {}\n"),
            Example("Shared/A/B.swift", "class HandlerBase {}\n"),
        ],
        good: [
            Example("Shared/Storage/Database.swift", "struct Database {}\nstruct Base64Text {}\n"),
            Example("Shared/A/B.swift", "let manager = FileManager.default\n"),
        ]
    ) { file in
        guard file.isSwift else { return [] }
        let folders = file.path.split(separator: "/").dropLast().map(String.init)
        let inPath = (folders + [file.stem]).filter(isVague).map { Place(line: 1, what: "“\($0)” says nothing") }
        let declared = ["struct ", "class ", "enum ", "actor ", "protocol ", "typealias "].flatMap { keyword in
            file.offsets(of: keyword).compactMap { offset -> Place? in
                let name = word(file.code[(offset + keyword.utf8.count)...])
                return isVague(name) ? Place(line: file.line(at: offset), what: "“\(name)” says nothing") : nil
            }
        }
        return inPath + declared
    }

    private static func isVague(_ name: String) -> Bool {
        let words = camelWords(name)
        return words.contains { vagueWords.contains($0) } || words.last == "Base"
    }

    private static func word(_ bytes: ArraySlice<UInt8>) -> String {
        String(decoding: bytes.prefix { SourceFile.isNamePart($0) }, as: UTF8.self)
    }

    /// `HTTPBodyReader` becomes `HTTP`… only roughly: a word starts at each capital that follows a small letter.
    private static func camelWords(_ name: String) -> [String] {
        var words: [String] = []
        var previousIsSmall = false
        for character in name {
            if character.isUppercase && previousIsSmall || words.isEmpty {
                words.append(String(character))
            } else {
                words[words.count - 1].append(character)
            }
            previousIsSmall = character.isLowercase || character.isNumber
        }
        return words
    }

    // The words are put together here, so that this file does not hold them itself.
    private static let openWords = ["TO" + "DO", "FIX" + "ME"]

    static let openEnds = Rule(
        name: "nothing is left open in the sources", advice: "do it, or write an issue",
        bad: [Example("Shared/A/B.swift", "// \(openWords[0]): more\n")],
        good: [Example("Shared/A/B.swift", "// All done.\n")]
    ) { file in
        lines(of: file, containing: openWords)
    }

    private static let machineWords = ["/wo" + "rk/", "/Us" + "ers/", ".inte" + "rnal/", ".la" + "n/", ".co" + "rp/"]

    static let machinePaths = Rule(
        name: "no file speaks of one machine or one workplace",
        advice: "use a path from the root of the checkout, or a name under example.com",
        bad: [
            Example("docs/a.md", "See \(machineWords[0])notes.\n"),
            Example("Shared/A/B.swift", "let url = \"https://mirror\(machineWords[2])x\"\n"),
        ],
        good: [Example("docs/a.md", "See docs/notes and https://registry.example.com/v2/.\n")]
    ) { file in
        lines(of: file, containing: machineWords)
    }

    private static func lines(of file: SourceFile, containing words: [String]) -> [Place] {
        file.lines.enumerated().flatMap { index, line in
            words.filter { line.contains($0) }.map { Place(line: index + 1, what: "the line holds `\($0)`") }
        }
    }
}
