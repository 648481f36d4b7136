import CRdkafka
import EventLogPort
import Foundation
import Logging
import Synchronization

/// What a client of librdkafka tells. Called on its threads, so nothing may take long.
struct KafkaHooks: Sendable {
    var logger: Logger
    var delivered: (@Sendable (UnsafePointer<rd_kafka_message_t>) -> Void)?
    var rebalanced:
        (
            @Sendable (OpaquePointer, rd_kafka_resp_err_t, UnsafeMutablePointer<rd_kafka_topic_partition_list_t>)
                -> Void
        )?
    /// JSON, as in librdkafka's STATISTICS.md.
    var statistics: (@Sendable (Data) -> Void)?
    /// An error of the whole client that no call returns.
    var failed: (@Sendable (rd_kafka_resp_err_t, String) -> Void)?
}

/// Owns one client of librdkafka, a producer or a consumer. Everything taken from it ends before `close`.
///
/// Unchecked, because the library says of its handles what the compiler cannot see: they may be used from any thread.
final class KafkaHandle: @unchecked Sendable {
    enum Kind { case producer, consumer }

    let raw: OpaquePointer
    private let context: Context

    /// What callbacks find under the client's opaque pointer; lives as long as the client.
    fileprivate final class Context: Sendable {
        let hooks: KafkaHooks
        let trouble = Mutex<(text: String, at: ContinuousClock.Instant)?>(nil)
        init(_ hooks: KafkaHooks) { self.hooks = hooks }

        static func of(_ opaque: UnsafeMutableRawPointer?) -> Context? {
            opaque.map { Unmanaged<Context>.fromOpaque($0).takeUnretainedValue() }
        }
    }

    /// - Throws: `EventLogError.failed`, naming the property that is refused.
    init(_ kind: Kind, _ properties: [(String, String)], _ hooks: KafkaHooks) throws(EventLogError) {
        context = Context(hooks)
        let conf = rd_kafka_conf_new()
        for (name, value) in properties {
            if let reason = Self.set(conf, name, value) {
                rd_kafka_conf_destroy(conf)
                throw .failed(reason: "the Kafka property \(name): \(reason)")
            }
        }
        // Held until the client has ended, however this handle goes: its threads call.
        rd_kafka_conf_set_opaque(conf, Unmanaged.passRetained(context).toOpaque())
        Self.setCallbacks(conf, kind, hooks)
        var text = [CChar](repeating: 0, count: 512)
        let type = kind == .producer ? RD_KAFKA_PRODUCER : RD_KAFKA_CONSUMER
        guard let raw = rd_kafka_new(type, conf, &text, text.count) else {
            rd_kafka_conf_destroy(conf)
            Unmanaged.passUnretained(context).release()
            throw .failed(reason: "the Kafka client: \(Self.string(text))")
        }
        self.raw = raw
    }

    /// Blocks until the client's threads ended: not for the cooperative pool.
    func close() {
        rd_kafka_destroy(raw)
        Unmanaged.passUnretained(context).release()
    }

    /// What the client has just said of its brokers; empty where it has said nothing lately.
    var trouble: String {
        context.trouble.withLock { trouble in
            guard let trouble, ContinuousClock.now - trouble.at < Self.troubleFor else { return "" }
            return trouble.text
        }
    }

    private static let troubleFor: Duration = .seconds(30)

    func failure(_ code: rd_kafka_resp_err_t, topic: TopicName? = nil) -> EventLogError {
        KafkaFailure.translate(code, topic: topic, trouble)
    }

    private static func set(_ conf: OpaquePointer?, _ name: String, _ value: String) -> String? {
        var text = [CChar](repeating: 0, count: 512)
        if crd_set(conf, name, value, &text, text.count) != 0 { return nil }
        // The text repeats the value, which may be a password.
        let said = string(text)
        return value.isEmpty ? said : said.replacing(value, with: "…")
    }

    private static func string(_ text: [CChar]) -> String {
        String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    // MARK: Callbacks

    private static func setCallbacks(_ conf: OpaquePointer?, _ kind: Kind, _ hooks: KafkaHooks) {
        rd_kafka_conf_set_log_cb(conf) { client, level, facility, line in
            guard let client, let line else { return }
            let facility = facility.map { String(cString: $0) } ?? ""
            Context.of(rd_kafka_opaque(client))?.log(level, facility, String(cString: line))
        }
        rd_kafka_conf_set_error_cb(conf) { _, code, reason, opaque in
            let code = rd_kafka_resp_err_t(code)
            Context.of(opaque)?.fail(code, reason.map { String(cString: $0) } ?? KafkaFailure.text(code))
        }
        if hooks.statistics != nil {
            rd_kafka_conf_set_stats_cb(conf) { _, json, bytes, opaque in
                guard let json else { return 0 }
                Context.of(opaque)?.hooks.statistics?(Data(bytes: json, count: bytes))
                // 0: the library frees the text.
                return 0
            }
        }
        if hooks.delivered != nil {
            rd_kafka_conf_set_dr_msg_cb(conf) { _, message, opaque in
                if let message { Context.of(opaque)?.hooks.delivered?(message) }
            }
        }
        if hooks.rebalanced != nil {
            rd_kafka_conf_set_rebalance_cb(conf) { client, code, partitions, opaque in
                guard let client, let partitions else { return }
                Context.of(opaque)?.hooks.rebalanced?(client, code, partitions)
            }
        }
    }
}

extension KafkaHandle.Context {
    fileprivate func log(_ level: Int32, _ facility: String, _ line: String) {
        let level: Logger.Level =
            switch level {
            case ...2: .critical
            case 3: .error
            case 4: .warning
            case 5: .notice
            case 6: .info
            default: .debug
            }
        hooks.logger.log(level: level, "\(line)", metadata: ["kafka.facility": "\(facility)"])
    }

    fileprivate func fail(_ code: rd_kafka_resp_err_t, _ reason: String) {
        trouble.withLock { $0 = (reason, ContinuousClock.now) }
        hooks.failed?(code, reason)
    }
}
