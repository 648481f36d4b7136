import Model
import Yams

/// The settings in a YAML file, by dotted key.
///
/// Keys nest or are dotted, as the writer likes: `log: {level: debug}` and `log.level: debug` are the same. A value is
/// taken as it is written and read like one from the environment; a list of values is for settings that are lists.
/// What has no place in such a file (a key twice, a list of lists, a key without a value) is collected in `problems`,
/// each with its line; the rest is still read.
struct SettingsFile: Sendable {
    static let bytesMax = 65_536
    /// More settings than any process has; aliases can make a small file large.
    static let settingsMax = 1_000
    static let depthMax = 8

    struct Value: Sendable, Hashable {
        let content: Content
        let line: Int
    }

    enum Content: Sendable, Hashable {
        case text(String)
        case list([String])
    }

    let path: String
    private(set) var values: [String: Value] = [:]
    private(set) var problems: [ConfigurationError.Problem] = []

    /// - Throws: `ParseError` when the file cannot be read or is not YAML, with the line but without the text around
    ///   it.
    init(path: String) throws(ParseError) {
        try self.init(BoundedFile.read(path, as: "settings file", bytesMax: Self.bytesMax), path: path)
    }

    init(_ yaml: String, path: String) throws(ParseError) {
        self.path = path
        let root: Node?
        do { root = try Yams.compose(yaml: yaml) } catch {
            throw ParseError("settings file", in: path, "the file \(path) is no YAML: \(Self.explain(error))")
        }
        guard let root, !Self.isNull(root) else { return }
        guard case .mapping(let mapping) = root else {
            throw ParseError("settings file", in: path, "the file \(path) does not hold settings; write `key: value`")
        }
        collect(mapping, below: "", depth: 1)
    }

    /// The setting as the writer finds it again: `pratique.yaml:3: log.level`.
    func name(of key: String) -> String { "\(place(of: key)): \(key)" }

    /// `pratique.yaml:3`
    func place(of key: String) -> String { place(line: values[key]?.line) }

    private func place(line: Int?) -> String { line.map { "\(path):\($0)" } ?? path }

    // MARK: Reading

    private mutating func collect(_ mapping: Node.Mapping, below prefix: String, depth: Int) {
        for (keyNode, node) in mapping {
            let line = keyNode.mark?.line
            guard case .scalar(let scalar) = keyNode, !scalar.string.isEmpty else {
                refuse(prefix.isEmpty ? "a key" : prefix, line, "a key is a word")
                continue
            }
            let key = prefix.isEmpty ? scalar.string : "\(prefix).\(scalar.string)"
            guard values.count + problems.count < Self.settingsMax else {
                if values.count + problems.count == Self.settingsMax {
                    refuse(key, line, "the file holds more than \(Self.settingsMax) settings")
                }
                return
            }
            if case .mapping(let inner) = node {
                guard depth < Self.depthMax else {
                    refuse(key, line, "it lies more than \(Self.depthMax) levels deep")
                    continue
                }
                if inner.isEmpty { refuse(key, line, "there is nothing below it") }
                collect(inner, below: key, depth: depth + 1)
            } else if let other = values[key] {
                refuse(key, line, "it is given twice, first in line \(other.line)")
            } else if let content = content(of: node, key, line) {
                values[key] = Value(content: content, line: line ?? 1)
            }
        }
    }

    private mutating func content(of node: Node, _ key: String, _ line: Int?) -> Content? {
        if Self.isNull(node) {
            refuse(key, line, "it has no value; remove it, or write '' for an empty one")
            return nil
        }
        switch node {
        case .scalar(let scalar): return .text(scalar.string)
        case .sequence(let sequence):
            let texts = sequence.compactMap { Self.isNull($0) ? nil : $0.scalar?.string }
            guard texts.count == sequence.count else {
                refuse(key, line, "a list holds words, not lists or mappings")
                return nil
            }
            return .list(texts)
        case .mapping, .alias:
            refuse(key, line, "it has no value")
            return nil
        }
    }

    private mutating func refuse(_ key: String, _ line: Int?, _ reason: String) {
        problems.append(.init("\(place(line: line)): \(key)", reason))
    }

    /// `key:`, `key: ~` and `key: null`, but not `key: ''`.
    private static func isNull(_ node: Node) -> Bool {
        guard case .scalar(let scalar) = node, scalar.style == .plain || scalar.style == .any else { return false }
        return ["", "~", "null", "Null", "NULL"].contains(scalar.string)
    }

    /// Without the lines around the place, which may hold what should not be repeated.
    private static func explain(_ error: any Error) -> String {
        guard let error = error as? YamlError else { return "it cannot be parsed" }
        return switch error {
        case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
            .composer(_, let problem, let mark, _):
            "line \(mark.line): \(problem)"
        case .duplicatedKeysInMapping(let keys, let context):
            "line \(context.mark.line): given twice: \(keys.joined(separator: ", "))"
        case .reader(let problem, _, _, _): problem
        default: "it cannot be parsed"
        }
    }
}
