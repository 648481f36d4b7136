import Foundation
import ServiceRuntime
import Testing

/// Holds `docs/reference/metrics.md` to the metrics that the sources make.
@Suite("The reference of metrics")
struct MetricsReferenceTests {
    private struct Made: Hashable {
        let name: String
        let type: String
        let labels: String
    }

    @Test("each metric is there under the name that Prometheus sees, with its type and labels")
    func metrics() throws {
        let page = try ReferencePage("docs/reference/metrics.md")
        let listed = page.rows.filter { $0.count == 4 && $0[0].hasPrefix("pratique_") }
        let documented = listed.map { Made(name: $0[0], type: $0[1], labels: $0[2]) }
        let made = try Set(Self.sources().flatMap(Self.made))
        #expect(made.count >= 8, "metrics are not found in the sources any more")
        #expect(Set(documented).subtracting(made).isEmpty, "documented, but not made")
        #expect(made.subtracting(documented).isEmpty, "made, but not documented")
        #expect(listed.allSatisfy { !$0[3].isEmpty })
    }

    private static func sources() throws -> [String] {
        try ["Shared", "Services"].flatMap { folder in
            let root = ReferencePage.root.appending(path: folder)
            let paths = FileManager.default.enumerator(atPath: root.path)?.compactMap { $0 as? String } ?? []
            return try paths.filter { $0.hasSuffix(".swift") && !$0.hasPrefix("ServiceRuntime/Metrics/") }
                .map { try String(contentsOf: root.appending(path: $0), encoding: .utf8) }
        }
    }

    private static func made(in source: String) -> [Made] {
        // Not `\b`: to Swift's regular expressions `Metrics.Timer` is one word.
        let call =
            /[^A-Za-z](\w*Counter|Timer|Gauge|Meter|Recorder)\(\s*label:\s*"([^"]+)"(?:,\s*dimensions:\s*\[([^\]]*)\])?/
        return source.matches(of: call).compactMap { match in
            let names = (match.3 ?? "").matches(of: /\(\s*"([a-z_]+)"/).map { String($0.1) }
            return seen(String(match.1), String(match.2), names)
        }
    }

    /// What the metrics' backend makes of it.
    private static func seen(_ kind: String, _ label: String, _ names: [String]) -> Made? {
        let metrics = PrometheusMetrics()
        let dimensions = names.map { ($0, "x") }
        switch kind {
        case "Counter", "FloatingPointCounter": _ = metrics.makeCounter(label: label, dimensions: dimensions)
        case "Timer": _ = metrics.makeTimer(label: label, dimensions: dimensions)
        case "Meter": _ = metrics.makeMeter(label: label, dimensions: dimensions)
        // swift-metrics makes a gauge as a recorder that does not aggregate.
        default: _ = metrics.makeRecorder(label: label, dimensions: dimensions, aggregate: kind == "Recorder")
        }
        guard let type = metrics.render().firstMatch(of: /# TYPE (\S+) (\S+)/) else { return nil }
        return Made(name: String(type.1), type: String(type.2), labels: names.joined(separator: ", "))
    }
}
