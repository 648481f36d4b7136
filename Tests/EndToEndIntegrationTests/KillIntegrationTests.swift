import EventLogPort
import Foundation
import TestSupport
import Testing

/// The process is killed at every named crash point, in half of the rounds a view's file is deleted besides, and after
/// the restart everything is there, once.
@Suite("Kill and restart", .enabled(if: DistributionRegistry.isInstalled, "docker-registry is not installed"))
struct KillIntegrationTests {
    /// Rounds at a time: a round mostly waits.
    static let width = 3

    @Test("killed at any crash point, it ends with every verdict, and every effect once")
    func everyCrashPoint() async throws {
        let hits = try await withFolder { try await KillRound.rehearse(in: $0) }
        let plan = KillPlan(hits: hits, random: .printed("kill rounds"))
        let failures = await withTaskGroup(of: (CrashPoint, (any Error)?).self) { group in
            var failures: [(CrashPoint, any Error)] = []
            for (index, point) in CrashPoint.allCases.enumerated() {
                if index >= Self.width, let (done, error) = await group.next(), let error {
                    failures.append((done, error))
                }
                group.addTask {
                    do {
                        try await withFolder { try await KillRound.run(point, plan, in: $0) }
                        return (point, nil)
                    } catch { return (point, error) }
                }
            }
            for await (done, error) in group { if let error { failures.append((done, error)) } }
            return failures
        }
        for (point, error) in failures { Issue.record("\(point.rawValue): \(error)") }
        let deletions = plan.deletions
        #expect(deletions.of * 2 + 2 >= deletions.rounds, "a view was deleted in \(deletions) rounds only")
    }
}
