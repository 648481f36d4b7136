import CCurl
import HTTPPort

/// One hop of a job: what libcurl's callbacks write into.
final class CurlTransfer {
    static let redirectBodyBytesMax = 64 << 10
    static let headersMax = 1_000

    let job: CurlJob
    let url: WebURL
    let method: OutboundRequest.Method
    let addresses: AddressPolicy
    var followsRedirects = false
    var proxy: String?

    /// The final (not 1xx) response's head, once it is whole.
    private(set) var head: ResponseHead?
    /// Where to go next, if this is a redirect to follow.
    private(set) var location: String?
    /// When something last came; nil before the request was sent.
    var lastActivity: ContinuousClock.Instant?

    private var status = 0
    private var version = ""
    private var headers: HeaderList = []
    private var headerBytes = 0
    private var bodyBytes: Int64 = 0
    private var failure: (any Error)?
    private var refusedAddress: HTTPTransportError?

    init(_ job: CurlJob, url: WebURL, method: OutboundRequest.Method, addresses: AddressPolicy) {
        self.job = job
        self.url = url
        self.method = method
        self.addresses = addresses
    }

    /// Through a proxy no address of the target is seen, so at least one that is written out is checked.
    func checkAddressLiteral() throws {
        guard let address = IPAddress(url.host) else { return }
        if case .refused(let reason) = addresses.judge(address, host: url.host) {
            throw HTTPTransportError.addressRefused(host: url.host, address: address.description, reason: reason)
        }
    }

    // MARK: Called by libcurl

    /// Whether a connection to an address may be opened. The proxy is the operator's own choice.
    func allows(_ address: IPAddress) -> Bool {
        guard proxy == nil, case .refused(let reason) = addresses.judge(address, host: url.host) else { return true }
        refusedAddress = .addressRefused(host: url.host, address: address.description, reason: reason)
        return false
    }

    /// Takes one header line. False ends the transfer.
    func takeHeader(_ bytes: UnsafeRawBufferPointer) -> Bool {
        lastActivity = .now
        // Trailers come after the body; nothing here reads them.
        guard head == nil else { return true }
        headerBytes += bytes.count
        guard headerBytes <= job.request.limits.headerBytesMax, headers.fields.count < Self.headersMax else {
            return fail(HTTPTransportError.headersTooLarge(url: url, limitBytes: job.request.limits.headerBytesMax))
        }
        let line = String(decoding: bytes, as: UTF8.self).trimmingLineEnd()
        if line.hasPrefix("HTTP/") {
            let words = line.split(separator: " ", maxSplits: 2)
            version = String(words[0].dropFirst(5))
            status = words.count > 1 ? Int(words[1]) ?? 0 : 0
            headers = []
        } else if line.isEmpty {
            return status < 200 && status != 101 ? true : finishHead()
        } else if let colon = line.firstIndex(of: ":") {
            headers.add(String(line[..<colon]), line[line.index(after: colon)...].trimmingBlanks())
        }
        return true
    }

    private func finishHead() -> Bool {
        let head = ResponseHead(status: status, headers: headers, url: url, version: version)
        self.head = head
        if followsRedirects, [301, 302, 303, 307, 308].contains(status), let location = headers["location"] {
            self.location = location
            return true
        }
        let limit = job.request.limits.bodyBytesMax
        if method != .head, let length = head.contentLength, length > limit {
            return fail(HTTPTransportError.bodyTooLarge(url: url, limitBytes: limit))
        }
        do { try job.sink.receive(head: head) } catch { return fail(error) }
        return true
    }

    /// Takes a piece of the body. False ends the transfer.
    func takeBody(_ bytes: UnsafeRawBufferPointer) -> Bool {
        // The sink's own time does not count as a stall.
        defer { lastActivity = .now }
        bodyBytes += Int64(bytes.count)
        if location != nil { return bodyBytes <= Self.redirectBodyBytesMax }
        guard bodyBytes <= job.request.limits.bodyBytesMax else {
            return fail(HTTPTransportError.bodyTooLarge(url: url, limitBytes: job.request.limits.bodyBytesMax))
        }
        guard !job.isCancelled else { return fail(CancellationError()) }
        do { try job.sink.receive(bytes) } catch { return fail(error) }
        return true
    }

    private func fail(_ error: any Error) -> Bool {
        if failure == nil { failure = error }
        return false
    }

    // MARK: After the transfer

    /// - Throws: what the result of libcurl means, unless it is a whole response.
    func judge(_ code: CURLcode, detail: String) throws {
        if let failure { throw failure }
        // The body of a redirect does not matter.
        if code == CURLE_OK || location != nil { return }
        let reason = detail.isEmpty ? String(cString: curl_easy_strerror(code)) : detail
        switch code {
        case CURLE_COULDNT_RESOLVE_HOST: throw HTTPTransportError.nameNotResolved(host: url.host)
        case CURLE_OPERATION_TIMEDOUT:
            throw HTTPTransportError.timedOut(url: url, phase: .connect, after: job.request.limits.connect)
        case CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CERTPROBLEM, CURLE_SSL_CACERT_BADFILE, CURLE_SSL_ISSUER_ERROR,
            CURLE_SSL_PINNEDPUBKEYNOTMATCH, CURLE_SSL_CIPHER, CURLE_USE_SSL_FAILED:
            throw HTTPTransportError.untrustedTLS(host: url.host, reason: reason)
        case CURLE_PARTIAL_FILE: throw HTTPTransportError.truncated(url: url, receivedBytes: bodyBytes)
        case CURLE_RECV_ERROR, CURLE_SEND_ERROR, CURLE_GOT_NOTHING, CURLE_HTTP2, CURLE_HTTP2_STREAM:
            guard head == nil else { throw HTTPTransportError.truncated(url: url, receivedBytes: bodyBytes) }
            throw HTTPTransportError.unreachable(host: url.host, reason: reason)
        case CURLE_COULDNT_CONNECT, CURLE_COULDNT_RESOLVE_PROXY, CURLE_SSL_CONNECT_ERROR, CURLE_PROXY:
            throw refusedAddress ?? HTTPTransportError.unreachable(host: url.host, reason: reason)
        default: throw HTTPTransportError.brokenProtocol(url: url, reason: reason)
        }
    }
}

extension String {
    fileprivate func trimmingLineEnd() -> String {
        var scalars = unicodeScalars
        while let last = scalars.last, last == "\r" || last == "\n" { scalars.removeLast() }
        return String(scalars)
    }
}

extension Substring {
    fileprivate func trimmingBlanks() -> String {
        var scalars = unicodeScalars
        while let first = scalars.first, first == " " || first == "\t" { scalars.removeFirst() }
        while let last = scalars.last, last == " " || last == "\t" { scalars.removeLast() }
        return String(scalars)
    }
}
