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

    private func candidate(
        _ text: String, boundAt: Date, createdAt: Date? = nil, sources: [ImageRecord.Source] = [.webhook],
        isScanned: Bool = true, revision: Int64 = 1
    ) throws -> KeepNewest.Candidate {
        let image = try CleanupFixture.image(text, boundAt: boundAt, revision: revision, sources: sources)
        return .init(image: image, isScanned: isScanned, createdAt: createdAt)
    }

    @Test("all but the newest N are proposed, the oldest first, with revision and evidence")
    func order() throws {
        let images = try [3, 1, 4, 2].map { number in
            try candidate(
                "main/app:\(number)", boundAt: start.addingTimeInterval(Double(number)), revision: Int64(number))
        }
        let proposals = KeepNewest.proposals(images, try rule(keep: 2)).taken
        #expect(proposals.map(\.name.text) == ["main/app:1", "main/app:2"])
        #expect(proposals.map(\.revision) == [1, 2])
        #expect(proposals.allSatisfy { $0.digest != nil && $0.evidence.contains("the newest 2 stay") })
        #expect(proposals[0].evidence.contains("number 4 of 4"))
    }

    @Test("what is as old as the last one that stays, stays too, and the evidence says so")
    func ties() throws {
        let images = try ["c", "a", "b"].map { try candidate("main/app:\($0)", boundAt: start) }
        let older = try candidate("main/app:0", boundAt: start.addingTimeInterval(-1))
        for order in [images + [older], [older] + images.reversed()] {
            let taken = KeepNewest.proposals(order, try rule(keep: 2)).taken
            #expect(taken.map(\.name.text) == ["main/app:0"])
            #expect(taken.first?.evidence.contains("what is as old as the last of them") == true)
        }
    }

    @Test("a registry that is connected later shows its tags at once: when they were made decides")
    func connectedLater() throws {
        let images = try (0..<30).map { number in
            try candidate(
                "main/app:\(1 + number / 10).\(number % 10)", boundAt: start,
                createdAt: start.addingTimeInterval(Double(number - 1000) * 86_400), sources: [.enumeration])
        }
        let taken = KeepNewest.proposals(images.shuffled(), try rule(keep: 5)).taken.map(\.name.text)
        #expect(taken == images.prefix(25).map(\.image.name.text))
    }

    @Test("images of unknown age are neither counted nor taken", arguments: [ImageRecord.Source.enumeration, .api])
    func ageless(source: ImageRecord.Source) throws {
        let old = start.addingTimeInterval(-86_400)
        let images = try [
            // Reproducible builds that a listing found, in two batches.
            candidate("main/app:1.0", boundAt: start, sources: [source]),
            candidate("main/app:2.9", boundAt: start.addingTimeInterval(-1), sources: [source, .webhook]),
            // Pushed, and not scanned yet: it may say that it is older than all others.
            candidate("main/app:new", boundAt: start, isScanned: false),
            candidate("main/app:a", boundAt: start, createdAt: old),
            candidate("main/app:b", boundAt: start, createdAt: old.addingTimeInterval(-1)),
        ]
        let proposals = KeepNewest.proposals(images, try rule(keep: 1))
        #expect(proposals.taken.map(\.name.text) == ["main/app:b"])
        #expect(proposals.ageless == 3)
        #expect(KeepNewest.proposals(Array(images.prefix(3)), try rule(keep: 1)).taken.isEmpty)
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
        ].map { KeepNewest.Candidate(image: $0, isScanned: true, createdAt: nil) }
        let proposals = KeepNewest.proposals(images, try rule(keep: 1))
        #expect(proposals.taken.isEmpty && proposals.ageless == 0)
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
