import Foundation
import GatewayAPI
import HTTPPort
import Model
import TestSupport
import Testing

@Suite(
    "Clean up, and restore", .enabled(if: DistributionRegistry.isInstalled, "docker-registry is not installed"))
struct CleanupIntegrationTests {
    @Test("a preview removes nothing; applying puts what the rule takes into the trash, from where it comes back")
    func wholeWay() async throws {
        try await withFolder { folder in
            let harbour = try await Harbour.open(in: folder)
            defer { harbour.close() }
            let pratique = harbour.pratique
            // One after the other, so that the age of each is known.
            for tag in ["1", "2", "3"] {
                let image = SmallImage.debian(packages: [.init("zlib1g", "1.\(tag)")])
                try await harbour.pusher().push(image, "team/app", tag: tag)
                try await pratique.image("demo/team/app:\(tag)")
            }
            let rule = CleanupRequest(registry: try RegistryName("demo"), keepNewest: 1)
            let old = ["demo/team/app:1", "demo/team/app:2"]

            let preview = try await pratique.command("cleanup/preview", body: rule)
            #expect(preview.state == .done && preview.proposals?.map(\.name.text).sorted() == old)
            #expect(try await names(pratique) == old + ["demo/team/app:3"])
            #expect(try await names(pratique, trash: true).isEmpty)

            let applied = try await pratique.command("cleanup/apply", body: rule)
            #expect(applied.state == .done && applied.proposals?.map(\.name.text).sorted() == old)
            try await eventually("they are in the trash", within: PratiqueInstance.patience) {
                let (left, trash) = (try await names(pratique), try await names(pratique, trash: true))
                return left == ["demo/team/app:3"] && trash == old
            }
            let trashed = try await pratique.image("demo/team/app:1", "can be restored") { $0.restorableUntil != nil }
            #expect(try harbour.requests("DELETE", holding: "team/app").isEmpty)

            let request = RestoreRequest(images: [trashed.name])
            #expect(try await pratique.command("cleanup/restore", body: request).state == .done)
            let restored = try await pratique.image("demo/team/app:1", "is back") {
                $0.restorableUntil == nil && ImageSummary.Status.judged.contains($0.status)
            }
            #expect(restored.digest == trashed.digest)
            #expect(try await names(pratique) == ["demo/team/app:1", "demo/team/app:3"])
            #expect(try await names(pratique, trash: true) == ["demo/team/app:2"])
            // What is not in the trash is refused.
            #expect(try await pratique.command("cleanup/restore", body: request).state == .failed)
        }
    }

    private func names(_ pratique: PratiqueInstance, trash: Bool = false) async throws -> [String] {
        try await pratique.call(
            .get, "images", query: trash ? [("trash", "true")] : [], as: Page<ImageSummary>.self
        ).items.map(\.name.text)
    }
}
