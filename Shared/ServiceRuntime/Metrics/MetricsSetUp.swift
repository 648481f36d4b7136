import Metrics
import Synchronization

extension PrometheusMetrics {
    private static let isSetUp = Mutex(false)

    /// The numbers of this process.
    package static let shared = PrometheusMetrics()

    /// Makes swift-metrics count into `shared`. Only the first call has an effect.
    package static func setUp() {
        let first = isSetUp.withLock { done in
            defer { done = true }
            return !done
        }
        if first { MetricsSystem.bootstrap(shared) }
    }
}
