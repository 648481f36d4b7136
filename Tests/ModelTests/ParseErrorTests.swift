import Model
import Testing

@Suite("Errors of parsing")
struct ParseErrorTests {
    @Test("the text names what, where and why")
    func description() {
        #expect(
            ParseError("tag", in: "a b", at: 1, "holds a blank").description == "bad tag “a b” at byte 1: holds a blank"
        )
        #expect(ParseError("tag", in: "", "is empty").description == "bad tag “”: is empty")
    }

    @Test("long text is cut")
    func cut() { #expect(ParseError("tag", in: String(repeating: "x", count: 10_000), "is long").text.count == 200) }
}
