import EventLogPort
import Events
import Foundation
import HTTPPort
import Model
import TestSupport
import Testing

@testable import WebhookGatewayService

@Suite struct UnkindLogIntegrationTests {
    @Test("over an unkind log every accepted webhook is in it, and configuration is read back")
    func unkind() async throws {
        try await Gateway.run(wrap: { UnkindEventLog($0) }) { gateway in
            // A wish may be refused while the log is unkind; its sender asks again.
            try await eventually("the registry is there", within: .seconds(60)) {
                let body = #"{"name":"demo","url":"https://r.example.com","webhook":{"header":"X-A","value":"hook"}}"#
                return [201, 409].contains(try await gateway.call(.post, "registries", body).status)
            }
            try await eventually("the registry is known", within: .seconds(60)) {
                try await gateway.call(.get, "registries/demo").status == 200
            }
            var accepted: Set<String> = []
            for number in 0..<60 {
                let answer = try await gateway.webhook(
                    "demo", Array("{\"n\":\(number)}".utf8), secret: "hook", header: "X-A")
                if answer.status == 202 { accepted.insert(try answer.json([String: String].self)["delivery"] ?? "") }
            }
            #expect(accepted.count == 60)
            let wanted = accepted
            try await eventually("all are in the log", within: .seconds(60)) {
                wanted.isSubset(of: Set(try await gateway.records(Topics.webhookDeliveries).map(\.key)))
            }
        }
    }
}
