import Foundation
import LayerArchive
import Model
import TestSupport
import Testing

@testable import Analysers

/// Text in the form of each kind, put together here so that no file of this repository looks as if it held one.
enum SecretSamples {
    /// Bytes that no example would have; the same each time.
    static func run(_ alphabet: ByteSet, _ count: Int) -> String {
        var generator = SeededGenerator(seed: 7)
        let members = alphabet.members
        return String(
            decoding: (0..<count).map { _ in members.randomElement(using: &generator) ?? 0 }, as: UTF8.self)
    }

    static func privateKey(_ label: String, lines: Int = 8, newline: String = "\n") -> String {
        let body = (0..<lines).map { _ in run(.base64, 64) }.joined(separator: newline)
        return "-----BEGIN \(label)-----\(newline)\(body)\(newline)-----END \(label)-----\(newline)"
    }

    static func text(_ kind: SecretKind) -> String { all.first { $0.kind == kind }?.text ?? "" }

    static let auth = Data("deploy:\(run(.alphanumeric, 12))".utf8).base64EncodedString()

    static let all: [(kind: SecretKind, text: String)] = [
        (.privateKey, privateKey("RSA " + "PRIVATE KEY")), (.privateKey, privateKey("EC " + "PRIVATE KEY", lines: 100)),
        (.privateKey, privateKey("PRIVATE KEY", newline: "\\n")),
        (.privateKey, privateKey("PGP PRIVATE " + "KEY BLOCK")),
        (.privateKey, "PuTTY-User-Key-" + "File-3: ssh-ed25519"),
        (.ageKey, "AGE-SECRET-" + "KEY-1" + run(.upperAndDigits, 58)),
        (.awsAccessKey, "AKIA" + run(.upperAndDigits, 16)),
        (.awsSecretKey, "aws_secret_access_key = " + run(.base64, 40)),
        (.awsSecretKey, #""SecretAccessKey": ""# + run(.base64, 40) + "\""),
        (.azureStorageKey, "AccountName=a;AccountKey=" + run(.base64, 86) + "==;"),
        (.googleAPIKey, "AIza" + run(.url64, 35)), (.digitalOceanToken, "dop_v1_" + run(.lowerHex, 64)),
        (.githubToken, "ghp_" + run(.alphanumeric, 36)), (.githubToken, "github_pat_" + run(.word, 82)),
        (.gitlabToken, "glpat-" + run(.url64, 20)), (.registryPassword, #""auth": ""# + auth + "\""),
        (.dockerToken, "dckr_pat_" + run(.url64, 27)), (.npmToken, "npm_" + run(.alphanumeric, 36)),
        (.npmToken, "//registry.npmjs.org/:_authToken=" + run(.url64, 36)),
        (.pypiToken, "pypi-AgE" + run(.url64, 150)), (.slackToken, "xoxb-" + run(.url64, 50)),
        (.slackWebhook, "https://hooks.slack.com/services/T0A/B0C/" + run(.alphanumeric, 24)),
        (.stripeKey, "sk_live_" + run(.alphanumeric, 24)), (.shopifyToken, "shpat_" + run(.hex, 32)),
        (.sendGridKey, "SG." + run(.url64, 22) + "." + run(.url64, 43)), (.huggingFaceToken, "hf_" + run(.letters, 34)),
        (.openAIKey, "sk-proj-" + run(.url64, 120)), (.anthropicKey, "sk-ant-" + run(.url64, 95)),
        (.databricksToken, "dapi" + run(.lowerHex, 32)), (.newRelicKey, "NRAK-" + run(.upperAndDigits, 27)),
        (.vaultToken, "hvs." + run(.url64, 95)),
        (.terraformToken, run(.alphanumeric, 14) + ".atlasv1." + run(.url64, 67)),
        (.urlPassword, "postgres://app:" + run(.alphanumeric, 12) + "@db:5432/app"),
        (.urlPassword, "https://ci:" + run(.alphanumeric, 20) + "@git.corp.net/app.git"),
        (.urlPassword, "mongodb+srv://u:" + run(.alphanumeric, 9) + "@c0.mongodb.net"),
    ]
}

@Suite("Secrets")
struct SecretsTests {
    private static func kinds(_ text: String) -> [SecretKind] {
        SecretSearch.ranges(in: Array(text.utf8)).map(\.pattern.kind)
    }

    @Test("each kind, wherever it stands in a text", arguments: SecretSamples.all.indices)
    func kinds(_ number: Int) {
        let (kind, text) = SecretSamples.all[number]
        #expect(Self.kinds(text) == [kind])
        #expect(Self.kinds(text + "\n") == [kind])
        if kind != .privateKey { #expect(Self.kinds("token: \"\(text)\"\n") == [kind]) }
    }

    @Test("every kind has a sample here and a row in the reference")
    func everyKind() throws {
        let byName: Set<SecretKind> = [.credentialVariable]
        #expect(Set(SecretSamples.all.map(\.kind)) == Set(SecretKind.allCases).subtracting(byName))
        let root = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../..")
        let page = try String(contentsOf: root.appending(path: "docs/reference/secrets.md"), encoding: .utf8)
        let rows = page.split(separator: "\n").filter { $0.hasPrefix("| `") }
            .map { String($0.dropFirst(3).prefix { $0 != "`" }) }
        #expect(rows.sorted() == SecretKind.allCases.map(\.rawValue).sorted())
    }

    @Test(
        "text that only looks alike",
        arguments: [
            "AKIAIOSFODNN7EXAMPLE", "AKIA" + String(repeating: "X", count: 16),
            "ghp_" + String(repeating: "x", count: 36), "ghp_short", "MYAKIA" + SecretSamples.run(.upperAndDigits, 16),
            "AKIA" + SecretSamples.run(.upperAndDigits, 17),
            "-----BEGIN " + "PRIVATE KEY-----", "-----BEGIN PUBLIC KEY-----\n" + SecretSamples.run(.base64, 64),
            "if text.contains(\"-----BEGIN RSA " + "PRIVATE KEY-----\") { return }\n",
            "-----BEGIN RSA " + "PRIVATE KEY-----\n-----END RSA PRIVATE KEY-----\n" + SecretSamples.run(.base64, 64),
            "aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
            "aws_secret_access_key: ${AWS_SECRET_ACCESS_KEY}", "postgres://app:${PASSWORD}@db/app",
            "postgres://user:password@localhost/app", "https://user:hunter22@example.com/",
            "https://host:8080/path@version", "mailto:me@here", #""auth": "bm90aGluZw==""#, #""auth": "none""#,
            "//registry.npmjs.org/:_authToken=${NPM_TOKEN}", "sk_live_...", "hf_hub_download(repo)",
            "https://hooks.slack.com/services/T00000000/B00000000/XXXXXXXXXXXXXXXXXXXXXXXX",
        ])
    func alike(_ text: String) { #expect(Self.kinds(text) == []) }

    @Test("the same whatever the pieces, each with its line")
    func pieces() throws {
        var generator = SeededGenerator(seed: UInt64.random(in: 0...UInt64.max))
        for _ in 0..<60 {
            var text = ""
            var expected: [SecretSearch.Match] = []
            for _ in 0..<Int.random(in: 0...8, using: &generator) {
                for _ in 0..<Int.random(in: 0...3, using: &generator) {
                    text += String(repeating: "a b", count: Int.random(in: 0...900, using: &generator)) + "\n"
                }
                guard let (kind, sample) = SecretSamples.all.randomElement(using: &generator) else { continue }
                let line = text.count { $0 == "\n" } + 1
                let match = try #require(SecretSearch.ranges(in: Array(sample.utf8)).first)
                expected.append(
                    .init(kind: kind, line: line, sample: match.pattern.sample(count: match.range.count)))
                text += sample + "\n"
            }
            var search = SecretSearch()
            let bytes = Array(text.utf8)
            var start = 0
            while start < bytes.count {
                let end = min(bytes.count, start + Int.random(in: 1...12_000, using: &generator))
                bytes[start..<end].withUnsafeBytes { _ = search.take($0) }
                start = end
            }
            #expect(search.finish() == expected, "\(generator)")
        }
    }

    @Test("any bytes end")
    func anyBytes() {
        var generator = SeededGenerator(seed: UInt64.random(in: 0...UInt64.max))
        let pieces = SecretPatterns.all.map(\.anchor) + SecretSamples.all.map { Array($0.text.utf8) }
        for _ in 0..<400 {
            var text: [UInt8] = []
            for _ in 0..<Int.random(in: 0...20, using: &generator) {
                let piece = pieces.randomElement(using: &generator) ?? []
                text += piece.prefix(Int.random(in: 0...piece.count, using: &generator))
                if Bool.random(using: &generator) { text.append(UInt8.random(in: 0...255, using: &generator)) }
            }
            for match in SecretSearch.ranges(in: text) { #expect(match.range.upperBound <= text.count) }
        }
    }

    @Test("of a file the first twenty")
    func bound() throws {
        let text = String(repeating: SecretSamples.text(.awsAccessKey) + "\n", count: 30)
        let findings = try Array(text.utf8).withUnsafeBytes { try SecretsAnalyser().analyse(.root, $0) }
        #expect(findings.secrets.map(\.line) == Array(1...20))
    }

    @Test("files of any layer and any name, also removed ones; not those of package managers")
    func files() async throws {
        let key = SecretSamples.privateKey("OPENSSH " + "PRIVATE KEY")
        let token = "ghp_" + SecretSamples.run(.alphanumeric, 36)
        let image = try ImageFixture(layers: [
            LayerFixture([
                .file("root/id", key), .file("root/gone", "# comment here\ntoken=\(token)\n"),
                .file("app/node_modules/x/test.key", key),
                .file("usr/bin/tool", "\0\u{1}\0\0\0\0\0\0\0\0\0\0\0\0\0\0\(token)"),
                .file("usr/lib/a.a", "!<arch>\n/               1\0\(token)"), .file("src/tests/key.pem", key),
            ]),
            LayerFixture([.file("root/.wh.gone", ""), .hardLink("root/other", "root/id")]),
        ])
        let inventory = try await Scanning.scan(image)
        let secrets = try #require(inventory.secrets)
        #expect(secrets.map(\.location) == ["root/gone", "root/id"])
        #expect(secrets.map(\.kind) == ["github-token", "private-key"])
        #expect(secrets.map(\.line) == [2, 1])
        #expect(secrets.map(\.isRemoved) == [true, false])
        #expect(secrets.map(\.layer) == [image.layerDescriptors[0].digest, image.layerDescriptors[0].digest])
        let text = String(decoding: try JSONFormat.encode(inventory), as: UTF8.self)
        #expect(!text.contains(token.dropFirst(4)))
    }

    @Test(
        "build arguments and variables of the history are told by their names",
        arguments: [
            ("|1 NPM_TOKEN=hunter2hunter2 /bin/sh -c npm ci", 1),
            ("RUN |2 A=b DB_PASSWORD=hunter2hunter2 /bin/sh -c x", 1),
            ("/bin/sh -c #(nop)  ARG API_KEY=hunter2hunter2", 1), ("ENV SECRET=\"hunter2hunter2\"", 1),
            ("|1 TOKEN= /bin/sh -c x", 0), ("|1 TOKEN_URL=hunter2hunter2 /bin/sh -c x", 0), ("ARG TOKEN", 0),
            ("RUN /bin/sh -c TOKEN=$(cat /run/secrets/token) make", 0),
        ])
    func history(_ line: String, _ count: Int) async throws {
        let image = try ImageFixture(layers: [LayerFixture([.file("a", "")])], history: [line])
        let inventory = try await Scanning.scan(image)
        let secrets = try #require(inventory.secrets)
        #expect(secrets.map(\.kind) == Array(repeating: "credential-variable", count: count))
        #expect(secrets.allSatisfy { $0.place == .history && $0.location == "1" })
        let text = String(decoding: try JSONFormat.encode(inventory), as: UTF8.self)
        #expect(!text.contains("hunter2"))
    }

    @Test("the configuration's secrets are told and not stored")
    func configuration() async throws {
        let token = "ghp_" + SecretSamples.run(.alphanumeric, 36)
        let key = "AKIA" + SecretSamples.run(.upperAndDigits, 16)
        let password = SecretSamples.run(.alphanumeric, 14)
        let image = try ImageFixture(
            layers: [LayerFixture([.file("a", "")])], labels: ["build": "by \(token)!", "plain": "text"],
            environment: [
                "KEY_ID=\(key)", "DB_PASSWORD=\(password)", "TOKEN_FILE=/run/secret", "API_TOKEN=$OTHER", "PATH=/bin",
                "GITHUB_TOKEN=\(token)",
            ],
            history: ["RUN curl -H 'Authorization: \(SecretSamples.text(.googleAPIKey))' https://x:\(password)Z@h.net"])
        let inventory = try await Scanning.scan(image)
        let secrets = try #require(inventory.secrets)
        #expect(
            secrets.map { "\($0.place.rawValue) \($0.location) \($0.kind)" } == [
                "environment DB_PASSWORD credential-variable", "environment GITHUB_TOKEN github-token",
                "environment KEY_ID aws-access-key", "history 1 google-api-key", "history 1 url-password",
            ])
        #expect(inventory.configuration.labels == ["build": "by [github-token]!", "plain": "text"])
        let text = String(decoding: try JSONFormat.encode(inventory), as: UTF8.self)
        for secret in [token, key, password, SecretSamples.text(.googleAPIKey)] {
            #expect(!text.contains(secret.dropFirst(4)))
        }
    }
}
