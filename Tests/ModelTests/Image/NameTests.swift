import Foundation
import Model
import TestSupport
import Testing

@Suite("Names of images, repositories, tags and registries")
struct NameTests {
    @Test(
        "image names are read and printed the same",
        arguments: [
            "prod/team/app:1.0", "prod/app@" + DigestTests.sha256, "a-1/x/y/z:_T.a-g", "0/app:latest",
        ])
    func imageNames(text: String) throws {
        let name = try ImageName(text)
        #expect(name.text == text)
        #expect(try JSONDecoder().decode([ImageName].self, from: JSONEncoder().encode([name])) == [name])
        #expect((name.tag == nil) == text.contains("@"))
    }

    @Test(
        "bad image names are refused",
        arguments: [
            "", "prod", "prod/app", "/app:1", "prod/:1", "Prod/app:1", "example.com/app:1", "prod/app:", "prod/app@",
            "prod/app:1:2",
            "prod/app:1@" + DigestTests.sha256, "prod//app:1", "prod/../app:1", "localhost:5000/app:1",
        ])
    func badImageNames(text: String) {
        #expect(throws: ParseError.self) { try ImageName(text) }
    }

    @Test("slugs hold a-z, 0-9 and -, up to 63", arguments: ["a", "0", "prod-eu-1", String(repeating: "a", count: 63)])
    func slugs(text: String) throws {
        #expect(try RegistryName(text).text == text)
        #expect(try PolicyID(text).text == text)
    }

    @Test(
        "bad slugs are refused with their place",
        arguments: [
            ("", nil), ("-a", 0), ("A", 0), ("a.b", 1), ("a/b", 1), ("a_b", 1), ("aé", 1),
            (String(repeating: "a", count: 64), 63),
        ] as [(String, Int?)])
    func badSlugs(text: String, offset: Int?) {
        #expect {
            try RegistryName(text)
        } throws: { ($0 as? ParseError)?.offset == offset }
        #expect(throws: ParseError.self) { try PolicyID(text) }
    }

    @Test("names sort by their text")
    func order() throws {
        #expect(try ImageName("a/x:1") < ImageName("a/x:2"))
        #expect(try RepositoryName("a") < RepositoryName("b"))
    }

    @Test("platforms", arguments: ["linux/amd64", "linux/arm64/v8", "windows/amd64"])
    func platforms(text: String) throws {
        let platform = try Platform(text)
        #expect(platform.description == text)
        #expect(!platform.isUnknown)
        #expect(try JSONDecoder().decode(Platform.self, from: JSONEncoder().encode(platform)) == platform)
    }

    @Test("bad platforms are refused", arguments: ["", "linux", "linux/", "/amd64", "linux/arm/v7/x", "linux//v7"])
    func badPlatforms(text: String) {
        #expect(throws: ParseError.self) { try Platform(text) }
    }

    @Test(
        "no part of a platform holds what its text form could not, built or decoded",
        arguments: ["v8/x", "v 8", "v8\n", "v\u{7F}", "\u{E9}", String(repeating: "v", count: 65)])
    func badParts(part: String) throws {
        #expect(throws: ParseError.self) { try Platform(os: part, architecture: "arm64") }
        #expect(throws: ParseError.self) { try Platform(os: "linux", architecture: part) }
        #expect(throws: ParseError.self) { try Platform(os: "linux", architecture: "arm64", variant: part) }
        #expect(throws: ParseError.self) { try Platform(os: "linux", architecture: "arm64", osVersion: part) }
        for key in ["os", "architecture", "variant", "os.version"] {
            var members = ["os": "linux", "architecture": "arm64"]
            members[key] = part
            let json = try JSONEncoder().encode(members)
            #expect(throws: DecodingError.self) { try JSONDecoder().decode(Platform.self, from: json) }
        }
    }

    @Test("empty texts of a platform are unknown, or not there")
    func emptyParts() throws {
        let json = Data(#"{"os":"","architecture":"","variant":"","os.version":""}"#.utf8)
        let platform = try JSONDecoder().decode(Platform.self, from: json)
        #expect(platform.isUnknown && platform.variant == nil && platform.osVersion == nil)
        #expect(try Platform(platform.description) == platform)
    }

    @Test("an attestation's platform is unknown")
    func unknownPlatform() throws {
        #expect(try Platform("unknown/unknown").isUnknown)
    }

    @Test("media types lose parameters and case")
    func mediaTypes() {
        #expect(MediaType(" Application/VND.oci.image.index.v1+json ; charset=utf-8") == .ociIndex)
        #expect(MediaType("").text.isEmpty)
        #expect(MediaType(";").text.isEmpty)
        #expect(MediaType.dockerList.isIndex && !MediaType.dockerList.isManifest)
        #expect(MediaType.dockerManifest.isManifest && !MediaType.dockerManifest.isIndex)
        #expect(MediaType.dockerSchema1Signed.isSchema1)
    }

    @Test(
        "who runs as root",
        arguments: [
            ("", true), ("root", true), ("0", true), ("00", true), ("root:users", true), ("0:1000", true),
            (":1000", true), ("app", false),
            ("1000", false), ("1000:0", false), ("rootless", false), ("4294967296", false),
        ])
    func root(user: String, isRoot: Bool) {
        #expect(ImageConfiguration(platform: .linuxAMD64, user: user).runsAsRoot == isRoot)
    }

    @Test("random bytes are read or refused, never a crash; what is read prints the same")
    func hostile() {
        var random = SeededGenerator.printed("random names")
        for _ in 0..<5_000 {
            let text = Bool.random(using: &random) ? random.bytes(most: 40) : random.text(from: "ab0:/.-_@", most: 20)
            if let name = try? ImageName(text) { #expect(name.text == text) }
            if let name = try? RepositoryName(text) { #expect(name.text == text) }
            if let tag = try? TagName(text) { #expect(tag.text == text) }
            if let platform = try? Platform(text) { #expect(platform.description == text) }
            _ = MediaType(text)
        }
    }
}
