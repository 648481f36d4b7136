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
                guard let delay = Backoff.untilStopped.delay(after: failures) else { throw error }
                logger.warning("the group waits for the log", metadata: ["error.chain": "\(error)"])
                wait = delay
            }
            await stopped.wait(atMost: wait, on: time)
        }
        return nil
    }
}

extension Gate {
    /// Returns when the door is open, the time is over or the task was cancelled.
    func wait(atMost limit: Duration, on time: TimeSource) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { try? await time.clock.sleep(for: limit) }
            group.addTask { await self.wait() }
            await group.next()
            group.cancelAll()
        }
    }
}
