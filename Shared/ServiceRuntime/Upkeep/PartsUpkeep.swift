package import EventLogPort
import Foundation
import Logging

/// Sweeps parts that no head names any more, in topics whose values may lie in parts.
///
/// It runs in the active instance of the service that may write these topics; the sweep is safe beside other writers.
package struct PartsUpkeep: Sendable {
    /// Soon after each take-over: a process that is restarted daily sweeps, too.
    package static let firstAfter: Duration = .seconds(5 * 60)
    package static let every: Duration = .seconds(24 * 3600)

    private let topics: [TopicName]
    private let ports: Ports

    package init(_ topics: [TopicName], ports: Ports) {
        self.topics = topics
        self.ports = ports
    }

    /// Runs until its task is cancelled.
    package func run() async throws {
        var wait = Self.firstAfter
        while true {
            try await ports.time.clock.sleep(for: wait)
            for topic in topics { try await sweep(topic) }
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
