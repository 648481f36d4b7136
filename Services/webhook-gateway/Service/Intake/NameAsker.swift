import EventLogPort
import Events
import Foundation
import Model
import RegistryAccess
import RegistryClient

/// Asks registries what names point at and writes the answers, one ask a name at a time.
///
/// An ask serves every delivery that was in the log before it began: those that come to it later, in this process, are
/// done already. So hundreds of equal events cause few asks, and an event that is newer than an ask causes another; so
/// does the push of a digest that the ask neither saw nor waited for.
/// **Limits**: `widthMax` asks at a time in a registry; after a registry could not be reached its names fail at once
/// for
/// `holdSeconds`; `rememberedMax` names are remembered.
actor NameAsker {
    static let widthMax = 8
    static let holdSeconds: TimeInterval = 10
    static let rememberedMax = 20_000
    /// CNCF Distribution announces a push before it has set the tag, so for a moment the tag of a push may be unknown
    /// or still be that of the digest before: it is asked for again after these waits before such an answer is
    /// believed.
    static let pushWaits: [Duration] = [.milliseconds(100), .milliseconds(400), .seconds(2)]

    /// What a delivery says that somebody has just given a name.
    struct Push: Sendable, Hashable {
        /// nil where it does not say which.
        let digest: Digest?
    }

    /// One delivery's wish to know.
    struct Wish: Sendable {
        let name: ImageName
        let source: ImageRecord.Source
        let urgent: Bool
        /// nil for what is no push.
        let push: Push?
        let delivery: RecordID
        let context: EventContext
    }

    private enum Progress {
        case running(Task<Void, any Error>)
        case done(Done)
    }

    private struct Done {
        /// What was in the log, by partition, before the ask began.
        let covers: [Int: Int64]
        /// Digests that it saw or waited for.
        let digests: Set<Digest>

        /// Whether a wish has its answer by this.
        func serves(_ wish: Wish) -> Bool {
            guard wish.delivery.position <= covers[wish.delivery.partition] ?? -1 else { return false }
            return wish.push?.digest.map { digests.contains($0) } ?? true
        }
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
            case .done(let done)? where done.serves(wish): return
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
            let shown = try await run(wish, registry)
            let digests = Set([shown, wish.push?.digest].compactMap { $0 })
            finish(wish.name, .done(Done(covers: covers, digests: digests)))
        } catch {
            finish(wish.name, nil)
            throw error
        }
    }

    private func finish(_ name: ImageName, _ progress: Progress?) {
        if names.count > Self.rememberedMax {
            names = names.filter { if case .running = $0.value { true } else { false } }
        }
        names[name] = progress
    }

    /// Writes what the registry answers, and returns the digest that it shows.
    private func run(_ wish: Wish, _ registry: Registry) async throws -> Digest? {
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
        return change.shown
    }

    private func change(_ wish: Wish, _ registry: Registry) async throws -> Change {
        var answer = try await answer(wish.name, registry)
        for wait in Self.pushWaits {
            guard let push = wish.push, push.mayBeEarlier(answer) else { break }
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
            return .unresolved(
                .init(name: wish.name, source: wish.source, failure: failure, registryVersion: registry.version))
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

extension NameAsker.Push {
    /// Whether the registry may have given this answer before it set the tag.
    fileprivate func mayBeEarlier(_ answer: RegistryAnswer) -> Bool {
        switch answer {
        case .absent: true
        case .shows(let shown, _): digest.map { $0 != shown } ?? false
        case .failed: false
        }
    }
}

extension Change {
    fileprivate var shown: Digest? { if case .observed(let seen) = self { seen.digest } else { nil } }
}
