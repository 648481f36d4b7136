import EventLogPort
import Foundation
import GatewayAPI
import HTTPCurl
import HTTPPort
import Model
import TestSupport

/// One round of the kill test: everything that Pratique does, with a death at one point, and a look at what is left.
final class KillRound: Sendable {
    private let point: CrashPoint
    private let deletesView: Bool
    private let folder: URL
    private let images: WorkImages

    init(point: CrashPoint, deletesView: Bool, folder: URL) {
        self.point = point
        images = WorkImages(needsParts: point.rawValue.hasPrefix("parts."))
        self.deletesView = deletesView
        self.folder = folder
    }

    func run() async throws {
        let ports = try (api: PratiqueInstance.freePort(), webhooks: PratiqueInstance.freePort())
        let notifying = try await DistributionRegistry.start(
            folder: folder.appending(path: "notifying"),
            notify: URL(string: "http://127.0.0.1:\(ports.webhooks)/webhooks/demo"),
            headers: ["Authorization": Harbour.secret])
        defer { notifying.stop() }
        let quiet = try await DistributionRegistry.start(folder: folder.appending(path: "quiet"))
        defer { quiet.stop() }
        let arguments = ["--listen", "127.0.0.1:\(ports.api)", "--webhooks", "127.0.0.1:\(ports.webhooks)"]
        let work = try KillWork(
            images: images, notifying: notifying, quiet: quiet, folder: folder,
            needsSpool: point.rawValue.hasPrefix("gateway."))

        // The first life ends at the crash point: on the way up, in the work, or at the next start.
        let doomed = try await live(arguments, work, environment: ["PRATIQUE_CRASH_AT": point.rawValue])
        if doomed.isRunning {
            doomed.stop()
            let again = try PratiqueInstance.launch(
                in: folder, arguments: arguments, environment: ["PRATIQUE_CRASH_AT": point.rawValue])
            defer { again.kill() }
            try await eventually(
                "the crash point \(point.rawValue) is reached", within: .seconds(90), every: .milliseconds(100)
            ) {
                !again.isRunning
            }
            guard again.wasKilled else {
                throw PratiqueInstance.Refused(description: "it ended by itself and was not killed")
            }
        }
        if deletesView { try deleteView() }

        let instance = try await PratiqueInstance.start(in: folder, arguments: arguments)
        defer { instance.stop() }
        try await work.run(on: instance)
        try await work.check(instance)
    }

    /// Does the work until it is done or the process is dead.
    private func live(_ arguments: [String], _ work: KillWork, environment: [String: String]) async throws
        -> RunningProgram
    {
        let program = try PratiqueInstance.launch(in: folder, arguments: arguments, environment: environment)
        do {
            let instance = try await PratiqueInstance.attach(to: program, in: folder)
            try await work.run(on: instance)
        } catch {
            // The work fails because the process died, or the round does. Its connections may end before it does.
            try? await eventually("the process ends", within: .seconds(5), every: .milliseconds(50)) {
                !program.isRunning
            }
            guard !program.isRunning else {
                program.kill()
                throw error
            }
            guard program.wasKilled else {
                let log = try? String(contentsOf: folder.appending(path: "serve.log"), encoding: .utf8)
                throw PratiqueInstance.Refused(description: "it ended by itself: \(log?.suffix(2000) ?? "")")
            }
        }
        return program
    }

    private func deleteView() throws {
        let data = folder.appending(path: "data")
        let found =
            FileManager.default.enumerator(at: data, includingPropertiesForKeys: nil)?.allObjects as? [URL] ?? []
        let views = found.filter {
            $0.pathExtension == "sqlite" && !["log.sqlite", "spool.sqlite"].contains($0.lastPathComponent)
        }
        guard let view = views.sorted(by: { $0.path < $1.path }).randomElement() else { return }
        for suffix in ["", "-wal", "-shm"] { try? FileManager.default.removeItem(atPath: view.path + suffix) }
    }
}
