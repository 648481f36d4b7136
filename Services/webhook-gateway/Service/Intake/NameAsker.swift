import EventLogPort
import Events
import Foundation
import Model
import RegistryAccess
import RegistryClient

/// Asks registries what names point at and writes the answers, one ask a name at a time.
///
/// An ask serves every delivery that was in the log before it began: those that come to it later, in this process, are
/// done already. So hundreds of equal events cause few asks, and an event that is newer than an ask causes another.
/// **Limits**: `widthMax` asks at a time in a registry; after a registry could not be reached its names fail at once
/// for
/// `holdSeconds`; `rememberedMax` names are remembered.
actor NameAsker {
    static let widthMax = 8
    static let holdSeconds: TimeInterval = 10
    static let rememberedMax = 20_000
    /// CNCF Distribution announces a push before it has set the tag, so for a moment the tag of a push may be unknown:
    /// it is asked for again after these waits before its absence is believed.
    static let absenceWaits: [Duration] = [.milliseconds(100), .milliseconds(400), .seconds(2)]

    /// One delivery's wish to know.
    struct Wish: Sendable {
        let name: ImageName
        let source: ImageRecord.Source
        let urgent: Bool
        /// The delivery says that somebody has just given the image this name.
        let wasPushed: Bool
        let delivery: RecordID
        let context: EventContext
    }

    private enum Progress {
        case running(Task<Void, any Error>)
        /// What was in the log, by partition, before the ask began.
        case done(covers: [Int: Int64])
    }

    private let log: any EventLog
    private let time: TimeSource
    private let registries: any RegistryDirectory
    private var names: [ImageName: Progress] = [:]
    private var asking: [RegistryName: Int] = [:]
    private var waiting: [RegistryName: [CheckedContinuation<Void, Never>]] = [:]
    private var held: [RegistryName: (until: Date, registry: Registry, error: any Error)] = [:]

    init(log: any EventLog, time: TimeSource, registries: any RegistryDirectory) {
        self.log = log
        self.time = time
        self.registries = registries
    }

    /// Returns when an answer that is newer than the wish is durable.
    func serve(_ wish: Wish, _ registry: Registry) async throws {
        while true {
            switch names[wish.name] {
            case .done(let covers)? where Self.covers(covers, wish.delivery): return
            case .running(let task)?:
                // It serves this wish too, if it began late enough: then the next round finds it done.
                _ = await task.result
                try Task.checkCancellation()
            case .done?, nil:
                let task = Task { try await self.ask(wish, registry) }
                names[wish.name] = .running(task)
                return try await task.value
            }
        }
    }

    /// It ends only after it is no longer `running`: who waits for it must not find it again.
    private func ask(_ wish: Wish, _ registry: Registry) async throws {
        do {
            let covers = try await log.end(of: wish.delivery.topic)
            try await run(wish, registry)
            finish(wish.name, .done(covers: covers))
        } catch {
            finish(wish.name, nil)
            throw error
        }
    }

    private static func covers(_ ends: [Int: Int64], _ delivery: RecordID) -> Bool {
        delivery.position <= ends[delivery.partition] ?? -1
    }

    private func finish(_ name: ImageName, _ progress: Progress?) {
        if names.count > Self.rememberedMax {
            names = names.filter { if case .running = $0.value { true } else { false } }
        }
        names[name] = progress
    }

    private func run(_ wish: Wish, _ registry: Registry) async throws {
        let change = try await change(wish, registry)
        let now = time.now()
        let source = "webhook-gateway"
        var drafts = [
            try RecordDraft(
                Topics.changes, key: change.key, change, wish.context.caused("change/\(wish.name)", by: source, at: now)
            )
        ]
        if wish.source == .webhook {
            let entry = TimelineEntry(
                name: wish.name, digest: change.shown, step: .delivered, detail: "announced by the registry",
                at: now.milliseconds)
            drafts.append(
                try RecordDraft(
                    Topics.timeline, key: wish.name.text, entry,
                    wish.context.caused("timeline/\(wish.name)", by: source, at: now)))
        }
        CrashPoint.hit(.intakeBeforeAppend)
        _ = try await log.append(drafts)
        CrashPoint.hit(.intakeAfterAppend)
    }

    private func change(_ wish: Wish, _ registry: Registry) async throws -> Change {
        var answer = try await answer(wish.name, registry)
        for wait in wish.wasPushed ? Self.absenceWaits : [] {
            guard case .absent = answer else { break }
            try await time.clock.sleep(for: wait)
            answer = try await self.answer(wish.name, registry)
        }
        switch answer {
        case .shows(let digest, let type):
            return .observed(
                .init(name: wish.name, digest: digest, mediaType: type, source: wish.source, urgent: wish.urgent))
        case .absent: return .gone(.init(name: wish.name, source: wish.source))
        case .failed(let error):
            let failure = RegistryFailure.failure(of: error, attempt: 1, now: time.now())
            return .unresolved(.init(name: wish.name, source: wish.source, failure: failure))
        }
    }

    private func answer(_ name: ImageName, _ registry: Registry) async throws -> RegistryAnswer {
        if let hold = hold(registry) { return .failed(hold) }
        await enter(registry.name)
        defer { leave(registry.name) }
        // The registry may have failed while this ask waited for its turn.
        if let hold = hold(registry) { return .failed(hold) }
        let reader: any RegistryReader
        do { reader = try registries.reader(for: registry) } catch { return .failed(error) }
        let answer = try await reader.ask(name.repository, name.target)
        if case .failed(let error as RegistryError) = answer, case .unreachable = error {
            held[registry.name] = (time.now().addingTimeInterval(Self.holdSeconds), registry, error)
        }
        return answer
    }

    private func hold(_ registry: Registry) -> (any Error)? {
        guard let hold = held[registry.name] else { return nil }
        if hold.registry == registry, time.now() < hold.until { return hold.error }
        held[registry.name] = nil
        return nil
    }

    // MARK: Width

    private func enter(_ registry: RegistryName) async {
        guard asking[registry, default: 0] >= Self.widthMax else {
            asking[registry, default: 0] += 1
            return
        }
        await withCheckedContinuation { waiting[registry, default: []].append($0) }
    }

    /// Hands the place to the next one who waits.
    private func leave(_ registry: RegistryName) {
        if waiting[registry]?.isEmpty == false {
            waiting[registry]?.removeFirst().resume()
        } else {
            asking[registry, default: 1] -= 1
        }
    }
}

extension Change {
    fileprivate var shown: Digest? { if case .observed(let seen) = self { seen.digest } else { nil } }
}
