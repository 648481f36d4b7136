import Analysers
import Testing

@Suite("The page of ecosystems")
struct EcosystemReferenceTests {
    @Test("has a row for each analyser, and none for others")
    func analysers() throws {
        let page = try ReferencePage("docs/reference/ecosystems.md")
        let names = page.rows.compactMap(\.first)
        #expect(names.sorted() == AnalyserSet.standard.analysers.map(\.name))
    }
}
