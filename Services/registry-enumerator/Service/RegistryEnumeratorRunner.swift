/// Lists registries, on command and on their schedules, and makes rescans due.
///
/// **Promises**: one instance is active, and one run a registry at a time. What a registry shows and the catalogue does
/// not have is told; what is equal writes nothing. A schedule fires once for each due time; one that was missed while
/// nobody ran fires once at the start. A run that was cut off goes on where its marks end. A stop does not wait for a
/// run.
/// **Limits**: those of `Enumeration`; schedules are looked at every `lookEvery`.
import EventLogPort
import Events
import Foundation
import Logging
import Model
public import RegistryAccess
public import ServiceLifecycle
public import ServiceRuntime

public struct RegistryEnumeratorRunner: Service {
    public static let name = "registry-enumerator"
    static let group = GroupName(constant: "registry-enumerator")

    private let ports: Ports
    private let registries: any RegistryDirectory

    public init(ports: Ports, registries: any RegistryDirectory) {
        self.ports = ports
        self.registries = registries
    }

    /// Works until the process stops gracefully or the task is cancelled.
    /// - Throws: an error of the log that lasted.
    public func run() async throws {
        let part = ports.readiness.part(Self.name, waitingFor: "its view is being read")
        let store = MemoryViewStore(EnumeratorMemory())
        let view = View(EnumeratorProjection(), store: store, log: ports.log, time: ports.time, logger: ports.logger)
        let active = ActiveInstance(
            log: ports.log, group: Self.group, topic: Topics.enumeratorCommands.name, time: ports.time,
            logger: ports.logger)
        try await withGracefulShutdownHandler {
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await view.run() }
                group.addTask {
                    let changes = view.changes()
                    do { try await view.waitUntilReady() } catch { return }
                    try await part.follow(changes) { store.read { $0.unreadable.count + $0.newer.count } }
                }
                group.addTask {
                    defer { view.stop() }
                    try await active.run { try await lead($0, view) }
                }
                while try await group.next() != nil {}
            }
        } onGracefulShutdown: {
            active.stop()
        }
    }

    private func lead(_ session: ActiveSession, _ view: EnumeratorTenure.MemoryView) async throws {
        let tenure = EnumeratorTenure(session: session, view: view, ports: ports, registries: registries)
        do { try await tenure.run() } catch ActiveInstanceError.notActive {
            // With the session it ends as it should; before it, a newer instance has written.
            guard session.isActive else { return }
            ports.logger.warning("another instance is active", metadata: ["term": "\(session.term)"])
        } catch is CancellationError {
            // The graceful stop lasted too long.
        } catch let error as ActiveInstanceError {
            throw error
        } catch {
            ports.logger.error("listing registries ended", metadata: ["error.chain": "\(error)"])
            throw error
        }
    }
}
