import EventLogPort
import Foundation
import GatewayAPI
import HTTPCurl
import HTTPPort
import Model
import TestSupport

/// One round of the kill test: everything that Pratique does, with a death at one point, and a look at what is left.
final class KillRound: Sendable {
    private let folder: URL
    private let arguments: [String]
    private let work: KillWork

    private init(folder: URL, arguments: [String], work: KillWork) {
        self.folder = folder
        self.arguments = arguments
        self.work = work
    }

    /// Does all the work once, without a crash, and counts how often each point is passed.
    static func rehearse(in folder: URL) async throws -> [CrashPoint: Int] {
        let hits = folder.appending(path: "hits")
        try await with(images: WorkImages(needsParts: true), needsSpool: true, in: folder) { round in
            let instance = try await PratiqueInstance.start(
                in: folder, arguments: round.arguments, environment: ["PRATIQUE_CRASH_HITS": hits.path])
            defer { instance.stop() }
            try await round.work.run(on: instance)
            try await round.work.check(instance)
        }
        return try String(contentsOf: hits, encoding: .utf8).split(separator: "\n").reduce(into: [:]) { counts, line in
            if let point = CrashPoint(rawValue: String(line)) { counts[point, default: 0] += 1 }
        }
    }

    /// Dies at the point as the plan says, and at its first passing when that was not reached.
    static func run(_ point: CrashPoint, _ plan: KillPlan, in folder: URL) async throws {
        let images = WorkImages(needsParts: point.rawValue.hasPrefix("parts."))
        let needsSpool = point.rawValue.hasPrefix("gateway.")
        let occurrence = plan.occurrence(of: point)
        for occurrence in occurrence > 1 ? [occurrence, 1] : [1] {
            let place = folder.appending(path: "\(point.rawValue)-\(occurrence)")
            let died = try await with(images: images, needsSpool: needsSpool, in: place) { round in
                guard try await round.dies(at: point, occurrence) else { return false }
                if let view = round.viewToDelete(point, plan) { try round.delete(view) }
                try await round.recovers()
                return true
            }
            if died { return print("\(point.rawValue): died at passing \(occurrence) of \(plan.passings(of: point))") }
        }
        throw PratiqueInstance.Refused(description: "the crash point is not reached")
    }

    private static func with<Answer>(
        images: WorkImages, needsSpool: Bool, in folder: URL, _ body: (KillRound) async throws -> Answer
    ) async throws -> Answer {
        let (api, webhooks) = (try FreePort.take(), try FreePort.take())
        let notifying = try await DistributionRegistry.start(
            folder: folder.appending(path: "notifying"),
            notify: URL(string: "http://127.0.0.1:\(webhooks)/webhooks/demo"),
            headers: ["Authorization": Harbour.secret])
        defer { notifying.stop() }
        let quiet = try await DistributionRegistry.start(folder: folder.appending(path: "quiet"))
        defer { quiet.stop() }
        let work = try KillWork(
            images: images, notifying: notifying, quiet: quiet, folder: folder, needsSpool: needsSpool)
        return try await body(
            KillRound(
                folder: folder,
                arguments: ["--listen", "127.0.0.1:\(api)", "--webhooks", "127.0.0.1:\(webhooks)"], work: work))
    }

    // MARK: Death

    /// The first life ends at the crash point, on the way up or in the work; a point that is passed at a later start
    /// only ends the second one.
    /// - Returns: whether it died.
    private func dies(at point: CrashPoint, _ occurrence: Int) async throws -> Bool {
        let environment = ["PRATIQUE_CRASH_AT": "\(point.rawValue):\(occurrence)"]
        // The first compaction of a log finds nothing to remove: it is the next start's that is of interest.
        let first = try await live(point == .logInCompaction ? [:] : environment)
        if first.isRunning { first.stop() }
        if first.wasKilled { return true }
        guard occurrence == 1 else { return false }
        let second = try await live(environment)
        if second.isRunning { second.stop() }
        return second.wasKilled
    }

    /// Does the work until it is done or the process is dead.
    private func live(_ environment: [String: String]) async throws -> RunningProgram {
        let program = try PratiqueInstance.launch(in: folder, arguments: arguments, environment: environment)
        do {
            let instance = try await PratiqueInstance.attach(to: program, in: folder)
            try await work.run(on: instance)
        } catch {
            // The work fails because the process died, or the round does. Its connections may end before it does.
            try? await eventually("the process ends", within: .seconds(20), every: .milliseconds(20)) {
                !program.isRunning
            }
            guard !program.isRunning else {
                program.kill()
                throw error
            }
            guard program.wasKilled else {
                throw PratiqueInstance.Refused(description: "it ended by itself: \(program.lastWords)")
            }
        }
        return program
    }

    // MARK: Deletion

    /// After a death in an import always the evaluator's view: it must not be what remembers the advisories.
    private func viewToDelete(_ point: CrashPoint, _ plan: KillPlan) -> URL? {
        let data = folder.appending(path: "data")
        let found =
            FileManager.default.enumerator(at: data, includingPropertiesForKeys: nil)?.allObjects as? [URL] ?? []
        let views = found.filter {
            $0.pathExtension == "sqlite" && !["log.sqlite", "spool.sqlite"].contains($0.lastPathComponent)
        }.sorted { $0.path < $1.path }
        let isImport = [.evaluatorInImport, .evaluatorBeforeGeneration, .evaluatorBeforeActive].contains(point)
        return plan.deletion(
            among: isImport ? views.filter { $0.lastPathComponent == "policy-evaluator.sqlite" } : views)
    }

    private func delete(_ view: URL) throws {
        for suffix in ["", "-wal", "-shm"] where FileManager.default.fileExists(atPath: view.path + suffix) {
            try FileManager.default.removeItem(atPath: view.path + suffix)
        }
    }

    // MARK: Life after it

    private func recovers() async throws {
        let instance = try await PratiqueInstance.start(in: folder, arguments: arguments)
        do {
            try await work.run(on: instance)
            try await work.check(instance)
        } catch {
            instance.stop()
            throw error
        }
        let ending = instance.stop()
        guard ending == .exited(0) else {
            throw PratiqueInstance.Refused(description: "after SIGTERM: \(ending); \(instance.program.lastWords)")
        }
        try await work.checkLog(instance.dataFolder)
    }
}
