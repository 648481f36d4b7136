import Foundation
package import Metrics
import Synchronization

/// A backend for swift-metrics that keeps numbers in memory and renders them as Prometheus text.
///
/// Counters get the suffix `_total`, timers `_seconds`; recorders and timers are histograms with fixed buckets; meters
/// and gauges are gauges. A metric has at most `seriesMax` sets of dimension values: what comes later is counted in one
/// series whose values are all `overflow`, so a label taken from outside cannot fill the memory.
package final class PrometheusMetrics: MetricsFactory {
    package static let seriesMax = 500
    package static let metricsMax = 1_000

    private let families = Mutex<[String: Family]>([:])
    private let help: Mutex<[String: String]>

    package init(describing descriptions: [MetricDescription] = []) {
        help = Mutex([:])
        describe(descriptions)
    }

    package func describe(_ descriptions: [MetricDescription]) {
        help.withLock { help in
            for item in descriptions { help[Self.sanitized(item.label)] = item.help }
        }
    }

    // MARK: MetricsFactory

    package func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
        series(label, suffix: "_total", .counter, dimensions)
    }

    package func makeFloatingPointCounter(
        label: String, dimensions: [(String, String)]
    ) -> any FloatingPointCounterHandler {
        FloatingCounter(series(label, suffix: "_total", .counter, dimensions))
    }

    package func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
        series(label, suffix: "", .gauge, dimensions)
    }

    package func makeRecorder(
        label: String, dimensions: [(String, String)], aggregate: Bool
    ) -> any RecorderHandler {
        series(label, suffix: "", aggregate ? .histogram(Buckets.sizes) : .gauge, dimensions)
    }

    package func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
        series(label, suffix: "_seconds", .histogram(Buckets.seconds), dimensions)
    }

    // A series lives as long as the process: a counter that vanished and came back would read as a restart.
    package func destroyCounter(_ handler: any CounterHandler) {}
    package func destroyFloatingPointCounter(_ handler: any FloatingPointCounterHandler) {}
    package func destroyMeter(_ handler: any MeterHandler) {}
    package func destroyRecorder(_ handler: any RecorderHandler) {}
    package func destroyTimer(_ handler: any TimerHandler) {}

    // MARK: Series

    private struct Family {
        let kind: Series.Kind
        let helpKey: String
        var series: [String: Series] = [:]
    }

    private func series(
        _ label: String, suffix: String, _ kind: Series.Kind, _ dimensions: [(String, String)]
    ) -> Series {
        let base = Self.sanitized(label)
        let name = base.hasSuffix(suffix) ? base : base + suffix
        return families.withLock { families in
            if families[name] == nil {
                guard families.count < Self.metricsMax else { return Series(kind) }
                families[name] = Family(kind: kind, helpKey: base)
            }
            guard families[name]?.kind.name == kind.name else {
                // Two metrics of one name and two kinds cannot be shown; the second counts for nothing.
                return Series(kind)
            }
            var labels = Self.labels(dimensions)
            if families[name]?.series[labels] == nil, families[name]?.series.count ?? 0 >= Self.seriesMax {
                labels = Self.labels(dimensions.map { ($0.0, "overflow") })
            }
            if let known = families[name]?.series[labels] { return known }
            let new = Series(kind)
            families[name]?.series[labels] = new
            return new
        }
    }

    private static func labels(_ dimensions: [(String, String)]) -> String {
        dimensions
            .map { name, value in
                let text = value.prefix(200).replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
                    .replacing("\n", with: "\\n")
                return "\(sanitized(name).replacing(":", with: "_"))=\"\(text)\""
            }
            .joined(separator: ",")
    }

    /// A name that Prometheus allows: letters, digits, `_` and `:`, not starting with a digit.
    private static func sanitized(_ name: String) -> String {
        let text = String(
            name.map { $0.isASCII && ($0.isLetter || $0.isNumber) || $0 == "_" || $0 == ":" ? $0 : "_" })
        return text.first.map { $0.isNumber ? "_" + text : text } ?? "_"
    }

    // MARK: Rendering

    /// The text exposition format, version 0.0.4. Sorted, so that two renderings of the same numbers are equal.
    package func render() -> String {
        let snapshot = families.withLock { $0 }
        let help = help.withLock { $0 }
        var text = ""
        for (name, family) in snapshot.sorted(by: { $0.key < $1.key }) {
            if let line = help[family.helpKey] {
                text += "# HELP \(name) \(line.replacing("\\", with: "\\\\").replacing("\n", with: "\\n"))\n"
            }
            text += "# TYPE \(name) \(family.kind.name)\n"
            for (labels, series) in family.series.sorted(by: { $0.key < $1.key }) {
                series.render(name, labels, into: &text)
            }
        }
        return text
    }
}
