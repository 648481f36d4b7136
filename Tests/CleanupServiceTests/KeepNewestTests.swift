import Events
import Foundation
import Model
import Testing

@testable import CleanupService

@Suite("Keep the newest")
struct KeepNewestTests {
    private let start = Date(timeIntervalSince1970: 1_800_000_000)

    private func rule(keep: Int, _ repositories: [GlobPattern] = []) throws -> CleanupRule {
        CleanupRule(registry: try RegistryName("main"), repositories: repositories, keepNewest: keep)
    }

    @Test("all but the newest N are proposed, the oldest first, with revision and evidence")
    func order() throws {
        let images = try [3, 1, 4, 2].map { number in
            try CleanupFixture.image(
                "main/app:\(number)", boundAt: start.addingTimeInterval(Double(number)), revision: Int64(number))
        }
        let proposals = KeepNewest.proposals(images, try rule(keep: 2))
        #expect(proposals.map(\.name.text) == ["main/app:1", "main/app:2"])
        #expect(proposals.map(\.revision) == [1, 2])
        #expect(proposals.allSatisfy { $0.digest != nil && $0.evidence.contains("the newest 2 stay") })
        #expect(proposals[0].evidence.contains("number 4 of 4"))
    }

    @Test("of equal age the name decides, whatever the order given")
    func ties() throws {
        let images = try ["c", "a", "b"].map { try CleanupFixture.image("main/app:\($0)", boundAt: start) }
        for order in [images, images.reversed()] {
            #expect(KeepNewest.proposals(order, try rule(keep: 1)).map(\.name.text) == ["main/app:c", "main/app:b"])
        }
    }

    @Test("images that wait, were never pushed, are gone or in the trash are neither taken nor counted")
    func untouched() throws {
        let trash = ImageRecord.Trash(removedAt: start, restorableUntil: start, actor: "a", evidence: "e")
        let images = try [
            CleanupFixture.image("main/app:waiting", boundAt: start, resolution: .waiting(nil)),
            CleanupFixture.image("main/app:ci", boundAt: start, resolution: .notPushed),
            CleanupFixture.image("main/app:gone", boundAt: start, resolution: .notFound),
            CleanupFixture.image("main/app:trash", boundAt: start, trash: trash),
            CleanupFixture.image("main/app:old", boundAt: start.addingTimeInterval(-9)),
        ]
        #expect(KeepNewest.proposals(images, try rule(keep: 1)).isEmpty)
    }

    @Test("a rule that keeps nothing is refused", arguments: [0, -1, Int.min, Int.max])
    func bounds(_ keep: Int) throws { #expect(KeepNewest.refusal(try rule(keep: keep)) != nil) }

    @Test("repositories are chosen by pattern; none means all")
    func scope() throws {
        let app = try RepositoryName("team/app")
        #expect(KeepNewest.isInScope(app, try rule(keep: 1)))
        #expect(KeepNewest.isInScope(app, try rule(keep: 1, ["team/*"])))
        #expect(!KeepNewest.isInScope(app, try rule(keep: 1, ["other/*"])))
    }
}
