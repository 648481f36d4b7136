import Analysers
import Testing

@Suite("The page of limits")
struct LimitsReferenceTests {
    @Test("has a row for each limit with its value, and none for others")
    func limits() throws {
        let page = try ReferencePage("docs/reference/limits.md")
        let rows = page.rows.filter { $0.count >= 2 }.map { "\($0[0]) \($0[1])" }
        let limits = Self.values(ScanLimits.standard.layer) + Self.values(ScanLimits.standard)
        #expect(rows.sorted() == limits.sorted())
    }

    private static func values(_ limits: Any) -> [String] {
        Mirror(reflecting: limits).children.compactMap { label, value in
            label.flatMap { $0 == "layer" ? nil : "\($0) \(value)" }
        }
    }
}
