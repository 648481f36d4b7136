import Model
import ServiceRuntime
import Testing

@Suite("An address to listen on")
struct ListenAddressTests {
    @Test(
        "is a host and a port",
        arguments: [
            ("127.0.0.1:8080", "127.0.0.1", 8_080), ("[::1]:0", "::1", 0), ("example.com:65535", "example.com", 65_535),
        ])
    func good(text: String, host: String, port: Int) throws {
        let address = try ListenAddress(text)
        #expect(address.host == host)
        #expect(address.port == port)
        #expect(address.description == text)
    }

    @Test(
        "is nothing else",
        arguments: [
            "", "127.0.0.1", ":8080", "a:", "a:b", "a:65536", "a:-1", "::1:80", "a b:80", "http://a:80", "u@a:80",
        ])
    func bad(text: String) {
        #expect(throws: ParseError.self) { try ListenAddress(text) }
    }

    @Test(
        "of every interface is reached on loopback", arguments: [("0.0.0.0:1", "127.0.0.1:1"), ("[::]:1", "[::1]:1")])
    func loopback(text: String, expected: String) throws {
        #expect(try ListenAddress(text).loopback.description == expected)
    }
}
