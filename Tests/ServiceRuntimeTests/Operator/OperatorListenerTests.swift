import Foundation
import Hummingbird
import HummingbirdTesting
import Metrics
import ServiceRuntime
import Testing

@Suite("The operator's listener")
struct OperatorListenerTests {
    private let readiness = Readiness()
    private let metrics = PrometheusMetrics()

    private func get(_ path: String) async throws -> (status: Int, body: String) {
        let router = OperatorListener.router(readiness: readiness, metrics: metrics)
        return try await Application(router: router).test(.router) { client in
            try await client.execute(uri: path, method: .get) { (Int($0.status.code), String(buffer: $0.body)) }
        }
    }

    @Test("answers that the process lives, ready or not")
    func health() async throws {
        _ = readiness.part("log")
        #expect(try await get("/health").status == 200)
    }

    @Test("is not ready before any part is there")
    func empty() async throws {
        #expect(try await get("/ready").status == 503)
    }

    @Test("is ready when all parts are, and says which is not and why")
    func ready() async throws {
        let log = readiness.part("log")
        let view = readiness.part("images", waitingFor: "reading the log")
        log.ready()
        let waiting = try await get("/ready")
        #expect(waiting.status == 503)
        #expect(waiting.body.contains("reading the log"))
        view.ready()
        #expect(try await get("/ready").status == 200)
        log.notReady("the disk is full")
        let broken = try await get("/ready")
        #expect(broken.status == 503)
        #expect(broken.body.contains("the disk is full"))
    }

    @Test("is not ready while stopping")
    func stopping() async throws {
        readiness.part("log").ready()
        readiness.stopping()
        #expect(try await get("/ready").status == 503)
    }

    @Test("shows the metrics")
    func shows() async throws {
        Counter(label: "c", factory: metrics).increment()
        let answer = try await get("/metrics")
        #expect(answer.status == 200)
        #expect(answer.body == "# TYPE c_total counter\nc_total 1\n")
    }
}
