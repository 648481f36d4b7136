/// The rules that keep the sources readable, each as data with examples that it must catch.
///
/// A rule sees one file at a time and says where it is broken and what to do. The same two tests run for all of them:
/// the checkout obeys, and the rule catches its own bad examples (a rule that cannot fail guards nothing).
struct Rule: Sendable, CustomStringConvertible {
    struct Example: Sendable {
        let path: String
        let text: String

        init(_ path: String, _ text: String) {
            self.path = path
            self.text = text
        }
    }

    /// Reads as a sentence: `a file has at most 500 lines`.
    let name: String
    /// What to do about a violation.
    let advice: String
    let bad: [Example]
    let good: [Example]
    /// The places where a file breaks the rule.
    let check: @Sendable (SourceFile) -> [Place]

    struct Place: Sendable {
        let line: Int
        let what: String
    }

    var description: String { name }

    func violations(in file: SourceFile) -> [Violation] {
        check(file).map { Violation(path: file.path, line: $0.line, what: $0.what, advice: advice) }
    }
}

struct Violation: Sendable, CustomStringConvertible {
    let path: String
    let line: Int
    let what: String
    let advice: String

    var description: String { "\(path):\(line): \(what); \(advice)" }
}

extension [Violation] {
    /// For the message of a failed expectation: one a line.
    var listing: String { "\n" + map(\.description).joined(separator: "\n") }
}
