import Model
import TestSupport
import Testing

@Suite("Globs")
struct GlobPatternTests {
    @Test(
        "what matches",
        arguments: [
            ("*", ""), ("*", "anything/at all"), ("a*", "a"), ("a*", "abc"), ("*c", "abc"), ("a*c", "ac"),
            ("a*c", "abbc"), ("a*b*c", "a1b2b3c"),
            ("team/*", "team/app/x"), ("**", ""), ("a**b", "ab"), ("a.b", "a.b"), ("*ab", "aab"), ("*é*", "caféx"),
        ])
    func matches(pattern: String, text: String) throws { #expect(try GlobPattern(pattern).matches(text)) }

    @Test(
        "what does not match",
        arguments: [
            ("a", ""), ("a", "ab"), ("a", "A"), ("a*", "ba"), ("*c", "cb"), ("a*c", "a"), ("a?c", "abc"),
            ("a.b", "axb"), ("team/*", "team"),
            ("[ab]", "a"), ("a*b*c", "acb"),
        ])
    func doesNotMatch(pattern: String, text: String) throws { #expect(try !GlobPattern(pattern).matches(text)) }

    @Test("empty and overlong patterns are refused")
    func refused() throws {
        #expect(throws: ParseError.self) { try GlobPattern(String()) }
        #expect(throws: ParseError.self) { try GlobPattern(String(repeating: "a", count: GlobPattern.bytesMax + 1)) }
        _ = try GlobPattern(String(repeating: "a", count: GlobPattern.bytesMax))
    }

    @Test("any text agrees with a plain recursive matcher")
    func oracle() throws {
        func plain(_ pattern: Substring, _ text: Substring) -> Bool {
            guard let first = pattern.first else { return text.isEmpty }
            if first == "*" {
                return plain(pattern.dropFirst(), text) || (!text.isEmpty && plain(pattern, text.dropFirst()))
            }
            return text.first == first && plain(pattern.dropFirst(), text.dropFirst())
        }
        var random = SeededGenerator.printed("globs")
        for _ in 0..<5_000 {
            let pattern = random.text(from: "ab**", most: 8) + "a*"
            let text = random.text(from: "ab", most: 10)
            #expect(try GlobPattern(pattern).matches(text) == plain(pattern[...], text[...]), "\(pattern) \(text)")
        }
    }

    @Test("a hostile pattern ends")
    func hostile() throws {
        #expect(
            try !GlobPattern(String(repeating: "*a", count: 200) + "b").matches(String(repeating: "a", count: 5_000)))
    }
}
