import Foundation
import GatewayAPI
import HTTPTypes
import Hummingbird
import Model
import NIOCore
import Storage

/// JSON in and out, in Pratique's own form (`JSONFormat`).
enum JSONBody {
    /// The largest body of a route that names no other limit.
    static let bytesMax = 1 << 20
    /// What is larger is read and written on a thread of its own.
    static let largeBytes = 256 << 10

    /// - Parameter allowsMore: takes fields that this version does not know. Where a field narrows what is done, a
    ///   misspelt one would widen it.
    /// - Throws: 413 above the limit, 400 or 422 that names the field.
    static func read<Value: Codable & Sendable>(
        _ type: Value.Type, from request: Request, bytesMax: Int = bytesMax, allowsMore: Bool = false
    ) async throws -> Value {
        let data = try await bytes(of: request, bytesMax: bytesMax)
        guard !data.isEmpty else { throw ProblemError.malformed("the body is empty; it wants JSON") }
        // Large bodies are read away from the few threads of the pool.
        if data.count > largeBytes { return try await onOwnThread { try decode(type, data, allowsMore: allowsMore) } }
        return try decode(type, data, allowsMore: allowsMore)
    }

    static func bytes(of request: Request, bytesMax: Int) async throws -> Data {
        if let length = request.headers[.contentLength].flatMap({ Int($0) }), length > bytesMax {
            throw ProblemError.tooLarge("the body has \(length) bytes; this route takes \(bytesMax)")
        }
        do {
            let buffer = try await request.body.collect(upTo: bytesMax)
            return Data(buffer.readableBytesView)
        } catch is NIOTooManyBytesError {
            throw ProblemError.tooLarge("the body has more than the \(bytesMax) bytes that this route takes")
        }
    }

    static func decode<Value: Codable>(_ type: Value.Type, _ data: Data, allowsMore: Bool = false) throws -> Value {
        do {
            let value = try JSONFormat.decode(type, from: data)
            if !allowsMore { try refuseUnknownFields(data, readAs: value) }
            return value
        } catch let error as DecodingError {
            let (path, context) = place(of: error)
            // What a type of the model refuses was readable: it is only not acceptable.
            if let cause = context?.underlyingError as? ParseError {
                throw ProblemError.invalid(cause.description, field: path)
            }
            throw ProblemError.malformed(JSONFormat.explain(error), field: path.isEmpty ? nil : path)
        }
    }

    private static func refuseUnknownFields(_ data: Data, readAs value: some Encodable) throws {
        guard let given = try? JSONSerialization.jsonObject(with: data, options: .fragmentsAllowed) else {
            throw ProblemError.malformed("is not JSON")
        }
        guard let field = try UnknownField.first(in: given, readAs: value) else { return }
        throw ProblemError.malformed(
            field.isNull ? "there is no such field, or it takes no null" : "there is no such field", field: field.path)
    }

    private static func place(of error: DecodingError) -> (String, DecodingError.Context?) {
        switch error {
        case .keyNotFound(let key, let context): (path(context.codingPath + [key]), context)
        case .typeMismatch(_, let context), .valueNotFound(_, let context), .dataCorrupted(let context):
            (path(context.codingPath), context)
        @unknown default: ("", nil)
        }
    }

    private static func path(_ keys: [any CodingKey]) -> String {
        keys.reduce("") { text, key in
            if let index = key.intValue { return text + "[\(index)]" }
            return text.isEmpty ? key.stringValue : text + "." + key.stringValue
        }
    }
}

extension Response {
    /// A JSON answer.
    static func json(
        _ value: some Encodable, status: HTTPResponse.Status = .ok, headers: HTTPFields = [:]
    ) throws -> Response {
        json(data: try JSONFormat.encode(value), status: status, headers: headers)
    }

    /// The same for answers that may be large, made away from the few threads of the pool.
    static func largeJSON(
        _ value: some Encodable & Sendable, status: HTTPResponse.Status = .ok, headers: HTTPFields = [:]
    ) async throws -> Response {
        json(data: try await onOwnThread { try JSONFormat.encode(value) }, status: status, headers: headers)
    }

    static func json(data: Data, status: HTTPResponse.Status = .ok, headers: HTTPFields = [:]) -> Response {
        var headers = headers
        if headers[.contentType] == nil { headers[.contentType] = "application/json" }
        headers[.cacheControl] = "no-store"
        return Response(status: status, headers: headers, body: ResponseBody(byteBuffer: ByteBuffer(bytes: data)))
    }
}
