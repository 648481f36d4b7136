import Foundation
import GatewayAPI
import HTTPPort
import Model
import TestSupport
import Testing

@Suite("Secrets", .enabled(if: DistributionRegistry.isInstalled, "docker-registry is not installed"))
struct SecretsIntegrationTests {
    static let password = "pa55-of-the-robot-81fe"

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
            var request = RegistryRequest(name: try RegistryName("demo"), url: registry.address)
            request.webhook = .init(header: "Authorization", value: Harbour.secret)
            request.credential = .init(username: "robot", password: Self.password)
            let created = try await pratique.request(.post, "registries", body: request)
            #expect(created.head.isSuccess)
            let image = SmallImage.debian(packages: [.init("openssl", "3.0.1-1")])
            try await ImagePusher(
                pratique.transport, address: registry.address, credential: ("robot", Self.password)
            ).push(image, "team/app", tag: "1")
            let summary = try await pratique.image("demo/team/app:1")
            #expect(summary.packages == 1)

            let secrets = [Self.password, Harbour.secret, String(pratique.token.suffix(40))]
            var texts = [("registries", created.body)]
            for path in ["registries", "registries/demo", "images", "images/demo/team/app:1", "tokens", "settings"] {
                texts.append((path, try await pratique.request(.get, path).body))
            }
            for file in try Self.files(below: pratique.folder) where file.lastPathComponent != "admin-token" {
                texts.append((file.lastPathComponent, Array(try Data(contentsOf: file))))
            }
            #expect(texts.count > 10)
            for secret in secrets {
                for (place, bytes) in texts {
                    let isThere = Data(bytes).range(of: Data(secret.utf8)) != nil
                    #expect(!isThere, "a secret is in \(place)")
                }
            }
        }
    }

    private static func files(below folder: URL) throws -> [URL] {
        let all = FileManager.default.enumerator(at: folder, includingPropertiesForKeys: [.isRegularFileKey])
        return try (all?.allObjects as? [URL] ?? []).filter {
            try $0.resourceValues(forKeys: [.isRegularFileKey]).isRegularFile == true
        }
    }
}
