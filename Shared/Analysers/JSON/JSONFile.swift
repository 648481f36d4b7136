import Foundation
import Synchronization

/// A file of JSON, read into what an analyser wants of it.
enum JSONFile {
    /// - Throws: with the place at which it is not what was expected.
    static func decode<Value: Decodable>(
        _ type: Value.Type, from bytes: UnsafeRawBufferPointer
    ) throws(AnalysisError) -> Value {
        guard let start = bytes.baseAddress, !bytes.isEmpty else { throw AnalysisError("it is empty") }
        var data = Data(bytes: start, count: bytes.count)
        // Editors of Windows begin files with a mark of the byte order.
        if data.starts(with: [0xEF, 0xBB, 0xBF]) { data = data.dropFirst(3) }
        let decoder = JSONDecoder()
        decoder.userInfo[ElementCount.key] = ElementCount()
        do { return try decoder.decode(type, from: data) } catch let error as DecodingError {
            throw AnalysisError(reason(error))
        } catch let error as AnalysisError { throw error } catch {
            throw AnalysisError("it is no JSON")
        }
    }

    private static func reason(_ error: DecodingError) -> String {
        switch error {
        case .typeMismatch(_, let context), .valueNotFound(_, let context): "\(place(context)) has another type"
        case .keyNotFound(let key, let context): "\(place(context)) has no \(key.stringValue.prefix(60))"
        case .dataCorrupted(let context) where context.codingPath.isEmpty: "it is no JSON"
        case .dataCorrupted(let context): "\(place(context)) cannot be read"
        @unknown default: "it is no JSON"
        }
    }

    private static func place(_ context: DecodingError.Context) -> String {
        let path = context.codingPath.map { $0.intValue.map { "[\($0)]" } ?? String($0.stringValue.prefix(60)) }
        return path.isEmpty ? "the document" : path.joined(separator: ".")
    }
}

/// The elements of all bounded lists of one document.
private final class ElementCount: Sendable {
    static let key: CodingUserInfoKey = {
        guard let key = CodingUserInfoKey(rawValue: "elements") else { preconditionFailure("any text is a key") }
        return key
    }()
    private let count = Mutex(0)

    func add() throws(AnalysisError) {
        let packages = count.withLock { count in
            count += 1
            return count
        }
        try AnalysisLimits.check(packages: packages)
    }
}

/// A list of objects that may all be packages: it ends at `packagesMax`, all such lists of a document together, before
/// a file of a few MiB of empty objects becomes GiBs.
struct BoundedList<Element: Decodable>: Decodable {
    private(set) var elements: [Element] = []

    init(_ elements: [Element]) { self.elements = elements }

    init(from decoder: any Decoder) throws {
        var list = try decoder.unkeyedContainer()
        let count = decoder.userInfo[ElementCount.key] as? ElementCount
        while !list.isAtEnd {
            try count?.add()
            elements.append(try list.decode(Element.self))
        }
    }
}

/// A licence as metadata of languages state it: a text, an object with its `type` or `name`, or a list of either.
struct StatedLicenses: Decodable {
    var names: [String] = []

    private struct Object: Decodable {
        let type: String?
        let name: String?
    }

    /// A text or an object.
    private struct Single: Decodable {
        var name: String?

        init(from decoder: any Decoder) throws {
            if let name = try? decoder.singleValueContainer().decode(String.self) {
                self.name = name
            } else if let object = try? Object(from: decoder) {
                name = object.type ?? object.name
            }
        }
    }

    /// Never fails: an odd licence is no reason not to see the package.
    ///
    /// Lists in lists are odd, too: each level is tried in each form, which takes seconds where they are nested deeply.
    init(from decoder: any Decoder) throws {
        if let name = try Single(from: decoder).name {
            names = [name]
        } else if let list = try? [Single](from: decoder) {
            names = list.compactMap(\.name)
        }
        names = names.filter { !$0.isEmpty && $0.utf8.count <= AnalysisLimits.fieldBytesMax }
    }
}
