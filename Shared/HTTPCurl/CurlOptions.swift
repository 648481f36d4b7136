import CCurl
import HTTPPort

/// Sets an easy handle up for one transfer and owns what libcurl only borrows.
final class CurlOptions {
    private let easy: UnsafeMutableRawPointer
    private var headers: UnsafeMutablePointer<curl_slist>?
    private var firstFailure: CURLcode?

    init(_ easy: UnsafeMutableRawPointer, errorText: UnsafeMutablePointer<CChar>) {
        self.easy = easy
        // Forgets the last transfer's options, keeps connections and sessions.
        curl_easy_reset(easy)
        errorText.update(repeating: 0, count: CurlSession.errorBytes)
        set(CURLOPT_ERRORBUFFER, errorText)
    }

    /// After the transfer.
    func free() {
        curl_easy_reset(easy)
        curl_slist_free_all(headers)
    }

    /// - Throws: `badRequest` where this libcurl cannot do what is asked (a missing file shows only when it connects).
    func apply(_ transfer: CurlTransfer, _ context: UnsafeMutableRawPointer) throws {
        let request = transfer.job.request
        set(CURLOPT_URL, transfer.url.description)
        set(CURLOPT_PROTOCOLS_STR, "http,https")
        set(CURLOPT_PATH_AS_IS, 1)
        set(CURLOPT_NOSIGNAL, 1)
        set(CURLOPT_FOLLOWLOCATION, 0)
        set(CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_2TLS))
        // A matter of speed only, so a refusal is no failure: after a name that was not found libcurl 7.88 still has
        // that transfer's buffer in the handle, and takes no other size.
        _ = pratique_curl_set_long(easy, CURLOPT_BUFFERSIZE, 256 << 10)
        set(CURLOPT_TCP_KEEPALIVE, 1)
        // A cancelled or timed-out transfer does not wait for a hanging name server.
        set(CURLOPT_QUICK_EXIT, 1)
        let connect = request.limits.connect.components
        set(
            CURLOPT_CONNECTTIMEOUT_MS,
            max(1, Int(connect.seconds) * 1000 + Int(connect.attoseconds / 1_000_000_000_000_000)))
        applyMethod(transfer.method, request)
        applyHeaders(transfer)
        applyTLS(request.tls, isOwnOrigin: transfer.url.origin == request.url.origin)
        // Both are always set: unset, libcurl would read the environment.
        set(CURLOPT_PROXY, transfer.proxy ?? "")
        set(CURLOPT_NOPROXY, "")
        set(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1)
        note(pratique_curl_set_data_callback(easy, CURLOPT_HEADERFUNCTION, curlReceivesHeader))
        set(CURLOPT_HEADERDATA, context)
        note(pratique_curl_set_data_callback(easy, CURLOPT_WRITEFUNCTION, curlReceivesBody))
        set(CURLOPT_WRITEDATA, context)
        note(pratique_curl_set_open_socket(easy, curlOpensSocket))
        set(CURLOPT_OPENSOCKETDATA, context)
        if let firstFailure {
            throw HTTPTransportError.badRequest(reason: String(cString: curl_easy_strerror(firstFailure)))
        }
    }

    private func applyMethod(_ method: OutboundRequest.Method, _ request: OutboundRequest) {
        switch method {
        case .get: set(CURLOPT_HTTPGET, 1)
        case .head: set(CURLOPT_NOBODY, 1)
        case .post, .put, .patch, .delete:
            set(CURLOPT_POST, 1)
            note(pratique_curl_set_size(easy, CURLOPT_POSTFIELDSIZE_LARGE, curl_off_t(request.body.count)))
            // COPYPOSTFIELDS reads the size that was set before it.
            request.body.withUnsafeBytes { bytes in
                if let base = bytes.baseAddress {
                    set(CURLOPT_COPYPOSTFIELDS, base)
                } else {
                    set(CURLOPT_COPYPOSTFIELDS, "")
                }
            }
            if method != .post { set(CURLOPT_CUSTOMREQUEST, method.rawValue) }
        }
    }

    private func applyHeaders(_ transfer: CurlTransfer) {
        var fields = transfer.job.request.headers
        if fields["Accept-Encoding"] == nil { fields.add("Accept-Encoding", "identity") }
        if let credential = transfer.job.request.credential, credential.origin == transfer.url.origin {
            for field in credential.headers { fields.add(field.name, field.value) }
        }
        for field in fields {
            // A header without a value is written with a semicolon, else libcurl would remove it.
            headers = curl_slist_append(
                headers, field.value.isEmpty ? field.name + ";" : "\(field.name): \(field.value)")
        }
        headers = curl_slist_append(headers, "Expect:")
        if fields["Content-Type"] == nil { headers = curl_slist_append(headers, "Content-Type:") }
        set(CURLOPT_HTTPHEADER, UnsafeRawPointer(headers))
    }

    private func applyTLS(_ tls: TLSOptions, isOwnOrigin: Bool) {
        set(CURLOPT_SSLVERSION, Int(CURL_SSLVERSION_TLSv1_2))
        switch tls.verification {
        case .system: break
        case .systemAnd(let path):
            // The file replaces the built-in bundle; the system's folder of authorities stays beside it.
            set(CURLOPT_CAINFO, path)
            set(CURLOPT_CAPATH, "/etc/ssl/certs")
        case .skipped where isOwnOrigin:
            set(CURLOPT_SSL_VERIFYPEER, 0)
            set(CURLOPT_SSL_VERIFYHOST, 0)
        case .skipped: break
        }
        if let pair = tls.clientCertificate, isOwnOrigin {
            set(CURLOPT_SSLCERT, pair.certificatePath)
            set(CURLOPT_SSLKEY, pair.keyPath)
        }
    }

    private func set(_ option: CURLoption, _ value: Int) { note(pratique_curl_set_long(easy, option, value)) }
    private func set(_ option: CURLoption, _ value: String) {
        // libcurl copies strings.
        value.withCString { note(pratique_curl_set_pointer(easy, option, $0)) }
    }
    private func set(_ option: CURLoption, _ value: UnsafeRawPointer?) {
        note(pratique_curl_set_pointer(easy, option, value))
    }

    private func note(_ code: CURLcode) {
        if code != CURLE_OK && firstFailure == nil { firstFailure = code }
    }
}
