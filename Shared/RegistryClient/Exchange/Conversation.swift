import HTTPPort

/// All host behaviour in one place: authorization, redirects, retries, and what an answer means.
struct Conversation: Sendable {
    let endpoint: RegistryEndpoint
    let transport: any HTTPTransport
    let authenticator: Authenticator
    let clock: PassedClock
    let retry: RetryPolicy
    let limits: RegistryLimits
    let random: @Sendable () -> any RandomNumberGenerator

    /// Sends a call and keeps its body.
    func collect(_ call: Call) async throws -> CollectedResponse {
        let consumer = CollectingConsumer(bytesMax: call.limits.bodyBytesMax, url: call.url)
        let head = try await send(call, into: consumer)
        return CollectedResponse(head: head, body: consumer.bytes)
    }

    /// Sends a call until it succeeds, fails for good, or the tries are used up.
    func send(_ call: Call, into consumer: any AnswerConsumer) async throws -> ResponseHead {
        for attempt in 1...retry.attemptsMax {
            let failure: RegistryError
            do {
                let answer = try await authorized(call, into: consumer)
                if answer.head.isSuccess { return answer.head }
                failure = await meaning(of: answer, to: call)
            } catch let error as HTTPTransportError {
                failure = RegistryError(error, at: endpoint, subject: call.subject)
            } catch let error as RegistryError {
                failure = error
            }
            // Asking for the rest of what is all there would get 416.
            if failure.isTransient, let head = consumer.complete { return head }
            guard failure.isTransient, attempt < retry.attemptsMax else { throw failure }
            if let wait = failure.retryAfter, wait > retry.retryAfterMax { throw failure }
            var generator = random()
            let delay = retry.nextDelay(after: attempt, using: &generator)
            try await clock.sleep(max(failure.retryAfter ?? .zero, delay))
        }
        preconditionFailure("a retry policy has at least one attempt")
    }

    /// One try: with what we know, then once more with the answer to a fresh challenge.
    private func authorized(_ call: Call, into consumer: any AnswerConsumer) async throws -> Answer {
        let first = try await authenticator.authorization(for: call)
        let answer = try await transmit(call, first, into: consumer)
        guard answer.head.status == 401, answer.head.url.origin == endpoint.origin else { return answer }
        var challenges = Challenge.parse(answer.head.headers.all("www-authenticate"))
        if challenges.isEmpty, call.subject != .api { challenges = try await probe() }
        guard let second = try await authenticator.answer(challenges, for: call, refused: first) else { return answer }
        let again = try await transmit(call, second, into: consumer)
        if again.head.status == 401 { await authenticator.wasRefused(second) }
        return again
    }

    /// Some registries send a challenge only for `/v2/` (gcr.io did).
    private func probe() async throws -> [Challenge] {
        let call = Call(.get, endpoint.api(""), subject: .api, scopes: [], limits: limits.small)
        let answer = try await transmit(
            call, nil, into: CollectingConsumer(bytesMax: limits.pageBytesMax, url: call.url))
        guard answer.head.status == 401 else { return [] }
        return Challenge.parse(answer.head.headers.all("www-authenticate"))
    }

    private func transmit(
        _ call: Call, _ authorization: Authorization?, into consumer: any AnswerConsumer
    ) async throws -> Answer {
        var headers = call.headers
        for field in consumer.nextTry() { headers.add(field.name, field.value) }
        headers["User-Agent"] = "pratique"
        let request = OutboundRequest(
            call.method, call.url, headers: headers, credential: authorization?.credential, limits: call.limits,
            allowsPlainHTTP: endpoint.allowsPlainHTTP, tls: endpoint.tls)
        let sink = AnswerSink(consumer: consumer, errorBytesMax: limits.errorBytesMax)
        let head = try await transport.send(request, into: sink)
        return Answer(head: head, errorBody: sink.errorBody)
    }

    /// What an unsuccessful answer means.
    private func meaning(of answer: Answer, to call: Call) async -> RegistryError {
        let report = ErrorReport(answer, secrets: await authenticator.knownSecrets)
        return report.error(registry: endpoint, subject: call.subject, unixNow: clock.unixNow())
    }
}

extension RetryPolicy {
    /// `delay(after:using:)` with a generator of unknown type.
    func nextDelay(after attempt: Int, using generator: inout any RandomNumberGenerator) -> Duration {
        delay(after: attempt, using: &generator)
    }
}

extension RegistryError {
    /// What a failure of the transport means here.
    init(_ error: HTTPTransportError, at endpoint: RegistryEndpoint, subject: Subject) {
        let fault = Fault(registry: endpoint.description, subject: subject.description, detail: error.description)
        switch error {
        case .nameNotResolved, .unreachable, .timedOut, .brokenProtocol, .overloaded, .closed:
            self = .unreachable(fault)
        case .truncated(_, let received): self = .truncated(fault, received: received)
        case .bodyTooLarge(_, let limit): self = .tooLarge(fault, limitBytes: limit)
        case .badURL, .badRequest, .headersTooLarge, .tooManyRedirects: self = .badAnswer(fault)
        case .plainHTTPRefused, .addressRefused, .untrustedTLS, .redirectRefused: self = .refusedByPolicy(fault)
        }
    }
}
