import Logging

/// Joins a group, however long it takes: another process may hold it, the log may be away for a while.
struct GroupJoin: Sendable {
    let log: any EventLog
    let group: GroupName
    let topics: [TopicName]
    let time: TimeSource
    let logger: Logger

    /// - Returns: nil when the gate opened first.
    func join(poll: Duration, until stopped: Gate) async throws -> (any GroupMember)? {
        let backoff = Backoff(attemptsMax: 20)
        var failures = 0
        var said = false
        while !stopped.isOpen {
            let wait: Duration
            do {
                return try await log.join(group, topics: topics)
            } catch EventLogError.groupHeldElsewhere(_, let holder) {
                if !said {
                    logger.info(
                        "another process has the group; waiting for it",
                        metadata: ["group": "\(group)", "holder": "\(holder)"])
                }
                said = true
                wait = poll
            } catch let error as EventLogError where error.isTransient {
                failures += 1
                guard let delay = backoff.delay(after: failures) else { throw error }
                wait = delay
            }
            await pause(wait, stopped)
        }
        return nil
    }

    private func pause(_ wait: Duration, _ stopped: Gate) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { try? await time.clock.sleep(for: wait) }
            group.addTask { await stopped.wait() }
            await group.next()
            group.cancelAll()
        }
    }
}
