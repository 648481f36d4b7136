import CRdkafka
import EventLogPort

/// Errors of librdkafka in the port's words.
enum KafkaFailure {
    static func text(_ code: rd_kafka_resp_err_t) -> String { String(cString: rd_kafka_err2str(code)) }

    /// Whether a member of a group cannot go on with its client. Everything else passes, or librdkafka tries again: a
    /// failed handshake too, since that is how a broker that stops looks.
    static func isFinal(_ code: rd_kafka_resp_err_t) -> Bool {
        switch code {
        case RD_KAFKA_RESP_ERR__FATAL, RD_KAFKA_RESP_ERR__FENCED, RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID,
            RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED:
            true
        default: false
        }
    }

    /// - Parameter detail: what was tried, and what the client last said of its brokers.
    static func translate(_ code: rd_kafka_resp_err_t, topic: TopicName? = nil, _ detail: String = "") -> EventLogError
    {
        let reason = detail.isEmpty ? text(code) : "\(detail): \(text(code))"
        switch code {
        case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC,
            RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION:
            return topic.map { .unknownTopic($0) } ?? .failed(reason: reason)
        case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED,
            RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED, RD_KAFKA_RESP_ERR__FATAL, RD_KAFKA_RESP_ERR__FENCED,
            RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID, RD_KAFKA_RESP_ERR_INVALID_CONFIG,
            RD_KAFKA_RESP_ERR_INVALID_REPLICATION_FACTOR, RD_KAFKA_RESP_ERR_POLICY_VIOLATION,
            RD_KAFKA_RESP_ERR__INVALID_ARG, RD_KAFKA_RESP_ERR__UNSUPPORTED_FEATURE:
            return .failed(reason: topic.map { "\($0): \(reason)" } ?? reason)
        default: return .unavailable(reason: topic.map { "\($0): \(reason)" } ?? reason)
        }
    }
}
