import EventLogPort
import Events
import Foundation
import Testing

/// Holds `docs/reference/events.md` to the code.
@Suite("The reference of topics and events")
struct DocumentationTests {
    /// Payloads that live with the only service that reads and writes them.
    private static let declaredElsewhere = ["pratique.advisory"]

    private static let payloads = EventSchemas.all

    private let page: [[String]]

    init() throws {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let text = try String(contentsOf: root.appending(path: "docs/reference/events.md"), encoding: .utf8)
        page = text.split(separator: "\n").filter { $0.hasPrefix("| `") }.map { line in
            line.split(separator: "|", omittingEmptySubsequences: false).dropFirst().dropLast().map {
                $0.trimmingCharacters(in: .whitespaces)
            }
        }
    }

    @Test("every topic is there, with its kind, partitions and time")
    func topics() throws {
        let declared = try Topics.all(pools: ["<pool>".filter(\.isLetter)])
        let rows = Dictionary(uniqueKeysWithValues: page.filter { $0.count == 7 }.map { (unquoted($0[0]), $0) })
        #expect(Set(rows.keys.map { $0.replacing("<pool>", with: "pool") }) == Set(declared.map(\.name.rawValue)))
        for topic in declared {
            let name = topic.name.rawValue.replacing("scan-requests.pool", with: "scan-requests.<pool>")
            let row = try #require(rows[name], "\(name) is missing")
            let (kind, kept) = words(of: topic.kind)
            #expect(row[1] == kind, "\(name)")
            #expect(row[2] == String(topic.partitions), "\(name)")
            #expect(row[3] == kept, "\(name)")
        }
    }

    @Test("every payload is there, with its schema version and Swift type")
    func payloads() throws {
        let rows = Dictionary(
            uniqueKeysWithValues: page.filter { $0.count == 4 && $0[0].hasPrefix("`pratique.") }.map {
                (unquoted($0[0]), $0)
            })
        let declared = Self.payloads.map { $0.eventType } + Self.declaredElsewhere
        #expect(Set(rows.keys) == Set(declared))
        for payload in Self.payloads {
            let row = try #require(rows[payload.eventType], "\(payload.eventType) is missing")
            #expect(row[1] == String(payload.schemaVersion), "\(payload.eventType)")
            #expect(unquoted(row[2]) == String(describing: payload), "\(payload.eventType)")
        }
    }

    @Test("types are unique")
    func unique() {
        #expect(Set(Self.payloads.map { $0.eventType }).count == Self.payloads.count)
    }

    private func unquoted(_ cell: String) -> String { cell.replacing("`", with: "") }

    private func words(of kind: Topic.Kind) -> (kind: String, kept: String) {
        switch kind {
        case .state: ("state", "")
        case .journal(let keep): ("journal", "\(keep.components.seconds / 86_400) days")
        case .work(let keep): ("work", "\(keep.components.seconds / 86_400) days")
        }
    }
}
