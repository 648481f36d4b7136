import Foundation
import Model
import RegistryAccess
import Testing

private func registry(
    _ url: String = "https://registry.example.com", name: String = "example", credential: SealedCredential? = nil
) throws -> Registry {
    Registry(name: try RegistryName(name), url: url, credential: credential)
}

private func key(_ byte: UInt8, id: String) -> String {
    "\(id):\(Data(repeating: byte, count: 32).base64EncodedString())"
}

/// A folder of its own for one test, removed at its end.
private func withFolder(_ body: (URL) throws -> Void) throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "pratique-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    try body(folder)
}

@Suite("Sealing credentials")
struct CredentialSealerTests {
    @Test("what was sealed opens for the same registry, path and other settings aside")
    func opens() throws {
        let sealer = CredentialSealer(keys: .fresh())
        let box = try sealer.seal(user: "robot", secret: RegistrySecret("hunter2 ü"), for: registry())
        let login = try sealer.open(registry("https://registry.example.com/prefix", credential: box))
        #expect(login == RegistryLogin(user: "robot", secret: RegistrySecret("hunter2 ü")))
    }

    @Test(
        "a box does not open for another name, scheme, host or port",
        arguments: [
            ("http://registry.example.com", "example"), ("https://registry.example.org", "example"),
            ("https://registry.example.com:444", "example"), ("https://registry.example.com", "other"),
        ])
    func bound(url: String, name: String) throws {
        let sealer = CredentialSealer(keys: .fresh())
        let box = try sealer.seal(user: "robot", secret: RegistrySecret("hunter2"), for: registry())
        let other = try registry(url, name: name, credential: box)
        #expect(throws: RegistryAccessError.cannotOpen(registry: name)) { try sealer.open(other) }
        #expect(CredentialSealer.survives(from: try registry(), to: other) == false)
    }

    @Test("the scheme's own port is the same as none")
    func defaultPort() throws {
        let sealer = CredentialSealer(keys: .fresh())
        let box = try sealer.seal(user: "robot", secret: RegistrySecret("hunter2"), for: registry())
        #expect(try sealer.open(registry("https://registry.example.com:443", credential: box)) != nil)
        #expect(try CredentialSealer.survives(from: registry(), to: registry("https://REGISTRY.example.com/x")))
    }

    @Test("every changed or missing byte of a box is noticed")
    func damaged() throws {
        let sealer = CredentialSealer(keys: .fresh())
        guard case .sealed(let id, let box) = try sealer.seal(user: "a", secret: RegistrySecret("b"), for: registry())
        else {
            Issue.record("sealed as a reference")
            return
        }
        var damaged = box.indices.map { index in
            var changed = box
            changed[index] ^= 1
            return changed
        }
        damaged += [0, 11, 27].map { Array(box.prefix($0)) }
        for box in damaged {
            let sealed = try registry(credential: .sealed(keyID: id, box: box))
            #expect(throws: RegistryAccessError.cannotOpen(registry: "example")) { try sealer.open(sealed) }
        }
    }

    @Test("sealing twice gives different boxes, without the secret in them")
    func fresh() throws {
        let sealer = CredentialSealer(keys: .fresh())
        let first = try sealer.seal(user: "robot", secret: RegistrySecret("hunter2"), for: registry())
        #expect(try sealer.seal(user: "robot", secret: RegistrySecret("hunter2"), for: registry()) != first)
        guard case .sealed(_, let box) = first else { return }
        #expect(Data(box).range(of: Data("hunter2".utf8)) == nil)
    }

    @Test("with two keys what the old one sealed opens and is sealed again with the new one")
    func rotation() throws {
        let old = try KeyRing(text: key(1, id: "old"), place: "test")
        let box = try CredentialSealer(keys: old).seal(
            user: "robot", secret: RegistrySecret("hunter2"), for: registry())
        let both = CredentialSealer(keys: try KeyRing(text: key(2, id: "new") + "," + key(1, id: "old"), place: "test"))
        let sealed = try registry(credential: box)
        #expect(try both.open(sealed)?.secret.exposed == "hunter2")
        let again = try #require(try both.resealed(sealed))
        let new = CredentialSealer(keys: try KeyRing(text: key(2, id: "new"), place: "test"))
        #expect(try new.open(registry(credential: again))?.secret.exposed == "hunter2")
        #expect(try both.resealed(registry(credential: again)) == nil)
        #expect(throws: RegistryAccessError.unknownKey(registry: "example", keyID: "old")) { try new.open(sealed) }
    }

    @Test(
        "logins that no registry could take are refused",
        arguments: [
            ("a:b", "secret"), ("a", ""), ("a\nb", "secret"), ("a", "x\r\ny"),
            (String(repeating: "a", count: 1025), "s"),
        ])
    func refused(user: String, secret: String) throws {
        let sealer = CredentialSealer(keys: .fresh())
        #expect(throws: RegistryAccessError.self) {
            try sealer.seal(user: user, secret: RegistrySecret(secret), for: registry())
        }
    }

    @Test("nothing that prints or dumps a login or a key shows it")
    func redacted() throws {
        let login = RegistryLogin(user: "robot", secret: RegistrySecret("hunter2"))
        let ring = try KeyRing(text: key(65, id: "k"), place: "test")
        var dumped = ""
        dump(login, to: &dumped)
        dump(ring, to: &dumped)
        let shown =
            "\(login) \(login.secret) \(String(reflecting: login)) \(ring) \(String(reflecting: ring)) \(dumped)"
        #expect(!shown.contains("hunter2") && !shown.contains("QUFB"))
    }
}

@Suite("References to credentials")
struct CredentialSourcesTests {
    private func open(_ source: String, _ sources: CredentialSources) throws -> String? {
        let sealer = CredentialSealer(keys: .fresh(), sources: sources)
        return try sealer.open(registry(credential: .reference(user: "robot", source: source)))?.secret.exposed
    }

    @Test("a variable is read; Pratique's own, missing and empty ones are refused")
    func variables() throws {
        let sources = CredentialSources(
            folders: [], environment: ["HARBOR": "pw", "EMPTY": "", "PRATIQUE_CREDENTIAL_KEYS": "x"])
        #expect(try open("env:HARBOR", sources) == "pw")
        for name in ["EMPTY", "MISSING", "PRATIQUE_CREDENTIAL_KEYS", ""] {
            #expect(throws: RegistryAccessError.self) { try open("env:\(name)", sources) }
        }
    }

    @Test("a file below an allowed folder is read without its last line break; a new secret counts at once")
    func files() throws {
        try withFolder { folder in
            let file = folder.appending(path: "secret")
            try Data("pw\n".utf8).write(to: file)
            let sources = CredentialSources(folders: [folder.path])
            #expect(try open("file:\(file.path)", sources) == "pw")
            try Data("new".utf8).write(to: file)
            #expect(try open("file:\(file.path)", sources) == "new")
        }
    }

    @Test("files outside, links that lead outside, folders and relative paths are refused")
    func outside() throws {
        try withFolder { root in
            let allowed = root.appending(path: "allowed")
            try FileManager.default.createDirectory(at: allowed, withIntermediateDirectories: true)
            let secret = root.appending(path: "allowed-not")
            try Data("pw".utf8).write(to: secret)
            try FileManager.default.createSymbolicLink(at: allowed.appending(path: "link"), withDestinationURL: secret)
            let sources = CredentialSources(folders: [allowed.path])
            let places = [
                secret.path, allowed.path + "/../allowed-not", allowed.path + "/link", allowed.path,
                allowed.path + "/none", "secret",
            ]
            for place in places { #expect(throws: RegistryAccessError.self) { try open("file:\(place)", sources) } }
            #expect(throws: RegistryAccessError.self) { try open("exec:/bin/true", sources) }
        }
    }
}

@Suite("Credential keys")
struct KeyRingTests {
    @Test(
        "texts that are no keys are refused without repeating them",
        arguments: [
            "", "# nothing", "c2VjcmV0", "k:c2VjcmV0", "K:" + Data(repeating: 1, count: 32).base64EncodedString(),
            key(1, id: "a") + "\n" + key(2, id: "a"),
            [key(1, id: "a"), key(2, id: "b"), key(3, id: "c")].joined(separator: ","),
        ])
    func bad(text: String) throws {
        let error = try #require(throws: RegistryAccessError.self) { try KeyRing(text: text, place: "test") }
        #expect(!error.description.contains("c2Vj") && !error.description.contains("AQEB"))
    }

    @Test("a made file has mode 0600, and is read again, not made again")
    func create() throws {
        try withFolder { folder in
            let file = folder.appending(path: "credential.key")
            let first = try KeyRing.createIfMissing(at: file)
            let mode = try FileManager.default.attributesOfItem(atPath: file.path)[.posixPermissions] as? Int
            #expect(mode == 0o600)
            #expect(try KeyRing.createIfMissing(at: file).ids == first.ids)
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["credential.key"])
            let box = try CredentialSealer(keys: first).seal(user: "a", secret: RegistrySecret("b"), for: registry())
            #expect(try CredentialSealer(keys: KeyRing(file: file)).open(registry(credential: box))?.user == "a")
        }
    }

    @Test("a file that others may read is refused", arguments: [0o640, 0o604, 0o660, 0o644])
    func modes(mode: Int) throws {
        try withFolder { folder in
            let file = folder.appending(path: "credential.key")
            _ = try KeyRing.createIfMissing(at: file)
            try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: file.path)
            #expect(throws: RegistryAccessError.self) { try KeyRing(file: file) }
        }
    }

    @Test("the environment wins over the file, and neither is an error")
    func environment() throws {
        let ring = try KeyRing(
            environment: [KeyRing.environmentName: key(1, id: "env")], file: URL(fileURLWithPath: "/none"))
        #expect(ring.ids == ["env"])
        #expect(throws: RegistryAccessError.noKeys) { try KeyRing(environment: [:], file: nil) }
    }
}
