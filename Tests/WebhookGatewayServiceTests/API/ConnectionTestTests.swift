import GatewayAPI
import Model
import TestSupport
import Testing

@testable import WebhookGatewayService

@Suite struct ConnectionTestTests {
    @Test("a registry that never answers is told so when the time is over")
    func silent() async throws {
        let clock = ManualClock()
        let registry = Registry(name: try RegistryName("demo"), url: "https://demo.example.com")
        let asking = Task {
            try await ConnectionTest(time: clock.time).answer(for: registry) {
                try await clock.sleep(for: .seconds(3_600))
            }
        }
        try await wait(for: "the limit runs") { clock.sleeperCount == 2 }
        clock.advance(by: .seconds(ConnectionTest.limitSeconds))
        let answer = try await asking.value
        #expect(
            answer
                == .init(
                    reachable: false, authenticated: false, message: "the registry did not answer within 20 s"))
    }
}
