import Metrics
import ServiceRuntime
import Testing

@Suite("Metrics")
struct PrometheusMetricsTests {
    private let metrics = PrometheusMetrics(describing: [
        MetricDescription("pratique.scans", .counter, dimensions: ["outcome"], "Scans by outcome.")
    ])

    @Test("are rendered as Prometheus text, sorted, with their help")
    func rendering() {
        Counter(label: "pratique.scans", dimensions: [("outcome", "done")], factory: metrics).increment(by: 2)
        Counter(label: "pratique.scans", dimensions: [("outcome", "failed")], factory: metrics).increment()
        Gauge(label: "pratique.backlog", factory: metrics).record(7)
        #expect(
            metrics.render() == """
                # TYPE pratique_backlog gauge
                pratique_backlog 7
                # HELP pratique_scans_total Scans by outcome.
                # TYPE pratique_scans_total counter
                pratique_scans_total{outcome="done"} 2
                pratique_scans_total{outcome="failed"} 1

                """)
    }

    @Test("count into one series however often the metric is made")
    func same() {
        for _ in 0..<3 { Counter(label: "c", factory: metrics).increment() }
        #expect(metrics.render().contains("c_total 3\n"))
    }

    @Test("of time are histograms in seconds whose buckets add up")
    func timer() {
        let timer = Metrics.Timer(label: "scan.duration", factory: metrics)
        timer.recordMilliseconds(30)
        timer.recordSeconds(20)
        timer.recordSeconds(5_000)
        let text = metrics.render()
        #expect(text.contains("# TYPE scan_duration_seconds histogram\n"))
        #expect(text.contains("scan_duration_seconds_bucket{le=\"0.025\"} 0\n"))
        #expect(text.contains("scan_duration_seconds_bucket{le=\"0.05\"} 1\n"))
        #expect(text.contains("scan_duration_seconds_bucket{le=\"30\"} 2\n"))
        #expect(text.contains("scan_duration_seconds_bucket{le=\"+Inf\"} 3\n"))
        #expect(text.contains("scan_duration_seconds_sum 5020.03\n"))
        #expect(text.contains("scan_duration_seconds_count 3\n"))
    }

    @Test("of sizes are histograms, and their dimensions stand before the bound")
    func recorder() {
        Recorder(label: "layer.bytes", dimensions: [("type", "gzip")], factory: metrics).record(5)
        #expect(metrics.render().contains("layer_bytes_bucket{type=\"gzip\",le=\"16\"} 1\n"))
    }

    @Test("have as many series as allowed; the rest is counted together")
    func overflow() {
        for number in 0..<(PrometheusMetrics.seriesMax + 10) {
            Counter(label: "c", dimensions: [("image", "\(number)")], factory: metrics).increment()
        }
        let lines = metrics.render().split(separator: "\n").filter { $0.hasPrefix("c_total") }
        #expect(lines.count == PrometheusMetrics.seriesMax + 1)
        #expect(lines.contains("c_total{image=\"overflow\"} 10"))
    }

    @Test("escape what a value holds")
    func escaping() {
        Counter(label: "c", dimensions: [("image-name", "a\"b\\c\nd")], factory: metrics).increment()
        #expect(metrics.render().contains(#"c_total{image_name="a\"b\\c\nd"} 1"# + "\n"))
    }

    @Test("of one name and two kinds do not mix")
    func kinds() {
        Gauge(label: "c", factory: metrics).record(5)
        Metrics.Recorder(label: "c", factory: metrics).record(5)
        #expect(metrics.render() == "# TYPE c gauge\nc 5\n")
    }

    @Test("ignore what is not a number")
    func notANumber() {
        let recorder = Recorder(label: "r", factory: metrics)
        recorder.record(Double.nan)
        recorder.record(Double.infinity)
        #expect(metrics.render().contains("r_count 0\n"))
    }
}
