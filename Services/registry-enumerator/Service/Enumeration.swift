import EventLogPort
import Events
import Foundation
import Model
import RegistryAccess
import RegistryClient

/// One run over one registry: lists repositories and tags, asks what each name points at, and tells the catalogue what
/// differs from what it has.
///
/// A name that a listing does not show is asked for by itself, and only if the listing was complete; nothing else than
/// a 404 to that question makes it go. What fails is a problem of the run, never an absence.
///
/// A repository that was listed to its end, every name of it asked for, leaves a mark. A run that goes on from an
/// earlier one passes over those that were marked since that one began.
/// **Limits**: `width` repositories at a time, `failuresMax` failures in a row, `problemsMax` lines, `progressMax`
/// reports.
actor Enumeration {
    static let width = 4
    static let failuresMax = 5
    static let problemsMax = 50
    static let progressMax = 20
    static let source = "registry-enumerator"

    typealias Append = @Sendable ([RecordDraft]) async throws -> Void

    private let registry: Registry
    private let reader: any RegistryReader
    private let known: @Sendable () -> EnumeratorMemory
    private let append: Append
    private let report: @Sendable (RegistryStatusRecord.Enumeration, Int, Int) async throws -> Void
    private let time: TimeSource
    private let context: EventContext
    private(set) var result: RegistryStatusRecord.Enumeration
    private(set) var failure: (any Error)?
    private var failuresInARow = 0
    private var isComplete = true
    private var done = 0
    private var reported = 0

    /// - Parameter report: told of progress, with the repositories done and in all.
    init(
        _ registry: Registry, reader: any RegistryReader, startedAt: Date, context: EventContext, time: TimeSource,
        known: @escaping @Sendable () -> EnumeratorMemory, append: @escaping Append,
        report: @escaping @Sendable (RegistryStatusRecord.Enumeration, Int, Int) async throws -> Void
    ) {
        self.registry = registry
        self.reader = reader
        self.known = known
        self.append = append
        self.report = report
        self.time = time
        self.context = context
        result = RegistryStatusRecord.Enumeration(startedAt: startedAt.milliseconds)
    }

    /// - Throws: errors of the log, `CancellationError`. What the registry did is in `result` and `failure`.
    func run() async throws {
        var repositories: [RepositoryName] = []
        do {
            let listing = try await reader.repositories(progress: nil)
            repositories = listing.names.filter { registry.filter.contains($0) }
            if let reason = listing.incompleteBecause { fail("the list of repositories may be short: \(reason)") }
            if listing.skippedCount > 0 { fail("\(listing.skippedCount) repositories have names that cannot be read") }
        } catch let error as CancellationError {
            throw error
        } catch {
            try Task.checkCancellation()
            failure = error
            isComplete = false
        }
        if failure == nil {
            // What the catalogue has and the list does not show is asked for, name by name, if the list is whole.
            if isComplete {
                let listed = Set(repositories)
                let others = known().images[registry.name, default: [:]].filter { !$0.value.isEmpty }.keys
                repositories += others.filter { !listed.contains($0) }.sorted()
            }
            result.repositories = repositories.count
            let listsAll = isComplete
            try await visit(repositories)
            if listsAll, failure == nil { try await dropMarks(except: Set(repositories)) }
        }
        result.finishedAt = time.now().milliseconds
        result.complete = isComplete && failure == nil
    }

    private func visit(_ repositories: [RepositoryName]) async throws {
        try await report(result, 0, repositories.count)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (index, repository) in repositories.enumerated() {
                if index >= Self.width { try await group.next() }
                if failure != nil { break }
                group.addTask { try await self.visit(repository, of: repositories.count) }
            }
            try await group.waitForAll()
        }
    }

    private func visit(_ repository: RepositoryName, of total: Int) async throws {
        if let mark = known().mark(repository, of: registry.name, since: result.startedAt) {
            result.images += mark.tags
            return try await tick(of: total)
        }
        guard let listed = try await tags(of: repository) else { return try await tick(of: total) }
        let catalogue = known().images[registry.name]?[repository] ?? [:]
        var names = listed.tags.map { ImageName(registry: registry.name, repository: repository, target: .tag($0)) }
        result.images += names.count
        if listed.isWhole {
            let shown = Set(names)
            names += catalogue.keys.filter { !shown.contains($0) }.sorted()
        }
        var drafts: [RecordDraft] = []
        var isWhole = listed.isWhole
        for name in names {
            guard failure == nil else { return }
            let (change, isAnswered) = try await change(name, catalogue[name])
            isWhole = isWhole && isAnswered
            guard let change else { continue }
            let caused = context.caused("change/\(name)", by: Self.source, at: time.now())
            drafts.append(try RecordDraft(Topics.changes, key: change.key, change, caused))
        }
        guard failure == nil else { return }
        if isWhole { drafts.append(try mark(repository, tags: listed.tags.count)) }
        if !drafts.isEmpty { try await append(drafts) }
        try await tick(of: total)
    }

    private func mark(_ repository: RepositoryName, tags: Int) throws -> RecordDraft {
        let mark = CrawlMarkRecord(
            registry: registry.name, repository: repository, listedAt: time.now().milliseconds, tags: tags)
        let key = EnumeratorMemory.markKey(registry.name, repository)
        let caused = context.caused("mark/\(key)", by: Self.source, at: time.now())
        return try RecordDraft(Topics.crawlMarks, key: key, mark, caused)
    }

    /// Marks of repositories that a whole list does not show and the catalogue does not have.
    private func dropMarks(except repositories: Set<RepositoryName>) async throws {
        let gone = known().marks.filter { _, mark in
            mark.registry == registry.name && !repositories.contains(mark.repository)
        }
        guard !gone.isEmpty else { return }
        try await append(
            gone.keys.sorted().map { key in
                .tombstone(
                    Topics.crawlMarks, key: key,
                    context.caused("drop/\(key)", by: Self.source, at: time.now()))
            })
    }

    /// At most `progressMax` reports, however many repositories there are.
    private func tick(of total: Int) async throws {
        done += 1
        guard done * Self.progressMax / max(total, 1) > reported else { return }
        reported = done * Self.progressMax / max(total, 1)
        try await report(result, done, total)
    }

    /// The tags in the filter; nil where they cannot be listed. A repository that is not there has none.
    private func tags(of repository: RepositoryName) async throws -> (tags: [TagName], isWhole: Bool)? {
        do {
            let listing = try await reader.tags(of: repository, progress: nil)
            if let reason = listing.incompleteBecause { fail("the tags of \(repository) may be cut short: \(reason)") }
            let wanted = listing.names.filter { !$0.namesAttachment && registry.filter.contains(repository, .tag($0)) }
            return (wanted, listing.isComplete)
        } catch let error as CancellationError {
            throw error
        } catch RegistryError.notFound {
            return ([], true)
        } catch {
            try Task.checkCancellation()
            try await note(error, "the tags of \(repository)")
            return nil
        }
    }

    /// What the catalogue has to be told of a name, nil where nothing differs; and whether the registry answered.
    private func change(_ name: ImageName, _ known: ImageRecord?) async throws -> (Change?, isAnswered: Bool) {
        switch try await reader.ask(name.repository, name.target) {
        case .shows(let digest, let type):
            failuresInARow = 0
            if let known, known.digest == digest, known.resolution == .resolved, known.sources.contains(.enumeration) {
                return (nil, true)
            }
            let seen = Change.Observation(
                name: name, digest: digest, mediaType: type, source: .enumeration, urgent: false)
            return (.observed(seen), true)
        case .absent:
            failuresInARow = 0
            let isTold = known == nil || known?.resolution == .notFound
            return (isTold ? nil : .gone(.init(name: name, source: .enumeration)), true)
        case .failed(let error):
            try await note(error, name.text)
            let failure = RegistryFailure.failure(of: error, attempt: 1, now: time.now())
            // A name that is known stays as it is; one that is new is listed with the reason.
            guard known == nil else { return (nil, false) }
            let change = Change.Unresolved(
                name: name, source: .enumeration, failure: failure, registryVersion: registry.version)
            return (.unresolved(change), false)
        }
    }

    private func fail(_ problem: String) {
        isComplete = false
        guard result.problems.count < Self.problemsMax else { return }
        result.problems.append(String(problem.prefix(500)))
    }

    /// A credential that is no longer accepted ends the run at once, since accounts get locked; a registry that is away
    /// after a few failures. The list of repositories was good, so one that is refused is that repository's problem as
    /// long as the registry's API still answers.
    private func note(_ error: any Error, _ what: String) async throws {
        let kind = RegistryFailure.kind(of: error)
        fail("\(what): \(RegistryFailure.failure(of: error, attempt: 1, now: time.now()).message)")
        guard failure == nil else { return }
        switch kind {
        case .unauthorized:
            do { try await reader.ping() } catch {
                try Task.checkCancellation()
                failure = error
            }
        case .damaged: failuresInARow += 1
        default:
            failuresInARow += 1
            if failuresInARow >= Self.failuresMax { failure = error }
        }
    }
}
