import HTTPPort

/// One request to the registry's API, before authorization and retries.
struct Call: Sendable {
    var method: OutboundRequest.Method
    var url: WebURL
    var headers: HeaderList
    var subject: Subject
    /// The scopes a token needs, most specific first (some registries look only at the first).
    var scopes: [String]
    var limits: RequestLimits

    init(
        _ method: OutboundRequest.Method, _ url: WebURL, headers: HeaderList = [], subject: Subject, scopes: [String],
        limits: RequestLimits
    ) {
        self.method = method
        self.url = url
        self.headers = headers
        self.subject = subject
        self.scopes = scopes
        self.limits = limits
    }
}

/// Takes the successful answer to a call; other answers never reach it.
protocol AnswerConsumer: AnyObject, Sendable {
    /// Called before each try: headers to add, such as `Range` after a part has come.
    func nextTry() -> HeaderList
    /// The head of the answer once the consumer has all of it, so that a transfer which then fails is not repeated.
    var complete: ResponseHead? { get }
    func receive(head: ResponseHead) throws
    func receive(_ bytes: UnsafeRawBufferPointer) throws
}

extension AnswerConsumer {
    var complete: ResponseHead? { nil }
}

/// An answer: the consumer took it, or it is an error with its (capped) body.
struct Answer: Sendable {
    var head: ResponseHead
    var errorBody: [UInt8]
}
