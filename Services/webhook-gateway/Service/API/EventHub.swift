import EventLogPort
import Foundation
import Logging
import Metrics
import Model
import NIOCore
import Synchronization

/// Tells everyone who follows which images changed, in one order.
///
/// Bounded: at most `clientsMax` followers, `bufferMax` messages each. Who does not keep up is cut off, and may come
/// back with the id of the last message that it saw.
final class EventHub: Sendable {
    static let clientsMax = 100
    static let bufferMax = 512
    static let batchMax = 500
    static let heartbeat = Duration.seconds(15)
    /// How long a follower has to take its last messages when the service stops; then its connection is closed.
    static let farewell = TimeAmount.seconds(2)

    enum Message: Sendable {
        /// `summary` is nil when the image is not there any more.
        case image(EventID, name: String, summary: Data?)
        /// More changed than can be told one by one: load the list again.
        case reset(EventID)
        case heartbeat

        static func all(of changes: [ReadModel.ImageChange], _ generation: Int64) -> [Message] {
            changes.map { .image(.init(generation: generation, seq: $0.seq), name: $0.name, summary: $0.summary) }
        }
    }

    private struct Client {
        let messages: AsyncStream<Message>.Continuation
        /// Its connection: a write to a reader that has stopped reading ends only with it.
        let channel: any Channel
    }

    private struct Content {
        var clients: [Int: Client] = [:]
        var nextID = 0
        var isClosed = false
    }

    private let model: ReadModel
    private let time: TimeSource
    private let content = Mutex(Content())
    private let followers = Gauge(label: "pratique.gateway.events.followers")
    private let dropped = Counter(label: "pratique.gateway.events.dropped")

    init(model: ReadModel, time: TimeSource) {
        self.model = model
        self.time = time
    }

    /// - Returns: nil when there are too many followers or the service stops.
    func subscribe(over channel: any Channel) -> AsyncStream<Message>? {
        let (stream, continuation) = AsyncStream.makeStream(
            of: Message.self, bufferingPolicy: .bufferingOldest(Self.bufferMax))
        let id: Int? = content.withLock { content in
            guard !content.isClosed, content.clients.count < Self.clientsMax else { return nil }
            content.nextID += 1
            content.clients[content.nextID] = Client(messages: continuation, channel: channel)
            return content.nextID
        }
        guard let id else { return nil }
        continuation.onTermination = { [weak self] _ in self?.remove(id) }
        followers.record(content.withLock { $0.clients.count })
        return stream
    }

    private func remove(_ id: Int) {
        let count = content.withLock { content in
            content.clients[id] = nil
            return content.clients.count
        }
        followers.record(count)
    }

    /// Ends every stream; an open one would hold up a graceful stop.
    func close() {
        let clients = content.withLock { content in
            content.isClosed = true
            defer { content.clients = [:] }
            return Array(content.clients.values)
        }
        for client in clients {
            client.messages.finish()
            let channel = client.channel
            channel.eventLoop.scheduleTask(in: Self.farewell) { channel.close(mode: .all, promise: nil) }
        }
    }

    /// Follows the read model until the task is cancelled.
    func run() async throws {
        defer { close() }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await self.follow() }
            group.addTask {
                while true {
                    try await self.time.clock.sleep(for: Self.heartbeat)
                    self.send([.heartbeat])
                }
            }
            defer { group.cancelAll() }
            try await group.next()
        }
    }

    private func follow() async throws {
        let ticks = model.view.changes()
        var place = try await model.lastChange()
        for await _ in ticks {
            while true {
                let (generation, changes) = try await model.changes(after: place.seq, limit: Self.batchMax)
                guard generation == place.generation else {
                    place = try await model.lastChange()
                    send([.reset(place)])
                    break
                }
                guard let last = changes.last else { break }
                place.seq = last.seq
                send(Message.all(of: changes, generation))
            }
        }
    }

    private func send(_ messages: [Message]) {
        guard !messages.isEmpty else { return }
        let clients = content.withLock { $0.clients }
        for client in clients.values {
            for message in messages {
                if case .dropped = client.messages.yield(message) {
                    dropped.increment()
                    client.messages.finish()
                    client.channel.close(mode: .all, promise: nil)
                    break
                }
            }
        }
    }
}
