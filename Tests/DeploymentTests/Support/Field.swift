import Foundation
import Yams

/// A value in a YAML document, with the way that leads to it.
struct Field: Sendable {
    private indirect enum Value: Sendable {
        case missing
        case text(String)
        case list([Value])
        case map([String: Value])
    }

    /// As people point at it: `services.scanner.ports[0]`.
    let path: String
    private let value: Value

    /// Documents of a file; anchors and merge keys are resolved.
    static func documents(_ yaml: String) throws -> [Field] {
        try Array(Yams.load_all(yaml: yaml)).map { Field(path: "", value: Self.convert($0)) }
    }

    /// The only document of a text.
    init(_ yaml: String) throws { self.init(path: "", value: Self.convert(try Yams.load(yaml: yaml))) }

    private init(path: String, value: Value) {
        self.path = path
        self.value = value
    }

    private static func convert(_ any: Any?) -> Value {
        switch any {
        case let map as [AnyHashable: Any]:
            .map(Dictionary(map.map { ("\($0.key)", convert($0.value)) }) { first, _ in first })
        case let list as [Any]: .list(list.map(convert))
        case let text as String: .text(text)
        case let flag as Bool: .text(flag ? "true" : "false")
        case let number as Int: .text(String(number))
        case let number as Double: .text(String(number))
        case .some(is NSNull), .none: .missing
        case .some(let other): .text("\(other)")
        }
    }

    // MARK: Looking

    subscript(_ key: String) -> Field {
        let path = path.isEmpty ? key : "\(path).\(key)"
        guard case .map(let map) = value, let inner = map[key] else { return Field(path: path, value: .missing) }
        return Field(path: path, value: inner)
    }

    var exists: Bool {
        if case .missing = value { return false }
        return true
    }

    /// A word, a number or a flag as text.
    var text: String? {
        guard case .text(let text) = value else { return nil }
        return text
    }

    var keys: [String] {
        guard case .map(let map) = value else { return [] }
        return map.keys.sorted()
    }

    /// The values of a mapping, by key.
    var fields: [(key: String, field: Field)] { keys.map { ($0, self[$0]) } }

    var list: [Field] {
        guard case .list(let list) = value else { return [] }
        return list.enumerated().map { Field(path: "\(path)[\($0.offset)]", value: $0.element) }
    }

    /// The texts of a list, or the words of one text.
    var words: [String] {
        if let text { return text.split(separator: " ").map(String.init) }
        return list.compactMap(\.text)
    }

    /// A mapping of texts.
    var texts: [String: String] {
        Dictionary(uniqueKeysWithValues: fields.compactMap { key, field in field.text.map { (key, $0) } })
    }

    /// The mapping holds all of the other's texts.
    func contains(_ texts: [String: String]) -> Bool { texts.allSatisfy { self[$0.key].text == $0.value } }

    /// With `${NAME:-fallback}` replaced by the fallback, as where no variable is set.
    var interpolated: Field { Field(path: path, value: Self.interpolate(value)) }

    private static func interpolate(_ value: Value) -> Value {
        switch value {
        case .missing: .missing
        case .text(let text):
            .text(
                text.replacing(/\$\{[A-Za-z0-9_]+(?::?-([^}]*))?\}/) { String($0.1 ?? "") }.replacing("$$", with: "$"))
        case .list(let list): .list(list.map(interpolate))
        case .map(let map): .map(map.mapValues(interpolate))
        }
    }
}
