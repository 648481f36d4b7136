/// Turns manifest digests into inventories, and says how each request ended.
///
/// **Promises**: a digest is read by one job at a time in this process, and not again once `scan-status` shows it done
/// with this analyser version; a request for a digest that is known costs one HEAD of its name. A failure is state
/// (`scan-status: failed`, with reason and next attempt), so the queue goes on. Layers are never written to disk, their
/// results are (a few KB each).
/// **Limits**: `ScannerConfiguration`; those of a scan are `ScanLimits` and `LayerLimits`. It knows nothing of
/// advisories or policies.
import Analysers
package import EventLogPort
package import Events
import Foundation
import Logging
import Model
public import RegistryAccess
public import ServiceLifecycle
public import ServiceRuntime
import Storage

public struct ScannerRunner: Service {
    public static let name = "scanner"

    private let ports: Ports
    private let configuration: ScannerConfiguration
    private let registries: RegistryClients

    public init(ports: Ports, configuration: ScannerConfiguration = ScannerConfiguration(), registries: RegistryClients)
    {
        self.ports = ports
        self.configuration = configuration
        self.registries = registries
    }

    /// Works until the process stops gracefully or the task is cancelled.
    /// - Throws: an error of the log or of the view's file that lasted.
    public func run() async throws {
        let part = ports.readiness.part(Self.name, waitingFor: "its view is being read")
        let store = try await SQLiteViewStore.open(
            ports.folder.appending(path: "scanner.sqlite"), version: ScannerProjection.version, logger: ports.logger,
            schema: ScannerProjection.create)
        let view = View(ScannerProjection(), store: store, log: ports.log, time: ports.time, logger: ports.logger)
        let scanner = ImageScanner(
            cache: FolderLayerCache(
                folder: ports.folder.appending(path: "layers"), bytesMax: configuration.layerCacheBytesMax))
        let lanes = try lanes(ScanJobs(scanner: scanner, registries: registries, view: view, ports: ports))
        let presence = Presence(ports: ports, configuration: configuration, analyserVersion: scanner.analyserVersion)
        do {
            try await withGracefulShutdownHandler {
                try await work(view, lanes, presence, part)
            } onGracefulShutdown: {
                for lane in lanes { lane.processor.stop() }
            }
            await store.close()
        } catch {
            await store.close()
            throw error
        }
    }

    /// The group that serves a lane of a pool; what is left for it to read is what scanners are scaled by.
    package static func group(pool: String, _ lane: Topics.Lane) throws -> GroupName {
        try GroupName("scanner.\(pool).\(lane.rawValue)")
    }

    private struct Lane {
        let group: GroupName
        let processor: GroupProcessor
    }

    private func lanes(_ jobs: ScanJobs) throws -> [Lane] {
        let slots = ScanSlots(width: configuration.width, backgroundMax: configuration.backgroundMax)
        return try configuration.pools.flatMap { pool in
            try Topics.Lane.allCases.map { lane in
                let group = try Self.group(pool: pool, lane)
                let processor = GroupProcessor(
                    log: ports.log, group: group, topics: [try Topics.scanRequests(pool: pool, lane).name],
                    deadLetters: Topics.deadLetters.name, limits: .init(width: configuration.width, order: .none),
                    time: ports.time, logger: ports.logger,
                    handler: ScanHandler(pool: pool, lane: lane, slots: slots, jobs: jobs))
                return Lane(group: group, processor: processor)
            }
        }
    }

    private func work(
        _ view: View<ScannerProjection, SQLiteViewStore>, _ lanes: [Lane], _ presence: Presence,
        _ part: Readiness.Part
    ) async throws {
        let parked = ParkedRecords(of: lanes.map(\.group), log: ports.log, time: ports.time, source: Self.name)
        let processors = lanes.map(\.processor)
        try await ports.log.declare(Topics.all(pools: configuration.pools))
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await view.run() }
            group.addTask {
                defer { view.stop() }
                try await view.waitUntilReady()
                try await presence.during {
                    try await parked.during {
                        try await withThrowingTaskGroup(of: Void.self) { group in
                            for processor in processors { group.addTask { try await processor.run() } }
                            try await group.waitForAll()
                        }
                    }
                }
            }
            group.addTask {
                let changes = view.changes()
                try await view.waitUntilReady()
                try await part.follow(changes) { try await view.store.unreadableCount() }
            }
            do {
                try await group.waitForAll()
            } catch ViewError.stopped {
                // The stop came before the view was ready.
            }
        }
    }
}
