import Testing

@testable import PratiqueCommands

@Suite("A table for people")
struct TableTests {
    private typealias Row = (name: String, value: String)

    private func render(_ rows: [Row]) -> String {
        Table(columns: [.init("NAME") { (row: Row) in row.name }, .init("VALUE") { $0.value }]).render(rows)
    }

    @Test("has columns as wide as their widest cell, and no blanks at the end of a line")
    func widths() {
        #expect(render([("a", "1"), ("longer", "")]) == "NAME    VALUE\na       1\nlonger")
    }

    @Test("without rows is its titles")
    func empty() {
        #expect(render([]) == "NAME  VALUE")
    }

    @Test("cuts a wide cell and says so")
    func cut() throws {
        let line = try #require(render([("a", String(repeating: "x", count: 5_000))]).split(separator: "\n").last)
        #expect(line.hasSuffix("x…"))
        #expect(line.count == "NAME  ".count + Table<Row>.cellCharactersMax)
        let fits = String(repeating: "y", count: Table<Row>.cellCharactersMax)
        #expect(render([("a", fits)]).hasSuffix(fits))
    }

    @Test(
        "shows no control or invisible character of a cell",
        arguments: ["\u{1B}[2Jgone", "a\nb", "a\rb", "a\tb", "\u{9B}31m", "\u{202E}txt.exe", "\u{200B}x", "\u{7F}"])
    func safe(_ hostile: String) {
        let text = render([(hostile, "1")])
        #expect(text.contains("?"))
        #expect(text.split(separator: "\n", omittingEmptySubsequences: false).count == 2)
        for scalar in text.unicodeScalars where scalar != "\n" {
            #expect(scalar.properties.generalCategory != .control)
            #expect(scalar.properties.generalCategory != .format)
        }
    }

    @Test("leaves other text as it is")
    func plain() {
        #expect(Output.safe("Grüße, 世界 ✓ “quoted”") == "Grüße, 世界 ✓ “quoted”")
    }
}

@Suite("A progress bar")
struct ProgressBarTests {
    @Test("shows the share that is done")
    func half() {
        let bar = String(repeating: "█", count: 14) + String(repeating: "░", count: 14)
        let line = ProgressBar.line("scanning", done: 5_000_000, total: 10_000_000)
        #expect(line == "scanning  \(bar) 50 %  5.0 of 10.0 MB")
    }

    @Test("stays within its width when more is done than was announced")
    func over() {
        let line = ProgressBar.line("scanning", done: 30, total: 10)
        #expect(line.contains("100 %"))
        #expect(line.count { $0 == "█" } == 28)
    }

    @Test("counts things by their word, or without one", arguments: [("repositories", " repositories"), ("", "")])
    func things(_ word: String, _ shown: String) {
        let bar = String(repeating: "█", count: 7) + String(repeating: "░", count: 21)
        let line = ProgressBar.line("listing", done: 1, total: 4, .things(word))
        #expect(line == "listing  \(bar) 25 %  1 of 4\(shown)")
    }

    @Test("shows how long it lasts where nothing else is known", arguments: [(5, "5 s"), (125, "2 min 5 s")])
    func elapsed(_ seconds: Int, _ shown: String) {
        #expect(ProgressBar.line("importing", seconds: seconds) == "importing  \(shown)")
    }

    @Test("shows only what is done where the total is not known", arguments: [nil, 0, -1] as [Int64?])
    func unknown(_ total: Int64?) {
        #expect(ProgressBar.line("reading", done: 1_500_000, total: total) == "reading  1.5 MB")
    }
}
