import Foundation
import Model

/// Finds fields that nobody reads: a misspelt `repositories` would mean all of them.
///
/// What was read is written again and compared key by key, so each type's own coding says which fields there are.
package struct UnknownField: Sendable, Hashable {
    /// Such as `scope.registry` or `controls[0].severty`.
    package let path: String
    /// A null that means something is written again; any other may stand for a field that there is or is not.
    package let isNull: Bool

    /// The first one in what was given.
    /// - Parameters:
    ///   - given: dictionaries, arrays and values, as a parser of JSON or YAML makes them.
    ///   - value: what was read from it.
    ///   - passesNulls: takes a field without a value for one that is not there, as people leave them in files.
    package static func first(
        in given: Any, readAs value: some Encodable, passesNulls: Bool = false
    ) throws -> UnknownField? {
        let known = try JSONSerialization.jsonObject(with: JSONFormat.encode(value), options: .fragmentsAllowed)
        return first(in: given, besides: known, at: "", passesNulls)
    }

    private static func first(
        in given: Any, besides known: Any, at path: String, _ passesNulls: Bool
    ) -> UnknownField? {
        switch (given, known) {
        case (let given as [String: Any], let known as [String: Any]):
            for (key, value) in given.sorted(by: { $0.key < $1.key }) {
                if passesNulls, value is NSNull { continue }
                let field = path.isEmpty ? key : path + "." + key
                guard let same = known[key] else { return UnknownField(path: field, isNull: value is NSNull) }
                if let found = first(in: value, besides: same, at: field, passesNulls) { return found }
            }
        case (let given as [Any], let known as [Any]):
            for (index, pair) in zip(given, known).enumerated() {
                if let found = first(in: pair.0, besides: pair.1, at: path + "[\(index)]", passesNulls) { return found }
            }
        default: break
        }
        return nil
    }
}
