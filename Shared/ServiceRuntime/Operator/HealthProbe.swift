package import EventLogPort
import Model
import NIOCore
import NIOPosix

/// Asks a process's operator listener how it is: what the `health` command and a container's health check run.
///
/// One HTTP/1.1 request over one connection, written here since the runtime may not import an HTTP adapter.
package struct HealthProbe: Sendable {
    package enum Question: String, Sendable, CaseIterable {
        case health, ready
    }

    package struct Answer: Sendable, Hashable {
        package let status: Int
        package let body: String
    }

    package static let answerMaxBytes = 65_536

    private let address: ListenAddress
    private let time: TimeSource
    private let limit: Duration

    package init(address: ListenAddress, limit: Duration = .seconds(5), time: TimeSource = .system) {
        self.address = address.loopback
        self.limit = limit
        self.time = time
    }

    /// - Throws: `HealthProbeError` when nothing answers in time or what answers is not HTTP.
    package func ask(_ question: Question) async throws -> Answer {
        do {
            return try await time.withDeadline(limit) { try await exchange(question) }
        } catch let error as HealthProbeError {
            throw error
        } catch {
            throw HealthProbeError(address: address, cause: .unreachable(error))
        }
    }

    /// What it says when all is well.
    /// - Throws: `HealthProbeError`, also when it answers that something is not.
    package func confirm(_ question: Question) async throws -> String {
        let answer = try await ask(question)
        guard answer.status == 200 else {
            throw HealthProbeError(address: address, cause: .answered(answer.status, answer.body))
        }
        return answer.body
    }

    private func exchange(_ question: Question) async throws -> Answer {
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .connectTimeout(.seconds(5))
            .connect(host: address.host, port: address.port) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
                }
            }
        return try await channel.executeThenClose { inbound, outbound in
            let request = "GET /\(question.rawValue) HTTP/1.1\r\nHost: \(address)\r\nConnection: close\r\n\r\n"
            try await outbound.write(ByteBuffer(string: request))
            var bytes = ByteBuffer()
            for try await part in inbound {
                guard bytes.readableBytes + part.readableBytes <= Self.answerMaxBytes else { break }
                bytes.writeImmutableBuffer(part)
            }
            return try parse(String(buffer: bytes))
        }
    }

    private func parse(_ text: String) throws(HealthProbeError) -> Answer {
        let head = text.prefix { $0 != "\r\n" }.split(separator: " ")
        guard head.count >= 2, head[0].hasPrefix("HTTP/1."), let status = Int(head[1]) else {
            throw HealthProbeError(address: address, cause: .notHTTP)
        }
        let body = text.firstRange(of: "\r\n\r\n").map { String(text[$0.upperBound...]) } ?? ""
        return Answer(status: status, body: body)
    }
}

package struct HealthProbeError: DescribedError {
    package enum Cause: Sendable {
        case unreachable(any Error)
        case notHTTP
        case answered(Int, String)
    }

    package let address: ListenAddress
    package let cause: Cause

    package init(address: ListenAddress, cause: Cause) {
        self.address = address
        self.cause = cause
    }

    package var summary: String { "the process at \(address) is not well" }

    package var reason: String? {
        switch cause {
        case .unreachable: "it could not be asked"
        case .notHTTP: "what answered does not speak HTTP"
        case .answered(let status, let body): body.isEmpty ? "it answered \(status)" : "it answered \(status): \(body)"
        }
    }

    package var underlying: (any Error)? {
        guard case .unreachable(let error) = cause else { return nil }
        return error
    }
}
