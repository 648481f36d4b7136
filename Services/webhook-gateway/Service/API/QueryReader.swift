import Hummingbird
import Model

/// Query parameters, read with their limits.
struct QueryReader {
    private let values: [String: String]

    init(_ request: Request) {
        var values: [String: String] = [:]
        for (name, value) in request.uri.queryParameters { values[String(name)] = String(value) }
        self.values = values
    }

    func text(_ name: String, bytesMax: Int = 600) throws -> String? {
        guard let value = values[name], !value.isEmpty else { return nil }
        guard value.utf8.count <= bytesMax else {
            throw ProblemError.malformed("has more than \(bytesMax) bytes", field: name)
        }
        return value
    }

    func integer(_ name: String, in range: ClosedRange<Int>, default fallback: Int) throws -> Int {
        guard let text = values[name] else { return fallback }
        guard let number = Int(text), range.contains(number) else {
            throw ProblemError.malformed(
                "wants a number from \(range.lowerBound) to \(range.upperBound)", field: name)
        }
        return number
    }

    func value<Value: TextValue>(_ type: Value.Type, _ name: String) throws -> Value? {
        guard let text = try text(name) else { return nil }
        do { return try Value(text) } catch { throw ProblemError.malformed(error.description, field: name) }
    }

    func flag(_ name: String) throws -> Bool {
        switch values[name] {
        case nil, "false"?: false
        case ""?, "true"?: true
        default: throw ProblemError.malformed("is true or false", field: name)
        }
    }

    var limit: Int { get throws { try integer("limit", in: 1...Limits.pageMax, default: Limits.pageDefault) } }
    /// Seconds that the answer may be waited for.
    func wait(default fallback: Int = 0) throws -> Duration {
        .seconds(try integer("wait", in: 0...Limits.waitSecondsMax, default: fallback))
    }
}

/// A path's tail that holds an image name: the name ends with its tag or digest, what follows is what to do with it.
struct NamedPath {
    let name: String
    /// `report` of `…/example/team/app:1/report`; empty for the name alone.
    let action: String

    /// - Parameter base: the part before the name, with its trailing slash.
    init?(_ path: String, after base: String) {
        guard path.hasPrefix(base) else { return nil }
        guard let tail = path.dropFirst(base.count).removingPercentEncoding(), tail.utf8.count <= 1_024 else {
            return nil
        }
        // Neither a tag nor a digest holds a slash or a colon beyond the last one.
        guard let colon = tail.lastIndex(of: ":") else { return nil }
        let slash = tail[colon...].firstIndex(of: "/")
        name = String(tail[..<(slash ?? tail.endIndex)])
        action = slash.map { String(tail[tail.index(after: $0)...]) } ?? ""
    }

    func imageName() throws -> ImageName {
        do { return try ImageName(name) } catch { throw ProblemError.malformed(error.description, field: "name") }
    }
}

extension Substring {
    /// nil when an escape is broken or the bytes are not UTF-8.
    func removingPercentEncoding() -> String? {
        var bytes: [UInt8] = []
        var iterator = utf8.makeIterator()
        while let byte = iterator.next() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            guard let high = iterator.next().flatMap(Self.hexValue), let low = iterator.next().flatMap(Self.hexValue)
            else {
                return nil
            }
            bytes.append(high << 4 | low)
        }
        return String(validating: bytes, as: UTF8.self)
    }

    private static func hexValue(_ byte: UInt8) -> UInt8? {
        Character(UnicodeScalar(byte)).hexDigitValue.map { UInt8($0) }
    }
}
