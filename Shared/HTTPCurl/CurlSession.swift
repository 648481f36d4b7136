import CCurl
import HTTPPort

/// The handles of one thread. Never leaves it.
final class CurlSession {
    static let errorBytes = Int(CURL_ERROR_SIZE)

    private let configuration: CurlTransport.Configuration
    private let easy: UnsafeMutableRawPointer
    private let multi: UnsafeMutableRawPointer
    private let errorText: UnsafeMutablePointer<CChar>
    private let clock = ContinuousClock()

    init(_ configuration: CurlTransport.Configuration) {
        guard let easy = curl_easy_init(), let multi = curl_multi_init() else {
            preconditionFailure("libcurl has no memory for a handle")
        }
        self.configuration = configuration
        self.easy = easy
        self.multi = multi
        errorText = .allocate(capacity: Self.errorBytes)
        errorText.initialize(repeating: 0, count: Self.errorBytes)
        _ = pratique_curl_multi_set_long(multi, CURLMOPT_MAXCONNECTS, configuration.connectionsMax)
    }

    deinit {
        curl_easy_cleanup(easy)
        curl_multi_cleanup(multi)
        errorText.deallocate()
    }

    /// Runs a job with its redirects.
    func run(_ job: CurlJob) -> Result<ResponseHead, any Error> {
        if job.isCancelled { return .failure(CancellationError()) }
        job.drive(with: multi)
        defer { job.drive(with: nil) }
        return Result { try follow(job) }
    }

    private func follow(_ job: CurlJob) throws -> ResponseHead {
        let request = job.request
        let hopsMax = if case .follow(let most) = request.redirects { most } else { 0 }
        let deadline = request.limits.total.map { clock.now.advanced(by: $0) }
        var url = request.url
        var method = request.method
        for hop in 0...hopsMax {
            let transfer = CurlTransfer(job, url: url, method: method, addresses: configuration.addresses)
            transfer.followsRedirects = request.redirects != .hand
            transfer.proxy = configuration.proxy.proxy(for: url)
            try perform(transfer, deadline: deadline)
            guard let head = transfer.head else {
                throw HTTPTransportError.brokenProtocol(url: url, reason: "no response")
            }
            guard let location = transfer.location else { return head }
            let target = try Self.target(of: location, from: url, request, status: head.status)
            guard hop < hopsMax else { break }
            if head.status == 303 && method != .head { method = .get }
            url = target
        }
        throw HTTPTransportError.tooManyRedirects(url: request.url, limit: hopsMax)
    }

    /// Where a redirect leads, if it may be followed.
    private static func target(
        of location: String, from url: WebURL, _ request: OutboundRequest, status: Int
    ) throws -> WebURL {
        let target: WebURL
        do { target = try url.resolving(location) } catch {
            throw HTTPTransportError.redirectRefused(from: url, to: "another place", reason: error.description)
        }
        func refuse(_ reason: String) -> HTTPTransportError {
            .redirectRefused(from: url, to: target.redacted, reason: reason)
        }
        guard request.method == .get || request.method == .head else {
            throw refuse("only GET and HEAD are repeated elsewhere")
        }
        if target.scheme == .http {
            guard url.scheme == .http else { throw refuse("it leads from HTTPS to plain HTTP") }
            guard request.allowsPlainHTTP else { throw HTTPTransportError.plainHTTPRefused(url: target) }
        }
        return target
    }

    private func perform(_ transfer: CurlTransfer, deadline: ContinuousClock.Instant?) throws {
        try transfer.checkAddressLiteral()
        let context = Unmanaged.passUnretained(transfer).toOpaque()
        let options = CurlOptions(easy, errorText: errorText)
        defer { options.free() }
        try options.apply(transfer, context)
        let added = curl_multi_add_handle(multi, easy)
        guard added == CURLM_OK else {
            throw HTTPTransportError.unreachable(
                host: transfer.url.host, reason: String(cString: curl_multi_strerror(added)))
        }
        defer { curl_multi_remove_handle(multi, easy) }
        let code = try withExtendedLifetime(transfer) { try drive(transfer, deadline: deadline) }
        try transfer.judge(code, detail: String(cString: errorText))
    }

    /// Drives the transfer to its end, its limits or its cancellation.
    private func drive(_ transfer: CurlTransfer, deadline: ContinuousClock.Instant?) throws -> CURLcode {
        var running: Int32 = 1
        while true {
            let status = curl_multi_perform(multi, &running)
            guard status == CURLM_OK else {
                throw HTTPTransportError.unreachable(
                    host: transfer.url.host, reason: String(cString: curl_multi_strerror(status)))
            }
            var code = CURLE_OK
            if pratique_curl_result(multi, &code) == 1 { return code }
            if transfer.job.isCancelled { throw CancellationError() }
            let wait = try remaining(transfer, deadline: deadline)
            curl_multi_poll(multi, nil, 0, Int32(wait), nil)
        }
    }

    /// Milliseconds until the next limit, at most a second.
    private func remaining(_ transfer: CurlTransfer, deadline: ContinuousClock.Instant?) throws -> Int {
        let limits = transfer.job.request.limits
        let now = clock.now
        var next = now.advanced(by: .seconds(1))
        if let deadline, let total = limits.total {
            guard now < deadline else {
                throw HTTPTransportError.timedOut(url: transfer.url, phase: .total, after: total)
            }
            next = min(next, deadline)
        }
        if transfer.lastActivity == nil, pratique_curl_info_size(easy, CURLINFO_PRETRANSFER_TIME_T) > 0 {
            transfer.lastActivity = now
        }
        if let last = transfer.lastActivity {
            let limit = transfer.head == nil ? limits.firstByte : limits.stall
            guard last.duration(to: now) < limit else {
                let phase: HTTPTransportError.Phase = transfer.head == nil ? .firstByte : .stall
                throw HTTPTransportError.timedOut(url: transfer.url, phase: phase, after: limit)
            }
            next = min(next, last.advanced(by: limit))
        }
        let wait = now.duration(to: next).components
        return max(1, Int(wait.seconds) * 1000 + Int(wait.attoseconds / 1_000_000_000_000_000) + 1)
    }
}
