import HTTPTypes
import Hummingbird
import NIOCore

/// The console's files, as they are served: no inline script, no other host.
struct ConsoleFiles: Sendable {
    let path: String
    let type: String
    let text: String

    static let all = [
        ConsoleFiles(path: "/", type: "text/html; charset=utf-8", text: ConsolePage.html),
        ConsoleFiles(path: "/console.css", type: "text/css; charset=utf-8", text: ConsoleStyle.css),
        ConsoleFiles(path: "/console.js", type: "text/javascript; charset=utf-8", text: ConsoleScript.javaScript),
    ]

    static func add(to router: Router<GatewayContext>) {
        for file in all {
            router.get(RouterPath(file.path)) { _, _ in
                Response(
                    status: .ok, headers: [.contentType: file.type, .cacheControl: "no-cache"],
                    body: ResponseBody(byteBuffer: ByteBuffer(string: file.text)))
            }
        }
    }
}
