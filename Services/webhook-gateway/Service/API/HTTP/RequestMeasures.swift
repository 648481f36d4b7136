import HTTPTypes
import Metrics
import Synchronization

/// Counters and timers of requests. Routes are templates, so their number is bounded.
final class RequestMeasures: Sendable {
    private struct Key: Hashable {
        let listener: String
        let route: String
        let method: HTTPRequest.Method
        let status: Int
    }

    private struct Series {
        let requests: Counter
        let duration: Metrics.Timer
    }

    private let series = Mutex<[Key: Series]>([:])

    func record(
        listener: String, route: String, method: HTTPRequest.Method, status: HTTPResponse.Status, duration: Duration
    ) {
        let key = Key(listener: listener, route: route, method: Self.known(method), status: status.code)
        let found = series.withLock { series in
            if let found = series[key] { return found }
            let made = Series(
                requests: Counter(
                    label: "pratique.gateway.requests",
                    dimensions: [
                        ("listener", listener), ("route", route), ("method", key.method.rawValue),
                        ("status", String(key.status)),
                    ]),
                duration: Metrics.Timer(
                    label: "pratique.gateway.request.duration", dimensions: [("listener", listener), ("route", route)]))
            series[key] = made
            return made
        }
        found.requests.increment()
        found.duration.recordNanoseconds(Self.nanoseconds(duration))
    }

    /// A client may send any word as method; only the known ones become labels.
    private static func known(_ method: HTTPRequest.Method) -> HTTPRequest.Method {
        let all: [HTTPRequest.Method] = [.get, .head, .post, .put, .delete, .patch, .options]
        return all.contains(method) ? method : .trace
    }

    private static func nanoseconds(_ duration: Duration) -> Int64 {
        duration.components.seconds * 1_000_000_000 + duration.components.attoseconds / 1_000_000_000
    }
}
