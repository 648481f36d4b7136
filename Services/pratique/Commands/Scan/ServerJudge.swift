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

    func judge(_ image: ScannedImage) async throws -> JudgedImage {
        // What is missing is not uploaded, so the server cannot count it: nothing complies without it.
        let register = register == .compliant && !image.missing.isEmpty ? .never : register
        let upload = InventoryUpload(
            image: name ?? image.name, register: register, digest: image.digest, inventories: image.inventories)
        let answer = try await answer(to: upload, ContinuousClock())
        note(answer, isComplete: image.missing.isEmpty)
        return JudgedImage(reports: answer.report?.platforms ?? [], outcome: answer.outcome)
    }

    /// Uploads and asks until there is a verdict or the time is over. A server that answers at once is not asked at
    /// once again.
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

    private func note(_ answer: CandidateAnswer, isComplete: Bool) {
        if register == .never { return }
        if answer.registered { return Output.note("registered \(answer.name) for \(answer.digest.short)") }
        let reason =
            if !isComplete { "a platform that was asked for is missing" } else if answer.status == .compliant {
                "the name was bound to something else meanwhile, or the catalogue has not come to it yet"
            } else { answer.status.rawValue }
        Output.note("\(answer.name) was not registered: \(reason)")
    }
}

extension CandidateAnswer {
    fileprivate var outcome: Verdict.Outcome {
        switch status {
        case .compliant: .compliant
        case .nonCompliant: .nonCompliant
        case .undetermined, .pending, .notPushed, .notFound: .undetermined
        }
    }
}
