import Testing

@testable import RegistryClient

@Suite struct ChallengeTests {
    @Test("challenges are read from one header or many, quoted or not, in any case")
    func forms() {
        let quoted = Challenge.parse([
            "BEARER Realm=\"https://a/token\",service=\"a b\",scope=\"repository:x:pull,push\""
        ])
        #expect(quoted.map(\.scheme) == ["bearer"])
        #expect(
            quoted.first?.parameters == [
                "realm": "https://a/token", "service": "a b", "scope": "repository:x:pull,push",
            ])
        let bare = Challenge.parse(["Bearer realm=https://a/token?x=1, service=a"])
        #expect(bare.first?.parameters == ["realm": "https://a/token?x=1", "service": "a"])
        let two = Challenge.parse(["Bearer realm=\"https://git/v2/token\"", "Basic realm=\"git\", charset=UTF-8"])
        #expect(two.map(\.scheme) == ["bearer", "basic"])
        let joined = Challenge.parse(["Negotiate, Basic realm=\"x, Bearer realm=y\",Bearer realm = \"z\""])
        #expect(joined.map(\.scheme) == ["negotiate", "basic", "bearer"])
        #expect(joined.last?.parameters == ["realm": "z"])
        #expect(Challenge.parse(["Bearer realm=\"a\\\"b\""]).first?.parameters["realm"] == "a\"b")
        #expect(Challenge.parse(["Bearer realm=\"a\",realm=\"b\""]).first?.parameters["realm"] == "a")
    }

    @Test(
        "nonsense gives no challenge and ends",
        arguments: ["", ",,,", "=", "\"", "realm=\"x\"", "Bearer realm=\"never closed", "@ Basic"])
    func nonsense(header: String) {
        #expect(Challenge.parse([header]).count <= 1)
    }

    @Test("any text ends, and any written challenge is read back")
    func property() {
        let seed = UInt64.random(in: .min ... .max)
        print("seed of the challenge property: \(seed)")
        var random = SeededGenerator(seed)
        let letters = Array("abzAZ019-_.:/?&=,; \"\\\t{}@")
        for _ in 0..<3_000 {
            let noise = String(
                (0..<Int.random(in: 0...40, using: &random)).map { _ in letters.randomElement(using: &random) ?? "a" })
            _ = Challenge.parse([noise, noise])
            let value = String(noise.filter { $0 != "\t" })
            let escaped = value.map { $0 == "\"" || $0 == "\\" ? "\\\($0)" : "\($0)" }.joined()
            let parsed = Challenge.parse(["Basic realm=\"x\" , Bearer realm=\"\(escaped)\", service=\"s\""])
            #expect(
                parsed.last == Challenge(scheme: "bearer", parameters: ["realm": value, "service": "s"]),
                "seed \(seed): \(value)")
        }
    }
}

@Suite struct LinkHeaderTests {
    @Test(
        "the next page is found in the forms that registries send",
        arguments: [
            ("</v2/_catalog?last=x&n=100>; rel=\"next\"", "/v2/_catalog?last=x&n=100"),
            ("</v2/_catalog?last=a&n=2&orderby=>; rel=\"next\"", "/v2/_catalog?last=a&n=2&orderby="),
            ("/v2/x/tags/list?next_page=abc; rel=\"next\"", "/v2/x/tags/list?next_page=abc"),
            ("<https://h/a>; rel=prev, <https://h/b>; title=\"x, y; z\"; REL=\"last next\"", "https://h/b"),
            ("</v2/a?last=x,y;z>; rel=next", "/v2/a?last=x,y;z"),
            ("<>; rel=next", nil), ("<https://h/a>; rel=prev", nil), ("", nil), ("<https://h/a>", nil),
            ("; rel=next", nil),
        ] as [(String, String?)])
    func forms(header: String, target: String?) {
        #expect(LinkHeader.next(in: [header]) == target)
    }

    @Test("any text ends, and any written link is read back")
    func property() {
        let seed = UInt64.random(in: .min ... .max)
        print("seed of the link property: \(seed)")
        var random = SeededGenerator(seed)
        let letters = Array("ab/?&=,;%:._-\" <>")
        for _ in 0..<3_000 {
            let noise = String(
                (0..<Int.random(in: 1...40, using: &random)).map { _ in letters.randomElement(using: &random) ?? "a" })
            _ = LinkHeader.next(in: [noise])
            let target = noise.filter { !"<> \"".contains($0) }
            guard !target.isEmpty else { continue }
            #expect(
                LinkHeader.next(in: ["<x>; rel=\"prev\", <\(target)>; rel=\"next\""]) == target,
                "seed \(seed): \(target)")
        }
    }
}

/// SplitMix64.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64
    init(_ seed: UInt64) { state = seed }
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
