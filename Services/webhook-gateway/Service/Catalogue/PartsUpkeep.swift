import EventLogPort
import Events
import Foundation
import Logging
import ServiceRuntime

/// Sweeps parts that no head names any more, for every topic that has values in parts.
///
/// It is the active catalogue's, since that is the one instance that every installation has; the sweep is safe beside
/// the topics' own writers.
struct PartsUpkeep: Sendable {
    /// Soon after each take-over: a process that is restarted daily sweeps, too.
    static let firstAfter: Duration = .seconds(5 * 60)
    static let every: Duration = .seconds(24 * 3600)

    let ports: Ports

    /// Runs until its task is cancelled.
    func run() async throws {
        var wait = Self.firstAfter
        while true {
            try await ports.time.clock.sleep(for: wait)
            for topic in Topics.inParts { try await sweep(topic.name) }
            wait = Self.every
        }
    }

    private func sweep(_ topic: TopicName) async throws {
        do {
            let removed = try await PartsSweep(log: ports.log, time: ports.time).sweep(topic)
            if removed > 0 {
                ports.logger.info("parts swept", metadata: ["topic": "\(topic)", "parts": "\(removed)"])
            }
        } catch is CancellationError {
            throw CancellationError()
        } catch {
            // It costs room, nothing else: the next sweep does it.
            ports.logger.warning(
                "parts were not swept", metadata: ["topic": "\(topic)", "error.chain": "\(error)"])
        }
    }
}
