import EventLogPort
import Events
import ServiceRuntime
import Synchronization
import TestSupport
import Testing

@testable import WebhookGatewayService

@Suite struct ChangeWriterTests {
    private let wish = ChangeWriter.Wish(.revokeToken(id: "t"), action: "token.revoke")

    @Test("a log that does not answer is given up after the time that is named, though its append goes on")
    func hanging() async throws {
        let clock = ManualClock()
        let log = HangingLog()
        let writer = ChangeWriter(log: log, time: clock.time)
        let asking = Task { try await writer.submit([wish], by: "a", trace: TraceParent.from(nil)) }
        try await wait(for: "the limit runs and the log is asked") { clock.sleeperCount == 1 && log.asked == 1 }
        clock.advance(by: Limits.appendWait)
        await #expect(throws: DeadlineExceeded.self) { try await asking.value }
        log.answer()
    }

    @Test("an answer in time is the answer")
    func answered() async throws {
        let log = HangingLog()
        log.answer()
        let writer = ChangeWriter(log: log, time: ManualClock().time)
        try await writer.submit([wish], by: "a", trace: TraceParent.from(nil))
        #expect(log.asked == 1)
    }
}

/// Appends do not return, not even when they are cancelled, until the test lets them.
private final class HangingLog: EventLog {
    private struct State {
        var asked = 0
        var isAnswering = false
        var waiting: [CheckedContinuation<Void, Never>] = []
    }

    private let state = Mutex(State())

    var asked: Int { state.withLock { $0.asked } }

    func answer() {
        let waiting = state.withLock { state in
            state.isAnswering = true
            defer { state.waiting = [] }
            return state.waiting
        }
        for continuation in waiting { continuation.resume() }
    }

    var identity: LogIdentity { get async throws { LogIdentity("hanging") } }
    func declare(_ topics: [Topic]) async throws {}
    func append(_ drafts: [RecordDraft]) async throws -> [RecordID] {
        await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
            let isAnswering = state.withLock { state in
                state.asked += 1
                if !state.isAnswering { state.waiting.append(continuation) }
                return state.isAnswering
            }
            if isAnswering { continuation.resume() }
        }
        return drafts.enumerated().map { RecordID(topic: $1.topic, partition: 0, position: Int64($0)) }
    }
    func read(_ topic: TopicName, after positions: [Int: Int64]) async throws -> any EventReader { throw Unused() }
    func end(of topic: TopicName) async throws -> [Int: Int64] { [:] }
    func join(_ group: GroupName, topics: [TopicName]) async throws -> any GroupMember { throw Unused() }
    func close() async {}

    private struct Unused: Error {}
}
