/// Lists registries, on command and on their schedules, and makes rescans due.
///
/// **Promises**: one instance is active, and one run a registry at a time. What a registry shows and the catalogue does
/// not have is told; what is equal writes nothing. A schedule fires once for each due time; one that was missed while
/// nobody ran fires once at the start. A run that was cut off goes on where its marks end.
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
                    try await view.waitUntilReady()
                    part.ready()
                    try await active.run { session in
                        try await view.waitFor(session.ends(of: view.projection.topics), within: .seconds(600))
                        try await EnumeratorTenure(session: session, store: store, ports: ports, registries: registries)
                            .run()
                    }
                }
                defer { group.cancelAll() }
                try await group.next()
                view.stop()
            }
        } onGracefulShutdown: {
            active.stop()
        }
    }
}
