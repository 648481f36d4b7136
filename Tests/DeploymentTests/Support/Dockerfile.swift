import Foundation

/// A Dockerfile, as far as its stages and their instructions go.
struct Dockerfile: Sendable {
    struct Instruction: Sendable {
        let word: String
        let rest: String

        /// The words of a form like `["/usr/bin/scanner", "health"]`; nil for the form that needs a shell.
        var exec: [String]? {
            guard let start = rest.firstIndex(of: "[") else { return nil }
            return try? JSONDecoder().decode([String].self, from: Data(rest[start...].utf8))
        }

        var words: [String] { rest.split(separator: " ").map(String.init) }
    }

    struct Stage: Sendable {
        let name: String
        let parent: String
        var instructions: [Instruction] = []
    }

    private(set) var stages: [Stage] = []

    init(_ text: String) {
        let joined = text.split(separator: "\n").filter { !$0.hasPrefix("#") }.joined(separator: "\n")
            .replacing("\\\n", with: " ")
        for line in joined.split(separator: "\n") {
            let words = line.split(separator: " ", maxSplits: 1).map(String.init)
            guard words.count == 2 else { continue }
            let instruction = Instruction(
                word: words[0].uppercased(), rest: words[1].trimmingCharacters(in: .whitespaces))
            if instruction.word == "FROM" {
                let parts = instruction.words
                stages.append(Stage(name: parts.count == 3 ? parts[2] : "", parent: parts[0]))
            } else if !stages.isEmpty {
                stages[stages.count - 1].instructions.append(instruction)
            }
        }
    }

    func stage(_ name: String) -> Stage? { stages.first { $0.name == name } }

    /// What holds for a stage: its own instructions after those of the stages that it is made from.
    func instructions(of name: String) -> [Instruction] {
        guard let index = stages.firstIndex(where: { $0.name == name }) else { return [] }
        let stage = stages[index]
        let isEarlier = stages[..<index].contains { $0.name == stage.parent }
        return (isEarlier ? instructions(of: stage.parent) : []) + stage.instructions
    }

    /// All instructions of a kind that hold for a stage, in order.
    func all(_ word: String, in stage: String) -> [Instruction] { instructions(of: stage).filter { $0.word == word } }
}
