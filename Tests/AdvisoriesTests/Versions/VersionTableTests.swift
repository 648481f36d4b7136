import Advisories
import Testing

@Suite("Version orders against tables from their specifications")
struct VersionTableTests {
    @Test("versions of a table are in ascending order", arguments: VersionTable.all)
    func ascending(_ table: VersionTable) throws {
        for chain in table.ascending {
            for (low, left) in chain.enumerated() {
                for right in chain[(low + 1)...] {
                    #expect(try table.order.compare(left, right) < 0, "\(left) < \(right)")
                    #expect(try table.order.compare(right, left) > 0, "\(right) > \(left)")
                }
            }
        }
    }

    @Test("spellings of one version are equal", arguments: VersionTable.all)
    func equal(_ table: VersionTable) throws {
        for group in table.equal {
            for left in group {
                for right in group { #expect(try table.order.compare(left, right) == 0, "\(left) = \(right)") }
            }
        }
    }

    @Test("text that is no version is refused by name", arguments: VersionTable.all)
    func unreadable(_ table: VersionTable) {
        for text in table.unreadable {
            #expect {
                try table.order.compare(text, "1")
            } throws: { error in
                guard case AdvisoriesError.version(_, table.order, let reason) = error else { return false }
                return !reason.isEmpty
            }
        }
    }

    @Test("a version longer than the limit is refused", arguments: VersionOrder.allCases)
    func tooLong(_ order: VersionOrder) throws {
        let limit = String(repeating: "1", count: OrderedVersion.bytesMax)
        _ = try OrderedVersion(limit, order)
        #expect(throws: AdvisoriesError.self) { try OrderedVersion(limit + "1", order) }
    }
}
