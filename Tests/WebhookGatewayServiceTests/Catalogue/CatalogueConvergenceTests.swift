import Events
import Foundation
import Model
import TestSupport
import Testing

@testable import WebhookGatewayService

/// A registry, deliveries that lie about, and a catalogue in between: whatever the order, the catalogue ends at what
/// the registry says.
private struct World {
    /// What somebody has found out and has not told the catalogue yet.
    enum Answer {
        case change(Change)
        case again(Change, Int64)
    }

    var bench: CatalogueBench
    var dice: SeededGenerator
    var tags: [ImageName: Int] = [:]
    /// Names that somebody will ask the registry for.
    var asks: [ImageName] = []
    var answers: [Answer] = []
    var applied: [(Change, Int64)] = []
    var log: [CatalogueOutput] = []
    /// The digests that a scanner works on.
    var scans: [ScanRequest] = []
    let names: [ImageName]

    init(dice: SeededGenerator, names count: Int) throws {
        bench = try CatalogueBench(registries: [])
        self.dice = dice
        names = (0..<count).map { CatalogueBench.name("example/app:\($0)") }
        take(try bench.apply(.putRegistry(CatalogueBench.registry("example"))))
        // In some worlds nothing stays in the trash.
        if self.dice.chance(0.4) { take(try bench.apply(.putSettings(SettingsRecord(trashDays: 0)))) }
    }

    mutating func take(_ outputs: [CatalogueOutput]) {
        log += outputs
        asks += outputs.asked
        scans += outputs.requests
    }

    static func pick<T>(_ list: inout [T], _ dice: inout SeededGenerator) -> T? {
        list.isEmpty ? nil : list.remove(at: Int.random(in: 0..<list.count, using: &dice))
    }

    /// One HEAD, answered now; the answer is told later. Sometimes the registry is down.
    mutating func ask(_ name: ImageName, _ source: ImageRecord.Source, mayFail: Bool) {
        if mayFail, dice.chance(0.15) {
            let failure = Failure(
                kind: .unreachable, message: "down", attempt: 1, nextAttemptAt: bench.now.addingTimeInterval(30))
            answers.append(.change(.unresolved(.init(name: name, source: source, failure: failure))))
        } else if let number = tags[name] {
            answers.append(
                .change(
                    .observed(
                        .init(
                            name: name, digest: CatalogueBench.digest(number), mediaType: .ociManifest, source: source,
                            urgent: dice.chance(0.5)))))
        } else {
            answers.append(.change(.gone(.init(name: name, source: source))))
        }
    }

    mutating func step(mayFail: Bool, quiet: Bool) throws {
        switch Int.random(in: 0..<(quiet ? 6 : 12), using: &dice) {
        case 0, 1: if let name = Self.pick(&asks, &dice) { ask(name, .webhook, mayFail: mayFail) }
        case 2, 3: try tell()
        case 4: if let request = Self.pick(&scans, &dice) { scan(request, mayFail: mayFail) }
        case 5: take(bench.advance(TimeInterval.random(in: 0...120, using: &dice)))
        case 6, 7: push(names[Int.random(in: 0..<names.count, using: &dice)])
        case 8:
            // A delivery comes once more, or somebody lists the registry.
            let name = names[Int.random(in: 0..<names.count, using: &dice)]
            ask(name, .enumeration, mayFail: mayFail)
        case 9:
            if let (change, position) = applied.randomElement(using: &dice) { answers.append(.again(change, position)) }
        case 10: wish()
        default: if dice.chance(0.1) { try restart() }
        }
    }

    mutating func push(_ name: ImageName) {
        tags[name] = dice.chance(0.3) ? nil : Int.random(in: 1...6, using: &dice)
        asks.append(name)
        if dice.chance(0.3) { asks.append(name) }
    }

    mutating func wish() {
        let name = names[Int.random(in: 0..<names.count, using: &dice)]
        switch Int.random(in: 0..<5, using: &dice) {
        case 4:
            let register: CandidateRecord.Register = dice.chance(0.7) ? .always : .never
            let number = Int.random(in: 1...6, using: &dice)
            answers.append(.change(.candidate(bench.candidate(name, number, register))))
        case 0:
            let revision = bench.state.images[name]?.revision ?? 1
            answers.append(.change(.remove(.init(name: name, revision: revision, actor: "cleanup", evidence: "old"))))
        case 1: answers.append(.change(.restore(.init(name: name, actor: "alice"))))
        case 2: answers.append(.change(.register(.init(name: name, actor: "alice"))))
        default: answers.append(.change(.rescan(.init(registry: nil, reason: "schedule"))))
        }
    }

    /// Tells the catalogue any of the answers: late, and in any order.
    mutating func tell() throws {
        switch Self.pick(&answers, &dice) {
        case nil: break
        case .change(let change)?:
            take(try bench.apply(change))
            applied.append((change, bench.position))
        case .again(let change, let position)?: take(try bench.apply(change, at: position))
        }
    }

    mutating func scan(_ request: ScanRequest, mayFail: Bool) {
        let shown = tags[request.name].map(CatalogueBench.digest)
        let isDown = mayFail && dice.chance(0.15)
        if !isDown, shown != request.digest { ask(request.name, .scan, mayFail: false) }
        let number = (1...6).first { CatalogueBench.digest($0) == request.digest } ?? 1
        let isDone = bench.state.scans[request.digest]?.state == .done
        // A name that could not be asked for is said where no scan meets the same trouble.
        if isDown, isDone {
            let failure = Failure(
                kind: .unreachable, message: "down", attempt: 1, nextAttemptAt: bench.now.addingTimeInterval(30))
            answers.append(.change(.unresolved(.init(name: request.name, source: .scan, failure: failure))))
        }
        if isDone, !request.wantsStatus { return }
        let failure = Failure(
            kind: .damaged, message: "cut", attempt: request.attempt, nextAttemptAt: bench.now.addingTimeInterval(60))
        let fails = !isDone && mayFail && (isDown || dice.chance(0.3))
        take(bench.scanned(number, fails ? .failed(failure) : .done))
    }

    mutating func restart() throws {
        let (next, outputs) = try bench.restarted(from: log)
        bench = next
        take(outputs)
    }

    /// The registry changes no more; what is under way ends.
    mutating func settle() throws {
        for name in names { asks.append(name) }
        for _ in 0..<100_000 {
            if asks.isEmpty, answers.isEmpty, scans.isEmpty {
                let before = log.count
                take(bench.advance(7 * 3600))
                if log.count == before { return }
            }
            try step(mayFail: false, quiet: true)
        }
        Issue.record("does not come to rest")
    }
}

@Suite("The catalogue ends at what the registry says")
struct CatalogueConvergenceTests {
    @Test("late, repeated, reordered and failed deliveries, removals, rescans and restarts", arguments: 0..<60)
    func converges(round: Int) throws {
        var dice = SeededGenerator.printed("catalogue convergence \(round)")
        var world = try World(dice: SeededGenerator(seed: dice.next()), names: 5)
        for _ in 0..<400 { try world.step(mayFail: true, quiet: false) }
        try world.settle()
        for name in world.names {
            let image = world.bench.state.images[name]
            let removed = world.bench.state.removals[name]?.digest
            if let number = world.tags[name], image == nil, removed == CatalogueBench.digest(number) { continue }
            if let number = world.tags[name] {
                // In the trash only where somebody removed exactly this digest.
                #expect(image?.digest == CatalogueBench.digest(number) && image?.resolution == .resolved, "\(name)")
                if let trash = image?.trash { #expect(trash.actor == "cleanup", "\(name)") }
            } else if let image {
                let isKnownToBeMissing = image.resolution == .notFound || image.resolution == .notPushed
                #expect(isKnownToBeMissing || image.trash != nil, "\(name): \(image)")
            }
        }
        let live = world.bench.state.images.values.filter { $0.trash == nil && $0.resolution == .resolved }
        for image in live {
            #expect(image.digest.flatMap { world.bench.state.scans[$0]?.state } == .done, "\(image.name)")
        }
        let next = try world.bench.restarted(from: world.log).0.state
        let state = world.bench.state
        let held = Set(state.images.values.compactMap(\.digest)).union(state.candidates.values.map(\.digest))
        #expect(Set(state.holders.keys) == held && held.isDisjoint(with: state.unnamed.keys))
        #expect(next.unnamed == state.unnamed && next.holders == state.holders)
        #expect(next.images == world.bench.state.images && next.removals == world.bench.state.removals)
    }
}
