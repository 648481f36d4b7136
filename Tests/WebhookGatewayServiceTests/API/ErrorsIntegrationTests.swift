import Foundation
import GatewayAPI
import HTTPPort
import TestSupport
import Testing

@testable import WebhookGatewayService

/// What is wrong is told as a problem document with the status and the field.
@Suite struct ErrorsIntegrationTests {
    struct Case: Sendable {
        let method: OutboundRequest.Method
        let path: String
        let body: String
        let status: Int
        let field: String?

        init(_ method: OutboundRequest.Method, _ path: String, _ body: String, _ status: Int, _ field: String? = nil) {
            self.method = method
            self.path = path
            self.body = body
            self.status = status
            self.field = field
        }

        init(_ method: OutboundRequest.Method, _ path: String, _ status: Int, _ field: String? = nil) {
            self.init(method, path, "", status, field)
        }
    }

    static let cases: [Case] = [
        Case(.get, "nowhere", 404), Case(.get, "images/demo/app:1/nothing", 404), Case(.get, "images/demo/app:1", 404),
        Case(.get, "images/demo", 400, "name"), Case(.get, "images/Demo/app:1", 400, "name"),
        Case(.put, "images", 405), Case(.delete, "me", 405), Case(.post, "images/demo/app:1/report", 405),
        Case(.get, "images/demo/app:1/rescan", 405), Case(.put, "images/demo/app:1", 405),
        Case(.get, "images?limit=0", 400, "limit"), Case(.get, "images?limit=x", 400, "limit"),
        Case(.get, "images?status=fine", 400, "status"), Case(.get, "images?registry=A", 400, "registry"),
        Case(.get, "images?trash=perhaps", 400, "trash"), Case(.get, "candidates/demo", 400, "name"),
        Case(.get, "candidates/demo/app:1@sha256:00", 404), Case(.get, "replies/none", 404),
        Case(.post, "images", "", 400), Case(.post, "images", "{", 400), Case(.post, "images", "{}", 400, "images"),
        Case(.post, "images", #"{"images":"x"}"#, 400, "images"),
        Case(.post, "images", #"{"images":[]}"#, 422, "images"),
        Case(.post, "images", #"{"images":["demo/app:1","demo/App:1"]}"#, 422, "images[1]"),
        Case(.post, "images", #"{"images":["elsewhere.example.com/app:1"]}"#, 422, "images[0]"),
        Case(.post, "images", #"{"images":[7]}"#, 400, "images[0]"),
        Case(.post, "registries", #"{"url":"https://r.example.com"}"#, 400, "name"),
        Case(.post, "registries", #"{"name":"Bad","url":"https://r.example.com"}"#, 422, "name"),
        Case(.post, "registries", #"{"name":"r","url":"ftp://r.example.com"}"#, 422, "url"),
        Case(.post, "registries", #"{"name":"r","url":"https://user:pw@r.example.com"}"#, 422, "url"),
        Case(.post, "registries", #"{"name":"r","url":"http://r.example.com"}"#, 422, "url"),
        Case(.post, "registries", #"{"name":"r","url":"https://r.example.com/?a=b"}"#, 422, "url"),
        Case(
            .post, "registries", #"{"name":"r","url":"https://r.example.com","platforms":["linux"]}"#, 422,
            "platforms[0]"),
        Case(.post, "registries", #"{"name":"r","url":"https://r.example.com","platforms":[]}"#, 422, "platforms"),
        Case(.post, "registries", #"{"name":"r","url":"https://r.example.com","pool":"a/b"}"#, 422, "pool"),
        Case(.post, "registries", #"{"name":"r","url":"https://r.example.com","aliases":["-x"]}"#, 422, "aliases[0]"),
        Case(
            .post, "registries",
            #"{"name":"r","url":"https://r.example.com","rescan":{"at":"25:00","timeZone":"UTC"}}"#, 422, "rescan.at"),
        Case(
            .post, "registries",
            #"{"name":"r","url":"https://r.example.com","rescan":{"at":"05:00","timeZone":"Mars"}}"#, 422,
            "rescan.timeZone"),
        Case(
            .post, "registries", #"{"name":"r","url":"https://r.example.com","webhook":{"header":"a b","value":"x"}}"#,
            422, "webhook.header"),
        Case(
            .post, "registries", #"{"name":"r","url":"https://r.example.com","webhook":{"header":"X-A"}}"#, 422,
            "webhook.value"),
        Case(
            .post, "registries", #"{"name":"r","url":"https://r.example.com","credential":{"username":"u"}}"#, 422,
            "credential.password"),
        Case(
            .post, "registries",
            #"{"name":"r","url":"https://r.example.com","credential":{"username":"u","reference":"ftp:x"}}"#, 422,
            "credential.reference"),
        Case(
            .post, "registries",
            #"{"name":"r","url":"https://r.example.com","credential":{"username":"a:b","password":"x"}}"#, 422,
            "credential"),
        Case(.post, "registries", #"{"name":"r","url":"https://r.example.com","caFile":"x.pem"}"#, 422, "caFile"),
        Case(
            .post, "registries", #"{"name":"r","url":"https://r.example.com","clientCertificateFile":"/c.pem"}"#, 422,
            "clientKeyFile"),
        Case(
            .post, "registries", #"{"name":"r","url":"https://r.example.com","clientKeyFile":"key.pem"}"#, 422,
            "clientKeyFile"),
        Case(.post, "registries", #"{"name":"demo","url":"https://r.example.com"}"#, 409),
        Case(.put, "registries/demo", #"{"name":"other","url":"https://r.example.com"}"#, 422, "name"),
        Case(.get, "registries/none", 404), Case(.delete, "registries/none", 404),
        Case(.post, "registries/none/test", 404),
        Case(.post, "policies", #"{"id":"p","name":"","controls":[{"type":"not-root"}]}"#, 422, "name"),
        Case(.post, "policies", #"{"id":"p","name":"n","controls":[]}"#, 422, "controls"),
        Case(.post, "policies", #"{"id":"p","name":"n","controls":[{"type":"magic"}]}"#, 400, "controls[0].type"),
        Case(
            .post, "policies", #"{"id":"p","name":"n","controls":[{"type":"maximum-severity","severity":"unknown"}]}"#,
            422, "controls[0].severity"),
        Case(
            .post, "policies", #"{"id":"p","name":"n","controls":[{"type":"blocked-advisories","ids":[""]}]}"#, 422,
            "controls[0].ids[0]"),
        Case(.post, "policies", #"{"id":"P","name":"n","controls":[{"type":"not-root"}]}"#, 422, "id"),
        Case(.get, "policies/none", 404), Case(.get, "policies/none/versions", 404),
        Case(.delete, "policies/none", 404),
        Case(.post, "tokens", #"{"name":"t","role":"king"}"#, 422, "role"),
        Case(.post, "tokens", #"{"name":"","role":"ci"}"#, 422, "name"),
        Case(.post, "tokens", #"{"name":"t","role":"ci","expiresInDays":0}"#, 422, "expiresInDays"),
        Case(.delete, "tokens/none", 404),
        Case(.put, "settings", #"{"trashDays":0,"backgroundRequestsMax":1}"#, 422, "trashDays"),
        Case(.put, "settings", #"{"trashDays":1}"#, 400, "backgroundRequestsMax"),
        Case(.post, "cleanup/preview", #"{"registry":"none","keepNewest":1}"#, 422, "registry"),
        Case(.post, "cleanup/preview", #"{"registry":"demo","keepNewest":0}"#, 422, "keepNewest"),
        Case(.post, "cleanup/preview?wait=61", #"{"registry":"demo","keepNewest":1}"#, 400, "wait"),
        Case(.post, "cleanup/restore", #"{"images":[]}"#, 422, "images"),
        Case(.post, "cleanup/restore", #"{"images":["x"]}"#, 422, "images[0]"),
        Case(.post, "advisories/import", #"{"origin":"http://x"}"#, 422, "origin"),
        Case(.post, "advisories/activate", #"{"generation":0}"#, 422, "generation"),
        Case(
            .post, "inventories", #"{"image":"demo/app:1","register":"always","digest":"sha256:00","inventories":[]}"#,
            422, "digest"),
        Case(
            .post, "inventories", #"{"image":"demo/app:1","register":"perhaps","digest":"x","inventories":[]}"#, 400,
            "register"),
    ]

    /// A misspelt field would otherwise mean "all".
    static let unknownFields: [Case] = [
        Case(
            .post, "cleanup/apply", #"{"registry":"demo","repository":["team/*"],"keepNewest":1}"#, 400, "repository"),
        Case(
            .post, "tokens", #"{"name":"t","role":"ci","scope":{"registry":["demo"]}}"#, 400, "scope.registry"),
        Case(.post, "tokens", #"{"name":"t","role":"ci","scop":null}"#, 400, "scop"),
        Case(.post, "tokens", #"{"name":"t","role":"ci","expiresInDay":1}"#, 400, "expiresInDay"),
        Case(
            .post, "policies", #"{"id":"p","name":"n","scopes":{},"controls":[{"type":"not-root"}]}"#, 400, "scopes"),
        Case(
            .post, "policies",
            #"{"id":"p","name":"n","controls":[{"type":"not-root"},{"type":"blocked-advisories","ids":["X"],"x":1}]}"#,
            400, "controls[1].x"),
        Case(
            .post, "registries", #"{"name":"r","url":"https://r.example.com","filter":{"includeRepository":["a"]}}"#,
            400, "filter.includeRepository"),
        Case(
            .put, "settings",
            #"{"trashDays":1,"backgroundRequestsMax":1,"rescan":{"at":"04:00","timeZone":"UTC","x":1}}"#, 400,
            "rescan.x"),
        Case(.post, "images", #"{"images":["demo/app:1"],"force":true}"#, 400, "force"),
        Case(.post, "cleanup/restore", #"{"images":["demo/app:1"],"all":true}"#, 400, "all"),
    ]

    @Test("each mistake has its status and names its field")
    func table() async throws {
        try await Gateway.run { gateway in
            try await gateway.addRegistry()
            for example in Self.cases + Self.unknownFields {
                let answer = try await gateway.call(example.method, example.path, example.body)
                let what = "\(example.method.rawValue) \(example.path) \(example.body): \(answer.text)"
                #expect(answer.status == example.status, "\(what)")
                #expect(answer.headers["content-type"] == "application/problem+json", "\(what)")
                let problem = try answer.json(Problem.self)
                #expect(problem.status == example.status, "\(what)")
                #expect(problem.field == example.field, "\(what)")
                #expect(!problem.title.isEmpty)
            }
            let wrong = try await gateway.call(.put, "settings/x", "{}")
            #expect(wrong.status == 404)
            let method = try await gateway.call(.delete, "settings")
            #expect(method.headers["allow"] == "GET, PUT")
            let large = String(repeating: " ", count: JSONBody.bytesMax + 1)
            #expect(try await gateway.call(.post, "images", large).status == 413)
        }
    }

    @Test("without a good token every route answers 401, and 403 to the wrong role")
    func access() async throws {
        try await Gateway.run { gateway in
            let viewer = try await gateway.token(role: "viewer")
            let needs: [(OutboundRequest.Method, String, Int)] = [
                (.get, "images", 200), (.get, "summary", 200), (.get, "registries", 200), (.get, "policies", 200),
                (.get, "settings", 200), (.get, "me", 200), (.get, "advisories/status", 200),
                (.post, "images", 403), (.post, "registries", 403), (.put, "registries/x", 403),
                (.delete, "registries/x", 403),
                (.post, "registries/x/test", 403), (.post, "registries/x/enumerate", 403), (.post, "inventories", 403),
                (.post, "policies", 403), (.put, "policies/x", 403), (.delete, "policies/x", 403),
                (.get, "tokens", 403),
                (.post, "tokens", 403), (.delete, "tokens/x", 403), (.put, "settings", 403), (.post, "rescan", 403),
                (.post, "cleanup/preview", 403), (.post, "cleanup/apply", 403), (.post, "cleanup/restore", 403),
                (.post, "advisories/import", 403), (.post, "advisories/activate", 403), (.get, "replies/x", 403),
                (.get, "dead-letters", 403), (.post, "images/demo/app:1/rescan", 403),
                (.post, "registries/x/rescan", 403),
            ]
            for (method, path, status) in needs {
                let denied = try await gateway.call(
                    method, path, token: "pratique_nobody_" + String(repeating: "A", count: 43))
                #expect(denied.status == 401, "\(path)")
                #expect(denied.headers["www-authenticate"] == "Bearer realm=\"pratique\"")
                let none = try await gateway.send(method, port: gateway.ports.api, "/api/v1/\(path)")
                #expect(none.status == 401, "\(path)")
                let seen = try await gateway.call(method, path, token: viewer)
                #expect(seen.status == status, "\(method) \(path): \(seen.text)")
            }
        }
    }
}
