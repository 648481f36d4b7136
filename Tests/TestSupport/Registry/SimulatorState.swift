import Foundation
import Synchronization

/// The registry behind the server: content, and how each request is answered.
final class SimulatorState: Sendable {
    typealias Request = ScriptedServer.Request
    typealias Response = ScriptedServer.Response

    let authentication: RegistrySimulator.Authentication
    let quirks: RegistrySimulator.Quirks
    let content = Mutex(RegistrySimulator.Content())

    init(_ authentication: RegistrySimulator.Authentication, _ quirks: RegistrySimulator.Quirks) {
        self.authentication = authentication
        self.quirks = quirks
    }

    func answer(_ request: Request) -> Response {
        let name = "\(request.method) \(request.path)"
        let scripted = content.withLock { content -> Response? in
            guard let first = content.scripts[name]?.first else { return nil }
            content.scripts[name]?.removeFirst()
            return first
        }
        if let scripted { return scripted }
        if request.path == "/token" { return token(request) }
        if let refusal = refusal(request) { return refusal }
        return api(request)
    }

    static func error(_ status: Int, _ code: String, headers: [(name: String, value: String)] = []) -> Response {
        .json(
            status, "{\"errors\":[{\"code\":\"\(code)\",\"message\":\"\(code.lowercased())\",\"detail\":null}]}",
            headers: headers)
    }

    // MARK: Authentication

    private func refusal(_ request: Request) -> Response? {
        switch authentication {
        case .none: return nil
        case .basic(let user, let secret):
            if request.header("Authorization") == Self.basic(user, secret) { return nil }
            return Self.error(401, "UNAUTHORIZED", headers: [("WWW-Authenticate", "Basic realm=\"test\"")])
        case .bearer:
            let token = request.header("Authorization")?.split(separator: " ").last.map(String.init)
            if let token, content.withLock({ $0.tokens.contains(token) }) { return nil }
            let host = request.header("Host") ?? ""
            let challenge =
                "Bearer realm=\"http://\(host)/token\",service=\"test\""
                + (Self.scope(request.path).map { ",scope=\"\($0)\"" } ?? "")
            return Self.error(401, "UNAUTHORIZED", headers: [("WWW-Authenticate", challenge)])
        }
    }

    private static func scope(_ path: String) -> String? {
        if path == "/v2/_catalog" { return "registry:catalog:*" }
        let parts = path.split(separator: "/").dropFirst()
        return parts.count < 3 ? nil : "repository:\(parts.dropLast(2).joined(separator: "/")):pull"
    }

    private func token(_ request: Request) -> Response {
        guard case .bearer(let user, let secret, let identityToken, let expiresIn) = authentication else {
            return Response(404)
        }
        if request.method == "POST" {
            guard let identityToken else { return Response(405) }
            let form = String(decoding: request.body, as: UTF8.self)
            guard form.contains("refresh_token=\(identityToken)") else { return Self.error(401, "UNAUTHORIZED") }
        } else if let user {
            guard request.header("Authorization") == Self.basic(user, secret) else {
                return Self.error(401, "UNAUTHORIZED")
            }
        }
        let value = content.withLock { content in
            content.tokensIssued += 1
            let value = "token-\(content.tokensIssued)"
            content.tokens.insert(value)
            return value
        }
        return .json(200, "{\"\(quirks.tokenName)\":\"\(value)\"\(expiresIn.map { ",\"expires_in\":\($0)" } ?? "")}")
    }

    private static func basic(_ user: String, _ secret: String) -> String {
        "Basic " + Data("\(user):\(secret)".utf8).base64EncodedString()
    }

    // MARK: API

    private func api(_ request: Request) -> Response {
        if request.path == "/v2/" { return .json(200, "{}") }
        if request.path == "/v2/_catalog" {
            let names = content.withLock { Set($0.manifests.keys).union($0.tags.keys).sorted() }
            return page(names, member: "repositories", request)
        }
        let parts = request.path.split(separator: "/").dropFirst().map(String.init)
        guard parts.count >= 3, let last = parts.last else { return Self.error(404, "NAME_UNKNOWN") }
        let repository = parts.dropLast(2).joined(separator: "/")
        switch parts[parts.count - 2] {
        case "tags":
            guard let tags = content.withLock({ $0.tags[repository]?.keys.sorted() }) else {
                return Self.error(404, "NAME_UNKNOWN")
            }
            return page(tags, member: "tags", request)
        case "manifests": return manifest(repository, last, request)
        case "blobs": return blob(last, request)
        default: return Self.error(404, "NAME_UNKNOWN")
        }
    }

    private func page(_ names: [String], member: String, _ request: Request) -> Response {
        var rest = names[...]
        if let last = request.query("last"), !quirks.ignoresLast { rest = rest.drop { $0 <= last } }
        guard let text = request.query("n"), let size = Int(text) else { return list(Array(rest), member) }
        guard size <= quirks.pageSizeMax else { return Self.error(400, "PAGINATION_NUMBER_INVALID") }
        let page = Array(rest.prefix(size))
        guard quirks.sendsLink, page.count < rest.count, let last = page.last else { return list(page, member) }
        let link = "<\(request.path)?n=\(size)&last=\(last)>; rel=\"next\""
        return list(page, member, headers: [("Link", link)])
    }

    private func list(_ names: [String], _ member: String, headers: [(name: String, value: String)] = []) -> Response {
        let body = (try? JSONEncoder().encode([member: names])) ?? Data()
        return .json(200, String(decoding: body, as: UTF8.self), headers: headers)
    }

    private func manifest(_ repository: String, _ reference: String, _ request: Request) -> Response {
        guard request.method != "HEAD" || quirks.answersHead else { return Response(405) }
        let found = content.withLock { content -> (String, [UInt8], String)? in
            let digest = content.tags[repository]?[reference] ?? reference
            return content.manifests[repository]?[digest].map { (digest, $0.bytes, $0.type) }
        }
        guard let (digest, bytes, type) = found else { return Self.error(404, "MANIFEST_UNKNOWN") }
        var headers = [(name: "Content-Type", value: type)]
        if quirks.sendsDigestHeader { headers.append(("Docker-Content-Digest", digest)) }
        return Response(200, headers: headers, body: bytes)
    }

    private func blob(_ digest: String, _ request: Request) -> Response {
        guard let bytes = content.withLock({ $0.blobs[digest] }) else { return Self.error(404, "BLOB_UNKNOWN") }
        let type = [(name: "Content-Type", value: "application/octet-stream")]
        guard let range = request.header("Range"), let start = Int(range.dropFirst("bytes=".count).dropLast())
        else { return Response(200, headers: type, body: bytes) }
        guard start < bytes.count else {
            return Response(416, headers: [(name: "Content-Range", value: "bytes */\(bytes.count)")])
        }
        let part = [(name: "Content-Range", value: "bytes \(start)-\(bytes.count - 1)/\(bytes.count)")]
        return Response(206, headers: type + part, body: Array(bytes[start...]))
    }
}
