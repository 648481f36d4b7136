import EventLogPort
import Events
import Foundation
import Model
import ServiceRuntime

/// Tells the log that this scanner works: once a minute, and that it does no more when it stops. So it is known
/// whether anybody serves a pool.
struct Presence: Sendable {
    let ports: Ports
    let configuration: ScannerConfiguration
    let analyserVersion: String

    /// Does the work and tells of it meanwhile; ends with the work.
    func during(_ work: @escaping @Sendable () async throws -> Void) async throws {
        do {
            try await withThrowingTaskGroup(of: Bool.self) { group in
                group.addTask {
                    try await work()
                    return true
                }
                group.addTask {
                    do { try await tell() } catch is CancellationError {}
                    return false
                }
                defer { group.cancelAll() }
                while let isWork = try await group.next() { if isWork { break } }
            }
        } catch {
            await leave()
            throw error
        }
        await leave()
    }

    private func tell() async throws {
        let log = ports.log
        while true {
            let now = ports.time.now().milliseconds
            let record = ScannerRecord(
                instance: ports.instance, pools: Set(configuration.pools).sorted(), width: configuration.width,
                analyserVersion: analyserVersion, at: now)
            let draft = try RecordDraft(Topics.scanners, key: ports.instance, record, context(now))
            try await Backoff.untilStopped.retrying(on: ports.time) { _ = try await log.append([draft]) }
            try await ports.time.clock.sleep(for: .seconds(ScannerRecord.everySeconds))
        }
    }

    /// Once: a scanner that cannot say it is missed a little later. In a task of its own, since the one that ends may
    /// be cancelled.
    private func leave() async {
        let draft = RecordDraft.tombstone(Topics.scanners, key: ports.instance, context(ports.time.now().milliseconds))
        let log = ports.log
        _ = await Task { try? await log.append([draft]) }.value
    }

    private func context(_ now: Date) -> EventContext {
        EventContext(id: "\(ports.instance)/\(now.rfc3339)", source: ScannerRunner.name, time: now)
    }
}
