import Composition
import ScannerService
import ServiceRuntime
import Testing
import WebhookGatewayService

/// Holds `docs/reference/configuration.md` to the settings that the processes read.
@Suite("The reference of settings")
struct ConfigurationReferenceTests {
    /// Who reads settings, by the page's headings.
    private static let readers: [(title: String, read: @Sendable (inout Settings) -> Void)] = [
        (
            "Every process",
            {
                $0.readFile()
                _ = RuntimeConfiguration(from: &$0)
            }
        ),
        ("Data, keys and network", { _ = CompositionConfiguration(from: &$0) }),
        ("Kafka", { _ = KafkaSettings.read(from: &$0) }),
        ("webhook-gateway", { _ = GatewayConfiguration(from: &$0) }),
        ("scanner", { _ = ScannerConfiguration(from: &$0) }),
    ]

    private let page: ReferencePage

    init() throws { page = try ReferencePage("docs/reference/configuration.md") }

    @Test("each setting is there, with its variable, type and default", arguments: readers.indices)
    func settings(_ index: Int) throws {
        let reader = Self.readers[index]
        var settings = Settings()
        reader.read(&settings)
        #expect(!settings.entries.isEmpty)
        let section = try #require(page.section(reader.title), "no heading \(reader.title)")
        let rows = ReferencePage.rows(in: section)
        // Those of Kafka, which the composition reads, have a heading of their own.
        let entries = settings.entries.filter { reader.title == "Kafka" || !$0.key.hasPrefix("kafka.") }
        #expect(rows.map { $0[0] } == entries.map(\.key))
        for (row, entry) in zip(rows, entries) {
            try #require(row.count == 5, "\(entry.key)")
            #expect(row[1] == entry.variable)
            #expect(row[2] == entry.type)
            #expect(row[3] == entry.defaultText)
            #expect(!row[4].isEmpty)
            #expect(entry.isSecret == row[4].hasPrefix("Secret."), "\(entry.key): a secret is called one")
        }
    }

    @Test("no setting is listed that nothing reads")
    func stale() {
        var settings = Settings()
        for reader in Self.readers { reader.read(&settings) }
        let keys = Set(settings.entries.map(\.key))
        let listed = page.rows.filter { $0.count == 5 && $0[1].hasPrefix("PRATIQUE_") }.map { $0[0] }
        #expect(Set(listed) == keys)
    }
}
