import Synchronization

/// The ports that the listeners got, for whoever asked for port 0 or wants to wait until they are open.
package final class GatewayAddresses: Sendable {
    package struct Ports: Sendable, Hashable {
        package let webhooks: Int
        package let api: Int
    }

    private struct Content {
        var webhooks: Int?
        var api: Int?
        var failure: (any Error)?
        var waiting: [CheckedContinuation<Ports, any Error>] = []

        var answer: Result<Ports, any Error>? {
            if let failure { return .failure(failure) }
            guard let webhooks, let api else { return nil }
            return .success(Ports(webhooks: webhooks, api: api))
        }
    }

    private let content = Mutex(Content())

    package init() {}

    /// Waits until both listeners are open.
    /// - Throws: what ended the service before that.
    package func wait() async throws -> Ports {
        try await withCheckedThrowingContinuation { continuation in
            let answer = content.withLock { content in
                if content.answer == nil { content.waiting.append(continuation) }
                return content.answer
            }
            if let answer { continuation.resume(with: answer) }
        }
    }

    func opened(webhooks port: Int) { change { $0.webhooks = port } }
    func opened(api port: Int) { change { $0.api = port } }
    func ended(_ error: any Error) { change { $0.failure = $0.failure ?? error } }

    private func change(_ body: (inout Content) -> Void) {
        let (answer, waiting) = content.withLock { content in
            body(&content)
            guard content.answer != nil else { return (content.answer, [CheckedContinuation<Ports, any Error>]()) }
            defer { content.waiting = [] }
            return (content.answer, content.waiting)
        }
        guard let answer else { return }
        for continuation in waiting { continuation.resume(with: answer) }
    }
}
