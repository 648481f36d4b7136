package import Model

/// A host and a port to listen on or to call: `127.0.0.1:8080`, `[::1]:8080`, `0.0.0.0:8080`. Port 0 lets the system
/// choose.
package struct ListenAddress: Sendable, Hashable, CustomStringConvertible {
    package let host: String
    package let port: Int

    package init(host: String, port: Int) {
        self.host = host
        self.port = port
    }

    /// - Throws: `ParseError` when the host is missing or the port is not a number from 0 to 65535.
    package init(_ text: String) throws(ParseError) {
        let what = "address"
        guard let colon = text.lastIndex(of: ":") else {
            throw ParseError(what, in: text, "it has no port; write HOST:PORT")
        }
        let portText = text[text.index(after: colon)...]
        guard !portText.isEmpty, portText.allSatisfy(\.isASCII), let port = UInt16(portText) else {
            throw ParseError(
                what, in: text, at: text.utf8.distance(from: text.startIndex, to: colon) + 1,
                "the port is a number from 0 to 65535")
        }
        var host = text[..<colon]
        if host.hasPrefix("[") && host.hasSuffix("]") {
            host = host.dropFirst().dropLast()
        } else if host.contains(":") {
            throw ParseError(what, in: text, at: 0, "an IPv6 host stands in brackets: [::1]:8080")
        }
        guard !host.isEmpty, !host.contains(where: { $0.isWhitespace || $0 == "/" || $0 == "@" }) else {
            throw ParseError(what, in: text, at: 0, "the host is empty or not a host name")
        }
        self.host = String(host)
        self.port = Int(port)
    }

    package var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }

    /// Where a client on this machine reaches a server that listens here.
    package var loopback: ListenAddress {
        switch host {
        case "0.0.0.0": ListenAddress(host: "127.0.0.1", port: port)
        case "::": ListenAddress(host: "::1", port: port)
        default: self
        }
    }
}
