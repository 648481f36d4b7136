import Events
import Foundation
import Model
import Testing

@testable import WebhookGatewayService

@Suite("The catalogue: inventories without a name")
struct CatalogueUnnamedTests {
    private let week = CatalogueState.unnamedSeconds
    private let one = CatalogueBench.digest(1)
    private let two = CatalogueBench.digest(2)

    private func uploadKey(_ digest: Digest) -> String {
        InventoryRecord.uploadKey(digest, uploader: "ci", candidate: "example/app:1@\(digest)")
    }

    /// A platform's digest with our own inventory and an upload.
    private func member(_ number: Int, parents: [Int] = []) -> InventoryFamily.Member {
        let digest = CatalogueBench.digest(number)
        return .init(
            digest: digest, keys: [digest.text, uploadKey(digest)],
            parents: Set(parents.map(CatalogueBench.digest)))
    }

    private func effects(of numbers: Int...) -> [CatalogueOutput.Effect] {
        numbers.flatMap { number -> [CatalogueOutput.Effect] in
            let digest = CatalogueBench.digest(number)
            return [
                .dropInventory(key: digest.text), .dropInventory(key: uploadKey(digest)), .dropScanStatus(digest),
            ]
        }
    }

    /// app:1 was bound to 1 and now is to 2; nothing else has 1.
    private func moved() throws -> (CatalogueBench, [CatalogueOutput]) {
        var bench = try CatalogueBench(registries: [])
        var log = try bench.apply(.putRegistry(CatalogueBench.registry("example")))
        log += try bench.observe("example/app:1", 1)
        bench.scanned(1)
        log += try bench.observe("example/app:1", 2)
        bench.scanned(2)
        return (bench, log)
    }

    @Test("the mark comes before the last name goes, and the inventory goes after a week, with its uploads and status")
    func week7() throws {
        var (bench, log) = try moved()
        let place = try #require(log.effects.firstIndex(of: .unnamed(.init(digest: one, since: bench.now))))
        let image = try #require(log.images.last)
        #expect(try place < #require(log.effects.firstIndex(of: .image(image))))
        bench.advance(week - 1)
        #expect(bench.state.takeOverdue().isEmpty && bench.removeInventory(1, .init(member: member(1))).isEmpty)
        bench.advance(2)
        #expect(bench.state.takeOverdue() == [one])
        #expect(bench.removeInventory(1, .init(member: member(1))) == effects(of: 1) + [.dropUnnamed(one)])
        #expect(bench.removeInventory(1, .init(member: member(1))).isEmpty)
        #expect(bench.state.scans[one] == nil && bench.state.scans[two] != nil)
    }

    @Test("a digest that is pushed again after its inventory went is scanned again")
    func scannedAgain() throws {
        var (bench, _) = try moved()
        bench.advance(week + 1)
        #expect(!bench.removeInventory(1, .init(member: member(1))).isEmpty)
        let outputs = try bench.observe("example/app:3", 1)
        #expect(outputs.requests.map(\.digest) == [one] && outputs.requests.first?.attempt == 1)
        #expect(bench.advance(86_400).requests.isEmpty, "as an open request, not as one of a digest that is known")
    }

    @Test("a digest that has a name again keeps its inventory")
    func namedAgain() throws {
        var (bench, _) = try moved()
        bench.advance(week - 10)
        #expect(try bench.observe("example/app:9", 1).effects.contains(.dropUnnamed(one)))
        bench.advance(20)
        #expect(bench.state.takeOverdue().isEmpty && bench.removeInventory(1, .init(member: member(1))).isEmpty)
    }

    @Test("an image in the trash and a candidate are names")
    func trashAndCandidate() throws {
        var bench = try CatalogueBench()
        let name = CatalogueBench.name("example/app:1")
        try bench.observe("example/app:1", 1)
        bench.scanned(1)
        let gone = try bench.apply(.remove(.init(name: name, revision: 1, actor: "cleanup", evidence: "old")))
        #expect(!gone.effects.contains(.unnamed(.init(digest: one, since: bench.now))))
        bench.advance(week + 1)
        #expect(bench.state.unnamed.isEmpty)
        try bench.apply(.restore(.init(name: name, actor: "alice")))
        let proposed = try bench.apply(.candidate(bench.candidate(name, 3, .never)))
        #expect(proposed.effects.count == 1 && bench.state.unnamed.isEmpty)
        bench.advance(7 * 86_400 + 1)
        #expect(Set(bench.state.unnamed.keys) == [CatalogueBench.digest(3)], "the candidate has expired")
        let other = CatalogueBench.name("other/app:1")
        try bench.apply(.candidate(bench.candidate(other, 4, .never)))
        #expect(bench.state.unnamed[CatalogueBench.digest(4)] == bench.now, "the upload of a refused candidate")
    }

    @Test("platforms go with their index, but for those with a name, a mark, or another index")
    func index() throws {
        var (bench, _) = try moved()
        try bench.observe("example/app:named", 12)
        bench.advance(week - 5)
        try bench.observe("example/app:marked", 13)
        try bench.observe("example/app:marked", 2)
        bench.advance(6)
        let family = InventoryFamily(
            member: member(1),
            children: [
                member(11, parents: [1]), member(12, parents: [1]), member(13, parents: [1]),
                member(14, parents: [1, 5]),
            ])
        let shared = CatalogueBench.digest(14)
        let mark = CatalogueOutput.Effect.unnamed(.init(digest: shared, since: bench.now))
        #expect(bench.removeInventory(1, family) == [mark] + effects(of: 1, 11) + [.dropUnnamed(one)])
        // The shared one stays as long as its other index does.
        bench.advance(week + 1)
        #expect(bench.state.takeOverdue().contains(shared))
        #expect(bench.removeInventory(14, .init(member: member(14, parents: [5]))).isEmpty)
        bench.advance(CatalogueState.unnamedAgainSeconds + 1)
        #expect(bench.state.takeOverdue().contains(shared))
        #expect(bench.removeInventory(14, .init(member: member(14))) == effects(of: 14) + [.dropUnnamed(shared)])
    }

    @Test("while it is not known what the log has, the inventory stays and is looked at again soon")
    func notReady() throws {
        var (bench, _) = try moved()
        bench.advance(week + 1)
        #expect(bench.state.takeOverdue() == [one])
        #expect(bench.removeInventory(1, nil).isEmpty && bench.state.unnamed[one] != nil)
        bench.advance(CatalogueState.unknownAgainSeconds + 1)
        #expect(bench.state.takeOverdue() == [one])
    }

    @Test("a restart on the sixth day changes nothing; marks of digests that have a name end at the take-over")
    func restart() throws {
        var (bench, log) = try moved()
        log += try bench.observe("example/app:9", 5)
        log += try bench.apply(.putSettings(SettingsRecord(trashDays: 1)))
        bench.now += 6 * 86_400
        // A crash between the mark and the image leaves a mark too many.
        let stale = UnnamedRecord(digest: CatalogueBench.digest(5), since: bench.now)
        let context = EventContext(id: "crash", source: "test", time: bench.now)
        let left = CatalogueOutput(effect: .unnamed(stale), context: context, applied: nil)
        var (next, outputs) = try bench.restarted(from: log + [left])
        #expect(outputs.effects.contains(.dropUnnamed(CatalogueBench.digest(5))))
        #expect(Set(next.state.unnamed.keys) == [one])
        next.advance(86_400 - 10)
        #expect(next.state.takeOverdue().isEmpty)
        next.advance(20)
        #expect(next.state.takeOverdue() == [one])
    }
}

extension CatalogueBench {
    fileprivate mutating func removeInventory(_ number: Int, _ family: InventoryFamily?) -> [CatalogueOutput.Effect] {
        let context = EventContext(id: "sweep", source: "test", time: now)
        return state.removeInventory(of: Self.digest(number), family, context: context, now: now).effects
    }
}
