import Advisories
import TestSupport
import Testing

@Suite("Version orders are total orders")
struct VersionPropertyTests {
    @Test("any three versions are ordered without contradiction", arguments: VersionTable.all)
    func totalOrder(_ table: VersionTable) throws {
        var random = SeededGenerator.printed("total order of \(table.order)")
        let versions = Self.versions(like: table, &random)
        try #require(versions.count > 200)
        for _ in 0..<3_000 {
            let (a, b, c) = (random.pick(versions), random.pick(versions), random.pick(versions))
            let (ab, bc, ac) = (
                a.version.compare(b.version), b.version.compare(c.version), a.version.compare(c.version)
            )
            #expect(a.version.compare(a.version) == 0, "\(a.text)")
            #expect(ab.signum() == -b.version.compare(a.version).signum(), "\(a.text), \(b.text)")
            if ab <= 0, bc <= 0 {
                #expect(ac <= 0, "\(a.text) ≤ \(b.text) ≤ \(c.text)")
                #expect((ab == 0 && bc == 0) == (ac == 0), "\(a.text), \(b.text), \(c.text)")
            }
        }
    }

    @Test("random bytes are read or refused, never a crash", arguments: VersionOrder.allCases)
    func hostile(_ order: VersionOrder) {
        var random = SeededGenerator.printed("random bytes as \(order)")
        var read = 0
        for _ in 0..<2_000 {
            let text =
                Bool.random(using: &random)
                ? random.bytes(most: 40) : random.text(from: "0123.-_+~^!:abrcvdevpost ", most: 24)
            if let version = try? OrderedVersion(text, order) {
                read += 1
                #expect(version.compare(version) == 0)
            }
        }
        #expect(read > 0)
    }

    /// Versions of the table, and pieces of them put together anew.
    private static func versions(
        like table: VersionTable, _ random: inout SeededGenerator
    ) -> [(text: String, version: OrderedVersion)] {
        let known = table.ascending.flatMap { $0 } + table.equal.flatMap { $0 }
        var texts = known
        for _ in 0..<1_500 {
            var text = random.pick(known)
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                let other = random.pick(known)
                let cut = text.index(text.startIndex, offsetBy: Int.random(in: 0...text.count, using: &random))
                let from = other.index(other.startIndex, offsetBy: Int.random(in: 0...other.count, using: &random))
                text = String(text[..<cut] + other[from...])
            }
            texts.append(text)
        }
        return texts.compactMap { text in (try? OrderedVersion(text, table.order)).map { (text, $0) } }
    }
}
