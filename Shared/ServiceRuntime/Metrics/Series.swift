import Metrics
import Synchronization

/// The fixed upper bounds of histograms.
enum Buckets {
    static let seconds: [Double] = [
        0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 900,
    ]
    /// Powers of four up to 4 GiB: for counts and for bytes.
    static let sizes: [Double] = (0...16).map { Double(1 << (2 * $0)) }
}

/// The numbers of one metric and one set of dimension values.
final class Series: CounterHandler, MeterHandler, RecorderHandler, TimerHandler {
    enum Kind {
        case counter
        case gauge
        case histogram([Double])

        var name: String {
            switch self {
            case .counter: "counter"
            case .gauge: "gauge"
            case .histogram: "histogram"
            }
        }
    }

    private struct State {
        /// A counter's or gauge's value, a histogram's sum.
        var value = 0.0
        var count: UInt64 = 0
        /// Per bucket, not yet added up.
        var buckets: [UInt64]
    }

    private let kind: Kind
    private let state: Mutex<State>

    init(_ kind: Kind) {
        self.kind = kind
        switch kind {
        case .histogram(let bounds): state = Mutex(State(buckets: Array(repeating: 0, count: bounds.count)))
        case .counter, .gauge: state = Mutex(State(buckets: []))
        }
    }

    // MARK: Counter

    func increment(by amount: Int64) { add(Double(amount)) }
    func reset() { state.withLock { $0.value = 0 } }

    // MARK: Meter

    func set(_ value: Int64) { set(Double(value)) }
    func set(_ value: Double) { state.withLock { $0.value = value } }
    func increment(by amount: Double) { add(amount) }
    func decrement(by amount: Double) { add(-amount) }

    // MARK: Recorder and timer

    func record(_ value: Int64) { record(Double(value)) }

    func record(_ value: Double) {
        guard case .histogram(let bounds) = kind else { return set(value) }
        guard value.isFinite else { return }
        state.withLock { state in
            state.value += value
            state.count += 1
            if let bucket = bounds.firstIndex(where: { value <= $0 }) { state.buckets[bucket] += 1 }
        }
    }

    func recordNanoseconds(_ duration: Int64) { record(Double(duration) / 1e9) }

    private func add(_ amount: Double) {
        guard amount.isFinite else { return }
        state.withLock { $0.value += amount }
    }

    // MARK: Rendering

    func render(_ name: String, _ labels: String, into text: inout String) {
        let state = state.withLock { $0 }
        let braces = labels.isEmpty ? "" : "{\(labels)}"
        guard case .histogram(let bounds) = kind else {
            text += "\(name)\(braces) \(Self.number(state.value))\n"
            return
        }
        let more = labels.isEmpty ? "" : labels + ","
        var below: UInt64 = 0
        for (bound, count) in zip(bounds, state.buckets) {
            below += count
            text += "\(name)_bucket{\(more)le=\"\(Self.number(bound))\"} \(below)\n"
        }
        text += "\(name)_bucket{\(more)le=\"+Inf\"} \(state.count)\n"
        text += "\(name)_sum\(braces) \(Self.number(state.value))\n"
        text += "\(name)_count\(braces) \(state.count)\n"
    }

    private static func number(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
        return Int64(exactly: value).map(String.init) ?? "\(value)"
    }
}

/// A counter of fractions, over the same series.
final class FloatingCounter: FloatingPointCounterHandler {
    private let series: Series

    init(_ series: Series) { self.series = series }
    func increment(by amount: Double) { series.increment(by: amount) }
    func reset() { series.reset() }
}
