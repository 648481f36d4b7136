import Foundation
import GatewayAPI
import HTTPPort
import Model
import ServiceRuntime

/// Uploads the inventories and waits for the server's verdict.
struct ServerJudge: ImageJudge {
    private let client: APIClient
    private let name: String?
    private let register: InventoryUpload.Register
    private let seconds: Int

    init(client: APIClient, command: ScanCommand) {
        self.client = client
        name = command.name
        register = command.register.upload
        seconds = command.timeout
    }

    func judge(_ image: ScannedImage) async throws -> [ScanReport] {
        let upload = InventoryUpload(
            image: name ?? image.name, register: register, digest: image.digest, inventories: image.inventories)
        let clock = ContinuousClock()
        let deadline = clock.now.advanced(by: .seconds(seconds))
        var answer = try await client.send(
            .post, "inventories", query: wait(until: deadline, clock), body: upload, wait: .seconds(60),
            as: CandidateAnswer.self)
        while answer.status == .pending {
            guard clock.now < deadline else {
                throw CommandFailure(
                    "no verdict for \(answer.name) within \(seconds) s",
                    advice: "raise --timeout, or look at `pratique images show \(answer.name)` later")
            }
            answer = try await client.send(
                .get, "candidates/\(answer.name)@\(answer.digest)", query: wait(until: deadline, clock),
                wait: .seconds(60),
                as: CandidateAnswer.self)
        }
        switch register {
        case .never: break
        case .always, .compliant:
            Output.note(
                answer.registered
                    ? "registered \(answer.name) for \(answer.digest.short)"
                    : "\(answer.name) was not registered: \(answer.status.rawValue)")
        }
        return answer.report?.platforms ?? []
    }

    private func wait(until deadline: ContinuousClock.Instant, _ clock: ContinuousClock) -> [(String, String)] {
        let left = (deadline - clock.now).components.seconds
        return [("wait", String(max(1, min(60, left))))]
    }
}
