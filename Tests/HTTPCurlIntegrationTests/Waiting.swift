import Foundation
import HTTPCurl
import HTTPPort
import TestSupport
import Testing

/// A folder of its own below the temporary one; kept, and named, when the body throws.
func withFolder<Value>(_ body: (URL) async throws -> Value) async throws -> Value {
    let folder = FileManager.default.temporaryDirectory.appending(path: "pratique-http-\(UUID().uuidString.prefix(8))")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    do {
        let value = try await body(folder)
        try? FileManager.default.removeItem(at: folder)
        return value
    } catch {
        print("kept: \(folder.path)")
        throw error
    }
}

extension CurlTransport {
    /// For servers of this machine.
    static func local(width: Int = 4, queueMax: Int = 100, proxy: ProxyConfiguration = .none) -> CurlTransport {
        CurlTransport(Configuration(addresses: .privateNetworks, proxy: proxy, width: width, queueMax: queueMax))
    }
}

extension OutboundRequest {
    /// A GET over plain HTTP.
    static func local(_ address: String, _ path: String = "/", limits: RequestLimits = RequestLimits()) throws
        -> OutboundRequest
    {
        OutboundRequest(.get, try WebURL(address + path), limits: limits, allowsPlainHTTP: true)
    }
}
