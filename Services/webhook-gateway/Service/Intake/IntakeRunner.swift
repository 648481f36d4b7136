import EventLogPort
import Events
import Foundation
import Logging
import RegistryAccess
import ServiceRuntime

/// Intake: takes deliveries out of the log, asks the registry what is true now, and says so to the catalogue.
///
/// Any number of instances share the deliveries. A delivery is acknowledged after every answer that it caused is
/// durable.
struct IntakeRunner: Sendable {
    static let group = GroupName(constant: "webhook-gateway.intake")
    static let width = 64

    private let ports: Ports
    private let registries: any RegistryDirectory

    init(ports: Ports, registries: any RegistryDirectory) {
        self.ports = ports
        self.registries = registries
    }

    /// Runs until its task is cancelled; deliveries that were begun are finished first.
    func run() async throws {
        let part = ports.readiness.part("intake", waitingFor: "the registries are being read")
        let log = ports.log
        let time = ports.time
        let logger = ports.logger
        let directory = IntakeDirectory(log: log) { View($0, store: $1, log: log, time: time, logger: logger) }
        let handler = IntakeHandler(
            directory: directory, asker: NameAsker(log: log, time: time, registries: registries), logger: logger)
        let processor = GroupProcessor(
            log: log, group: Self.group, topics: [Topics.webhookDeliveries.name], deadLetters: Topics.deadLetters.name,
            limits: .init(width: Self.width, order: .none), time: time, logger: logger, handler: handler)
        let parked = ParkedRecords(of: [Self.group], log: log, time: time, source: WebhookGatewayService.name)
        // The view outlives the processor: what is being finished may still look something up.
        let view = Task { try await directory.view.run() }
        defer { directory.view.stop() }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await view.value }
            group.addTask {
                try await directory.view.waitUntilReady()
                part.ready()
                try await parked.during { try await processor.run() }
            }
            defer { group.cancelAll() }
            try await group.next()
            directory.view.stop()
        }
        try await view.value
    }
}
