import HTTPTypes
import TestSupport
import Testing

@testable import WebhookGatewayService

@Suite struct AdmissionTests {
    @Test("beyond the limit the next one is refused, until somebody leaves, also by an error")
    func limit() async throws {
        struct Failed: Error {}
        let admission = Admission(max: 2)
        try await admission.admit {
            await #expect(throws: Failed.self) { try await admission.admit { throw Failed() } }
            try await admission.admit {
                let refusal = await #expect(throws: ProblemError.self) { try await admission.admit {} }
                #expect(refusal?.status == .serviceUnavailable)
                #expect(refusal?.headers[.retryAfter] != nil)
            }
        }
        #expect(try await admission.admit { 7 } == 7)
    }
}
