import Model
import Testing

@Suite("An error report")
struct ErrorReportTests {
    private struct Outer: DescribedError {
        let underlying: (any Error)?
        var summary: String { "cannot read registry.example.com/team/api:1.4" }
        var advice: String? { "outer advice" }
    }

    private struct Inner: DescribedError {
        var text = "the token was refused"
        var summary: String { text }
        var reason: String? { "401" }
        var advice: String? { "pratique registries test example" }
    }

    private struct Endless: DescribedError {
        var summary: String { "again" }
        var underlying: (any Error)? { Endless() }
    }

    @Test("says what failed, why, and what to do, on a line each")
    func text() {
        #expect(
            ErrorReport(Outer(underlying: Inner())).text == """
                error: cannot read registry.example.com/team/api:1.4
                  cause: the token was refused
                  cause: 401
                  try:   pratique registries test example
                """)
    }

    @Test("gives the outer advice when the cause has none")
    func outerAdvice() {
        struct Plain: Error {}
        #expect(ErrorReport(Outer(underlying: Plain())).advice == "outer advice")
    }

    @Test("is one line for a log")
    func chain() {
        #expect(
            ErrorReport(Outer(underlying: Inner())).chain
                == "cannot read registry.example.com/team/api:1.4: the token was refused: 401")
    }

    @Test("holds no control characters of a remote side")
    func control() {
        let report = ErrorReport(Inner(text: "a\u{1B}[31mb\nc\u{202E}d"))
        #expect(report.summary == "a [31mb c d")
    }

    @Test("is cut at its limits")
    func limits() {
        let long = ErrorReport(Inner(text: String(repeating: "x", count: 10_000))).summary
        #expect(long.count == ErrorReport.textMaxCharacters + 1)
        #expect(ErrorReport(Endless()).causes.count == ErrorReport.chainMax - 1)
    }

    @Test("takes any error")
    func anyError() {
        let error = ParseError("digest", in: "sha256:x", at: 7, "not hexadecimal")
        #expect(ErrorReport(error).text == "error: bad digest “sha256:x” at byte 7: not hexadecimal")
    }
}
