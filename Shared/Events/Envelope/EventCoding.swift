import CCompression
import Crypto
public import EventLogPort
package import Foundation
public import Model

/// Payloads as records and back. Values above `compressAboveBytes` are zstd; a decoded value is at most
/// `plainBytesMax`.
public enum EventCoding {
    public static let compressAboveBytes = 4 * 1024
    public static let plainBytesMax = 256 * 1024 * 1024
    static let zstdLevel: Int32 = 3

    enum Name {
        static let id = "ce_id"
        static let type = "ce_type"
        static let source = "ce_source"
        static let subject = "ce_subject"
        static let time = "ce_time"
        static let specVersion = "ce_specversion"
        static let contentType = "content-type"
        static let contentEncoding = "content-encoding"
        static let traceparent = "traceparent"
        static let schema = "pratique-schema"
    }

    static func headers<Payload: EventPayload>(_ type: Payload.Type, key: String, _ context: EventContext) -> [Header] {
        var headers = [
            Header(Name.specVersion, "1.0"), Header(Name.id, context.id), Header(Name.source, context.source),
            Header(Name.type, Payload.eventType), Header(Name.subject, key), Header(Name.time, context.time.rfc3339),
            Header(Name.contentType, "application/json"), Header(Name.schema, String(Payload.schemaVersion)),
        ]
        if let traceparent = context.traceparent { headers.append(Header(Name.traceparent, traceparent)) }
        return headers
    }

    static func encode<Payload: EventPayload>(_ payload: Payload) throws -> (value: Data, compressed: Bool) {
        let plain = try JSONFormat.encode(payload)
        guard plain.count <= plainBytesMax else {
            throw EventError.tooLarge(type: Payload.eventType, bytes: plain.count)
        }
        guard plain.count > compressAboveBytes, let packed = compress(plain) else { return (plain, false) }
        return (packed, true)
    }

    static func plain(_ value: Data, type: String, header: (String) -> String?) throws -> Data {
        header(Name.contentEncoding) == "zstd" ? try decompress(value, type: type) : value
    }

    static func decode<Payload: EventPayload>(
        _ type: Payload.Type, value: Data, header: (String) -> String?
    ) throws -> Payload {
        let found = header(Name.type) ?? "none"
        guard found == Payload.eventType else { throw EventError.wrongType(expected: Payload.eventType, found: found) }
        let schema = header(Name.schema).flatMap { Int($0) } ?? 1
        guard schema <= Payload.schemaVersion else {
            throw EventError.newerSchema(type: found, found: schema, known: Payload.schemaVersion)
        }
        let plain = try plain(value, type: found, header: header)
        do { return try JSONFormat.decode(Payload.self, from: plain) } catch {
            throw EventError.unreadable(type: found, reason: JSONFormat.explain(error))
        }
    }

    static func contentHash(_ value: Data?, header: (String) -> String?) throws -> Model.Digest {
        let plain = try plain(value ?? Data(), type: header(Name.type) ?? "none", header: header)
        return Model.Digest(sha256: SHA256.hash(data: plain))
    }

    private static func compress(_ plain: Data) -> Data? {
        var packed = Data(count: ZSTD_compressBound(plain.count))
        let size = packed.withUnsafeMutableBytes { output in
            plain.withUnsafeBytes { input in
                ZSTD_compress(output.baseAddress, output.count, input.baseAddress, input.count, zstdLevel)
            }
        }
        guard ZSTD_isError(size) == 0 else { return nil }
        return Data(packed.prefix(size))
    }

    private static func decompress(_ packed: Data, type: String) throws -> Data {
        let size = packed.withUnsafeBytes { ZSTD_getFrameContentSize($0.baseAddress, $0.count) }
        guard size <= UInt64(plainBytesMax) else {
            throw EventError.unreadable(
                type: type, reason: "the compressed value names no size, or one above the limit")
        }
        var plain = Data(count: Int(size))
        let written = plain.withUnsafeMutableBytes { output in
            packed.withUnsafeBytes { ZSTD_decompress(output.baseAddress, output.count, $0.baseAddress, $0.count) }
        }
        guard ZSTD_isError(written) == 0, written == Int(size) else {
            throw EventError.unreadable(type: type, reason: "the compressed value is damaged")
        }
        return plain
    }
}

extension RecordDraft {
    /// A record that carries a payload.
    public init<Payload: EventPayload>(
        _ topic: Topic, key: String, _ payload: Payload, _ context: EventContext, headers: [Header] = []
    ) throws {
        let (value, compressed) = try EventCoding.encode(payload)
        var all = EventCoding.headers(Payload.self, key: key, context) + headers
        if compressed { all.append(Header(EventCoding.Name.contentEncoding, "zstd")) }
        self.init(topic: topic.name, key: key, value: value, headers: all)
    }

    /// SHA-256 of the payload's JSON: the same before it is written and after it is read, however it is stored.
    public func contentHash() throws -> Model.Digest {
        try EventCoding.contentHash(value) { name in headers.first { $0.name == name }?.value }
    }

    /// A tombstone: the key's state ends.
    public static func tombstone(_ topic: Topic, key: String, _ context: EventContext) -> RecordDraft {
        RecordDraft(
            topic: topic.name, key: key, value: nil,
            headers: [
                Header(EventCoding.Name.id, context.id), Header(EventCoding.Name.source, context.source),
                Header(EventCoding.Name.time, context.time.rfc3339),
            ])
    }
}

extension WholeRecord {
    /// - Throws: `EventError`; a tombstone has no payload.
    public func payload<Payload: EventPayload>(_ type: Payload.Type) throws -> Payload {
        guard let value else { throw EventError.unreadable(type: Payload.eventType, reason: "is a tombstone") }
        return try EventCoding.decode(type, value: value, header: header)
    }

    /// The value, decompressed; nil for a tombstone.
    /// - Throws: `EventError`.
    package func plainValue() throws -> Data? {
        try value.map { try EventCoding.plain($0, type: header(EventCoding.Name.type) ?? "none", header: header) }
    }

    /// SHA-256 of the payload's JSON, as of the draft that it was written from.
    /// - Throws: `EventError`.
    public func contentHash() throws -> Model.Digest { try EventCoding.contentHash(value, header: header) }

    public var context: EventContext { EventContext(header: header, id: id, appendedAt: appendedAt) }
}

extension Record {
    /// - Throws: `EventError`; a tombstone has no payload.
    public func payload<Payload: EventPayload>(_ type: Payload.Type) throws -> Payload {
        guard let value else { throw EventError.unreadable(type: Payload.eventType, reason: "is a tombstone") }
        return try EventCoding.decode(type, value: value, header: header)
    }

    public var context: EventContext { EventContext(header: header, id: id, appendedAt: appendedAt) }
}

extension EventContext {
    init(header: (String) -> String?, id: RecordID, appendedAt: Date) {
        self.init(
            id: header(EventCoding.Name.id) ?? id.description, source: header(EventCoding.Name.source) ?? "unknown",
            time: header(EventCoding.Name.time).flatMap { Date(rfc3339: $0) } ?? appendedAt,
            traceparent: header(EventCoding.Name.traceparent))
    }
}
