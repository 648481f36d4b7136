import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import Testing

@testable import WebhookGatewayService

@Suite struct ConsoleTests {
    private func router() -> Router<GatewayContext> {
        let router = Router(context: GatewayContext.self)
        router.add(middleware: SecurityHeaders())
        ConsoleFiles.add(to: router)
        return router
    }

    @Test(
        "the console's files are served with headers that allow nothing from elsewhere",
        arguments: ConsoleFiles.all.map(\.path))
    func served(_ path: String) async throws {
        try await Application(router: router()).test(.router) { client in
            let answer = try await client.execute(uri: path, method: .get)
            #expect(answer.status == .ok)
            let policy = try #require(answer.headers[.contentSecurityPolicy])
            #expect(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"))
            #expect(!policy.contains("unsafe"))
            #expect(answer.headers[.xContentTypeOptions] == "nosniff")
            #expect(answer.headers[.referrerPolicy] == "no-referrer")
        }
    }

    @Test("the page has no inline script or style and names no other host")
    func page() {
        let html = ConsolePage.html
        #expect(!html.contains("http://") && !html.contains("https://") && !html.contains("//"))
        #expect(!html.contains("style=") && !html.contains("<style"))
        let scripts = html.components(separatedBy: "<script").dropFirst()
        #expect(scripts.count == 1)
        #expect(scripts.allSatisfy { $0.hasPrefix(" src=\"console.js\"") && $0.contains("></script>") })
        for handler in ["onclick", "onload", "onerror", "javascript:"] { #expect(!html.contains(handler)) }
        #expect(!ConsoleStyle.css.contains("url("))
    }

    @Test("the script puts nothing into the page as markup")
    func script() {
        let script = ConsoleScript.javaScript
        for sink in [
            "innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "localStorage", "http://",
            "https://",
        ] {
            #expect(!script.contains(sink), "\(sink)")
        }
    }

    @Test("each element that the script asks for is in the page")
    func elements() throws {
        let pattern = /find\("([a-z-]+)"\)/
        let wanted = Set(ConsoleScript.javaScript.matches(of: pattern).map { String($0.1) })
        #expect(wanted.count > 10)
        for id in wanted { #expect(ConsolePage.html.contains("id=\"\(id)\""), "\(id)") }
    }
}
