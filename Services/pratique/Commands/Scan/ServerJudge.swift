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

    /// What the server takes as `?wait=`.
    private static let waitSecondsMax: Int64 = 60
    private static let pause = Duration.seconds(1)

    init(client: APIClient, command: ScanCommand) {
        self.client = client
        name = command.name
        register = command.register.upload
        seconds = command.timeout
    }

    func judge(_ image: ScannedImage) async throws -> [ScanReport] {
        let upload = InventoryUpload(
            image: name ?? image.name, register: register, digest: image.digest, inventories: image.inventories)
        let answer = try await answer(to: upload, ContinuousClock())
        note(answer)
        return answer.report?.platforms ?? []
    }

    /// Uploads and asks until there is a verdict or the time is over. A server that answers at once is not asked at once
    /// again.
    func answer<C: Clock<Duration>>(to upload: InventoryUpload, _ clock: C) async throws -> CandidateAnswer {
        let deadline = clock.now.advanced(by: .seconds(seconds))
        func query() -> [(String, String)] {
            let left = clock.now.duration(to: deadline).components.seconds
            return [("wait", String(max(1, min(Self.waitSecondsMax, left))))]
        }
        var answer = try await client.send(
            .post, "inventories", query: query(), body: upload, wait: .seconds(Self.waitSecondsMax),
            as: CandidateAnswer.self)
        while answer.status == .pending {
            try await clock.sleep(for: Self.pause)
            guard clock.now < deadline else {
                throw CommandFailure(
                    "no verdict for \(answer.name) within \(seconds) s",
                    cause: "the inventory is uploaded; the server has not judged it yet",
                    advice: "raise --timeout, or look at the server's health: its policy-evaluator judges uploads")
            }
            answer = try await client.send(
                .get, "candidates/\(answer.name)@\(answer.digest)", query: query(),
                wait: .seconds(Self.waitSecondsMax), as: CandidateAnswer.self)
        }
        return answer
    }

    private func note(_ answer: CandidateAnswer) {
        switch register {
        case .never: break
        case .always, .compliant:
            Output.note(
                answer.registered
                    ? "registered \(answer.name) for \(answer.digest.short)"
                    : "\(answer.name) was not registered: \(answer.status.rawValue)")
        }
    }
}
