/// Proposes which images leave the catalogue, and sends what was decided to it.
///
/// **Promises**: a preview changes nothing. Applying sends `remove` with the revision that was judged, so the catalogue
/// refuses what changed meanwhile; what was removed can be restored while it is in the trash. Doing a command twice has
/// the effect of once. It never asks or touches a registry.
/// **Limits**: `CleanupConfiguration`. One rule: keep the newest N of each repository.
import EventLogPort
import Events
import Foundation
import Logging
public import ServiceLifecycle
public import ServiceRuntime
import Storage

public struct CleanupRunner: Service {
    public static let name = "cleanup"
    static let group = GroupName(constant: "cleanup")

    private let ports: Ports
    private let configuration: CleanupConfiguration

    public init(ports: Ports, configuration: CleanupConfiguration = CleanupConfiguration()) {
        self.ports = ports
        self.configuration = configuration
    }

    /// Works until the process stops gracefully or the task is cancelled.
    /// - Throws: an error of the log or of the view's file that lasted.
    public func run() async throws {
        let part = ports.readiness.part(Self.name, waitingFor: "its view is being read")
        let store = try await SQLiteViewStore.open(
            ports.folder.appending(path: "cleanup.sqlite"), version: ImageProjection.schemaVersion,
            logger: ports.logger,
            schema: ImageProjection.create)
        let view = View(ImageProjection(), store: store, log: ports.log, time: ports.time, logger: ports.logger)
        let active = ActiveInstance(
            log: ports.log, group: Self.group, topic: Topics.cleanupCommands.name, time: ports.time,
            logger: ports.logger)
        let result: Result<Void, any Error>
        do {
            try await withGracefulShutdownHandler {
                try await work(view, active, part)
            } onGracefulShutdown: {
                active.stop()
            }
            result = .success(())
        } catch is CancellationError {
            // Cancelled, which is a way to stop: a part was waiting or reading when it came.
            result = .success(())
        } catch {
            result = .failure(error)
        }
        await store.close()
        try result.get()
    }

    private func work(
        _ view: View<ImageProjection, SQLiteViewStore>, _ active: ActiveInstance, _ part: Readiness.Part
    ) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await view.run() }
            group.addTask {
                let changes = view.changes()
                do { try await view.waitUntilReady() } catch { return }
                try await part.follow(changes) { try await view.store.read { try ImageProjection.unreadableCount($0) } }
            }
            group.addTask {
                defer { view.stop() }
                try await active.run { session in
                    do {
                        try await view.waitUntilReady()
                        let intake = CleanupIntake(
                            view: view, session: session, configuration: configuration, time: ports.time,
                            logger: ports.logger)
                        let parked = ParkedRecords(
                            of: [Self.group], log: ports.log, time: ports.time, source: Self.name)
                        try await parked.during { try await intake.run() }
                    } catch is ActiveInstanceError {
                        // Another instance took over: it gets the command again.
                    } catch is CancellationError {}
                }
            }
            while try await group.next() != nil {}
        }
    }
}

/// The bounds of cleanup.
public struct CleanupConfiguration: Sendable {
    /// Images that one command may take; the rest stays for the next one, and the reply says so.
    public var proposalsMax: Int
    /// How long a command may wait for the view to be current.
    public var viewWait: Duration

    public init(proposalsMax: Int = 10_000, viewWait: Duration = .seconds(120)) {
        precondition(proposalsMax >= 1)
        self.proposalsMax = proposalsMax
        self.viewWait = viewWait
    }
}
