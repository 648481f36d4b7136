import Foundation
import Testing

/// One change that makes a true file lie.
struct Lie: CustomTestStringConvertible, Sendable {
    let right: String
    let wrong: String
    /// What the check says.
    let caught: String

    init(_ right: String, _ wrong: String, _ caught: String) {
        self.right = right
        self.wrong = wrong
        self.caught = caught
    }

    var testDescription: String { "\(wrong) → \(caught)" }

    func told(in text: String) throws -> String {
        let range = try #require(text.firstRange(of: right), "“\(right)” is not in the file any more")
        return text.replacingCharacters(in: range, with: wrong)
    }
}
