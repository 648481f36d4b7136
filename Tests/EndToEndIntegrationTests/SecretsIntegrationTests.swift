import Events
import Foundation
import GatewayAPI
import HTTPPort
import Model
import TestSupport
import Testing

@Suite("Secrets", .enabled(if: DistributionRegistry.isInstalled, "docker-registry is not installed"))
struct SecretsIntegrationTests {
    static let password = "pa55-of-the-robot-81fe"
    static let wrongPassword = "wr0ng-of-the-robot-77ab"

    @Test("a registry with credentials is read, and no secret is in an answer, a log or a file in clear")
    func nothingInClear() async throws {
        try await withFolder { folder in
            let pratique = try await PratiqueInstance.start(in: folder.appending(path: "pratique"))
            defer { pratique.stop() }
            let registry = try await DistributionRegistry.start(
                folder: folder.appending(path: "registry"),
                notify: URL(string: pratique.addresses.webhooks + "/webhooks/demo"),
                headers: ["Authorization": Harbour.secret], htpasswd: ("robot", Self.password))
            defer { registry.stop() }
            var answers = [try await Self.connect(registry, Self.wrongPassword, .post, "registries", pratique)]
            let image = SmallImage.debian(packages: [.init("openssl", "3.0.1-1")])
            try await ImagePusher(
                pratique.transport, address: registry.address, credential: ("robot", Self.password)
            ).push(image, "team/app", tag: "1")
            // The refused password is in the logs of nobody, and the right one does at once what is still to be done.
            try await pratique.image("demo/team/app:1", "was refused") { $0.failure != nil }
            answers.append(try await pratique.request(.post, "registries/demo/test"))
            answers.append(try await pratique.request(.get, "images/demo/team/app:1"))
            answers.append(try await Self.connect(registry, Self.password, .put, "registries/demo", pratique))
            let summary = try await pratique.image("demo/team/app:1")
            try #require(summary.packages == 1)
            for path in ["registries", "registries/demo", "images", "images/demo/team/app:1", "tokens", "settings"] {
                answers.append(try await pratique.request(.get, path))
            }
            pratique.stop()

            var texts = answers.map { ($0.head.url.redacted, Data($0.body)) }
            for file in try Self.files(below: pratique.folder) where file.lastPathComponent != "admin-token" {
                texts.append((file.lastPathComponent, try Data(contentsOf: file)))
            }
            // What lies compressed in the log is looked at unpacked.
            texts += try await StoredRecords.plainValues(in: pratique.dataFolder)
            try #require(texts.count > 20)
            let secrets = [Self.password, Self.wrongPassword, Harbour.secret, String(pratique.token.suffix(40))]
            for secret in secrets + secrets.flatMap({ [Self.base64($0), Self.base64("robot:" + $0)] }) {
                for (place, bytes) in texts {
                    let isThere = bytes.range(of: Data(secret.utf8)) != nil
                    try #require(!isThere, "a secret is in \(place)")
                }
            }
        }
    }

    private static func connect(
        _ registry: DistributionRegistry, _ password: String, _ method: OutboundRequest.Method, _ path: String,
        _ pratique: PratiqueInstance
    ) async throws -> CollectedResponse {
        var request = RegistryRequest(name: try RegistryName("demo"), url: registry.address)
        request.webhook = .init(header: "Authorization", value: Harbour.secret)
        request.credential = .init(username: "robot", password: password)
        let answer = try await pratique.request(method, path, body: request)
        try #require(answer.head.isSuccess, "\(String(decoding: answer.body, as: UTF8.self))")
        return answer
    }

    private static func base64(_ text: String) -> String { Data(text.utf8).base64EncodedString() }

    private static func files(below folder: URL) throws -> [URL] {
        let all = FileManager.default.enumerator(at: folder, includingPropertiesForKeys: [.isRegularFileKey])
        return try (all?.allObjects as? [URL] ?? []).filter {
            try $0.resourceValues(forKeys: [.isRegularFileKey]).isRegularFile == true
        }
    }
}
