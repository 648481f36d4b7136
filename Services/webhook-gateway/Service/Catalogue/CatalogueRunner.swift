import EventLogPort
import Events
import Foundation
import Logging
import ServiceRuntime

/// The catalogue: the one writer of what exists. One instance is active, the others stand by.
///
/// At its take-over it reads its own topics, `scan-status` and `verdicts` to their ends; then it applies changes in the
/// log's order. Everything that a batch of changes causes is appended before the batch is acknowledged; when the append
/// fails, the state is read from the log again.
struct CatalogueRunner: Sendable {
    static let group = GroupName(constant: "webhook-gateway.catalogue")
    /// Goes on until the session ends: an outage of the log must not end the service.
    static let reloads = Backoff(first: .milliseconds(200), longest: .seconds(30), attemptsMax: .max)

    private let ports: Ports
    private let inventories: any InventoryDirectory

    init(ports: Ports, inventories: any InventoryDirectory) {
        self.ports = ports
        self.inventories = inventories
    }

    /// Runs until its task is cancelled; what was begun is finished first.
    func run() async throws {
        let part = ports.readiness.part("catalogue")
        let active = ActiveInstance(
            log: ports.log, group: Self.group, topic: Topics.changes.name, time: ports.time, logger: ports.logger)
        // An instance that stands by is ready: another one does the work.
        part.ready()
        try await active.run { session in
            do {
                try await lead(session, part)
                part.ready()
            } catch {
                if case ActiveInstanceError.mustStandBack(let reason) = error {
                    part.notReady("a newer version has been at work; upgrade this one: \(reason)")
                } else {
                    part.ready()
                }
                throw error
            }
        }
    }

    private func lead(_ session: ActiveSession, _ part: Readiness.Part) async throws {
        var failures = 0
        let unfinished = UnfinishedChanges()
        while session.isActive {
            part.notReady("the catalogue reads its state")
            let tenure = CatalogueTenure(
                session: session, unfinished: unfinished, ports: ports, inventories: inventories, part: part)
            do {
                try await tenure.run()
                return
            } catch let error as EventLogError where error.isTransient {
                failures = tenure.hasTakenOver ? 1 : failures + 1
                guard let wait = Self.reloads.delay(after: failures) else { throw error }
                ports.logger.warning("the catalogue reads its state again", metadata: ["error.chain": "\(error)"])
                try await ports.time.clock.sleep(for: wait)
            } catch ActiveInstanceError.notActive {
                return
            }
        }
    }
}
