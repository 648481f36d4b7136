import HTTPPort
import Testing

@Suite struct AddressPolicyTests {
    @Test(
        "addresses are judged also inside IPv6",
        arguments: [
            ("8.8.8.8", true), ("2606:4700::1", true), ("127.0.0.1", false), ("::1", false), ("10.1.2.3", false),
            ("172.31.0.1", false),
            ("192.168.1.1", false), ("100.64.0.1", false), ("fd12::1", false), ("::ffff:10.0.0.1", false),
            ("::ffff:127.0.0.1", false),
            ("64:ff9b::a9fe:a9fe", false), ("169.254.169.254", false), ("::ffff:169.254.169.254", false),
            ("fe80::1", false),
            ("fd00:ec2::254", false), ("0.0.0.0", false), ("::", false), ("224.0.0.1", false),
            ("255.255.255.255", false), ("ff02::1", false),
        ])
    func publicOnly(text: String, isAllowed: Bool) throws {
        let address = try #require(IPAddress(text))
        #expect((AddressPolicy.publicOnly.judge(address, host: "h") == .allowed) == isAllowed)
    }

    @Test("the operator's list opens private ranges, and never link-local or metadata ones")
    func operatorList() throws {
        let policy = try AddressPolicy(allowing: ["10.0.0.0/8", "Registry.local", "127.0.0.1", "0.0.0.0/0", "::/0"])
        func judge(_ text: String, _ host: String = "h") throws -> Bool {
            policy.judge(try #require(IPAddress(text)), host: host) == .allowed
        }
        #expect(
            try judge("10.9.9.9") && judge("::ffff:10.9.9.9") && judge("127.0.0.1")
                && judge("fd12::1", "registry.local"))
        for never in ["169.254.169.254", "fe80::1", "fd00:ec2::254", "100.100.100.200", "0.0.0.0", "224.0.0.1"] {
            #expect(try !judge(never) && !judge(never, "registry.local"))
        }
    }

    @Test(
        "an entry that is neither host nor block is refused",
        arguments: ["10.0.0.0/33", "a b", "", "http://x", "1.2.3"])
    func badEntry(text: String) {
        #expect(throws: HTTPTransportError.self) { try AddressPolicy(allowing: [text]) }
    }

    @Test("a private network of one block leaves the others closed")
    func oneBlock() throws {
        let policy = try AddressPolicy(allowing: ["192.168.7.0/24"])
        #expect(policy.judge(try #require(IPAddress("192.168.7.255")), host: "h") == .allowed)
        #expect(policy.judge(try #require(IPAddress("192.168.8.0")), host: "h") != .allowed)
    }
}
