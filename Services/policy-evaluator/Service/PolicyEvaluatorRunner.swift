/// Joins inventories with advisories and policies into verdicts, and keeps them judged.
///
/// **Promises**: a name is judged again when its inventory, its policies or the advisories that touch it change, and
/// when
/// its verdict's time comes; a verdict is written only if it says something else than the last one. What is unknown is
/// `undetermined` with its reason. One instance is active; others stand by with a view that is current.
/// **Limits**: `EvaluatorConfiguration`. The set of advisories is held in memory. It never asks a registry.
import EventLogPort
import Events
import Foundation
import Logging
public import ServiceLifecycle
public import ServiceRuntime
import Storage

public struct PolicyEvaluatorRunner: Service {
    public static let name = "policy-evaluator"
    static let group = GroupName(constant: "policy-evaluator")

    private let ports: Ports
    private let configuration: EvaluatorConfiguration

    public init(ports: Ports, configuration: EvaluatorConfiguration = EvaluatorConfiguration()) {
        self.ports = ports
        self.configuration = configuration
    }

    /// Works until the process stops gracefully or the task is cancelled.
    /// - Throws: an error of the log or of the view's file that lasted.
    public func run() async throws {
        let part = ports.readiness.part(Self.name, waitingFor: "its view is being read")
        let store = try await SQLiteViewStore.open(
            ports.folder.appending(path: "policy-evaluator.sqlite"), version: EvaluatorSchema.version,
            logger: ports.logger,
            schema: EvaluatorSchema.create)
        let compute = ComputePool(threads: configuration.threads)
        let fence = OutputFence()
        let view = View(
            EvaluatorProjection(compute: compute, fence: fence), store: store, log: ports.log, time: ports.time,
            logger: ports.logger)
        let active = ActiveInstance(
            log: ports.log, group: Self.group, topic: Topics.evaluatorCommands.name, time: ports.time,
            logger: ports.logger)
        let before = try await store.read { try Meta.active.read($0) }
        let result: Result<Void, any Error>
        do {
            try await withGracefulShutdownHandler {
                try await work(view, active, fence, compute, part, activeBefore: before)
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
        await compute.stop()
        await store.close()
        try result.get()
    }

    private func work(
        _ view: View<EvaluatorProjection, SQLiteViewStore>, _ active: ActiveInstance, _ fence: OutputFence,
        _ compute: ComputePool,
        _ part: Readiness.Part, activeBefore: String?
    ) async throws {
        let floorSet = Gate()
        let keeper = GenerationKeeper(
            view: view, compute: compute, configuration: configuration, logger: ports.logger)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await view.run() }
            group.addTask {
                let changes = view.changes()
                do { try await view.waitUntilReady() } catch { return }
                try await setFloor(view, activeBefore: activeBefore)
                floorSet.open()
                try await part.follow(changes) { try await view.store.read { try EvaluatorRows.unreadableCount($0) } }
            }
            group.addTask {
                defer { view.stop() }
                try await active.run { session in
                    await floorSet.wait()
                    let evaluation = Evaluation(
                        view: view, session: session, keeper: keeper, compute: compute, fence: fence, ports: ports,
                        configuration: configuration)
                    try await evaluation.run()
                }
            }
            // The watch ends with the view; the first error ends the others.
            while try await group.next() != nil {}
        }
    }

    /// Older generations can be had back only if this view saw every change since: not after it was built anew, nor
    /// when another instance changed the generation while this one was down.
    private func setFloor(_ view: View<EvaluatorProjection, SQLiteViewStore>, activeBefore: String?) async throws {
        try await view.store.change { db in
            let active = try Meta.active.read(db)
            if try Meta.floor.read(db) == nil || active != activeBefore { try Meta.floor.write(active ?? "0", db) }
        }
    }
}
