import Logging
import Model
import ServiceLifecycle
import ServiceRuntime
import Synchronization
import Testing

/// A real operator listener on a port that the system chose, asked by the real probe.
@Suite("A running process", .serialized)
struct ServiceRunnerIntegrationTests {
    private struct Worker: Service {
        let part: Readiness.Part
        let stopped: Mutex<[String]>.Reference
        let name: String

        func run() async throws {
            part.ready()
            try? await gracefulShutdown()
            stopped.append(name)
        }
    }

    private struct Quitter: Service {
        func run() async throws {}
    }

    private let runtime = Runtime(
        name: "scanner", logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }, metrics: PrometheusMetrics())
    private let configuration = RuntimeConfiguration(operatorAddress: ListenAddress(host: "127.0.0.1", port: 0))

    @Test("answers the probe, then stops its services in reverse order", .timeLimit(.minutes(1)))
    func runsAndStops() async throws {
        let (ports, port) = AsyncStream<Int>.makeStream()
        let stopped = Mutex<[String]>.Reference()
        let runner = ServiceRunner(runtime, configuration: configuration, signals: []) { port.yield($0) }
        let group = runner.group([
            Worker(part: runtime.readiness.part("first"), stopped: stopped, name: "first"),
            Worker(part: runtime.readiness.part("second"), stopped: stopped, name: "second"),
        ])
        async let running: Void = runner.run(group)
        var iterator = ports.makeAsyncIterator()
        let bound = await iterator.next()
        let address = ListenAddress(host: "0.0.0.0", port: try #require(bound))
        let probe = HealthProbe(address: address)
        let health = try await probe.ask(.health)
        #expect(health.status == 200)
        #expect(health.body == #"{"status":"ok"}"#)
        while try await probe.ask(.ready).status != 200 { await Task.yield() }
        await group.triggerGracefulShutdown()
        try await running
        #expect(stopped.all == ["second", "first"])
        #expect(runtime.readiness.report.isStopping)
        await #expect(throws: HealthProbeError.self) { try await probe.ask(.health) }
    }

    @Test("ends with an error when a service returns on its own", .timeLimit(.minutes(1)))
    func endsEarly() async {
        let runner = ServiceRunner(runtime, configuration: configuration, signals: [])
        await #expect(throws: ServiceEndedEarly.self) { try await runner.run([Quitter()]) }
    }

    @Test("says which address is taken", .timeLimit(.minutes(1)))
    func taken() async throws {
        let (ports, port) = AsyncStream<Int>.makeStream()
        let runner = ServiceRunner(runtime, configuration: configuration, signals: []) { port.yield($0) }
        let group = runner.group([])
        async let running: Void = runner.run(group)
        var iterator = ports.makeAsyncIterator()
        let bound = await iterator.next()
        let address = ListenAddress(host: "127.0.0.1", port: try #require(bound))
        let second = ServiceRunner(
            Runtime(name: "second", logger: runtime.logger, metrics: PrometheusMetrics()),
            configuration: RuntimeConfiguration(operatorAddress: address), signals: [])
        let error = await #expect(throws: ListenError.self) { try await second.run([]) }
        #expect(error?.summary == "cannot listen on \(address) (operator)")
        await group.triggerGracefulShutdown()
        try await running
    }
}

extension Mutex where Value == [String] {
    /// A list that several tasks append to.
    final class Reference: Sendable {
        private let names = Mutex([])

        func append(_ name: String) { names.withLock { $0.append(name) } }
        var all: [String] { names.withLock { $0 } }
    }
}
