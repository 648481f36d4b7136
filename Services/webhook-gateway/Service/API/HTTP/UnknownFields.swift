import Foundation
import Model

/// Refuses fields that nobody reads: a misspelt `repositories` would mean all of them.
///
/// What was read is written again and compared key by key, so each type's own coding says which fields there are.
enum UnknownFields {
    /// - Throws: 400 that names the first one.
    static func check(_ data: Data, readAs value: some Encodable) throws {
        guard let given = try? JSONSerialization.jsonObject(with: data, options: .fragmentsAllowed) else {
            throw ProblemError.malformed("is not JSON")
        }
        let known = try JSONSerialization.jsonObject(with: JSONFormat.encode(value), options: .fragmentsAllowed)
        guard let (field, isNull) = first(in: given, besides: known, at: "") else { return }
        // A null that means something is written again; any other may stand for a field that there is or is not.
        throw ProblemError.malformed(
            isNull ? "there is no such field, or it takes no null" : "there is no such field", field: field)
    }

    private static func first(in given: Any, besides known: Any, at path: String) -> (field: String, isNull: Bool)? {
        switch (given, known) {
        case (let given as [String: Any], let known as [String: Any]):
            for (key, value) in given.sorted(by: { $0.key < $1.key }) {
                let field = path.isEmpty ? key : path + "." + key
                guard let same = known[key] else { return (field, value is NSNull) }
                if let found = first(in: value, besides: same, at: field) { return found }
            }
        case (let given as [Any], let known as [Any]):
            for (index, pair) in zip(given, known).enumerated() {
                if let found = first(in: pair.0, besides: pair.1, at: path + "[\(index)]") { return found }
            }
        default: break
        }
        return nil
    }
}
