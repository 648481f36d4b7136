/// The targets of `Package.swift` and what each may import, read from its text.
///
/// The manifest is a table on purpose: `shared("Model", ["Other", product])` and the like. This reads that form, with
/// named lists of dependencies, and nothing else.
struct Manifest: Sendable {
    struct Target: Sendable {
        let name: String
        /// The folder of its sources, from the root.
        let folder: String
        /// Own modules and products of other packages, by module name.
        let dependencies: Set<String>
        let isTest: Bool
        let line: Int
    }

    let targets: [Target]

    func target(of path: String) -> Target? {
        targets.filter { path.hasPrefix($0.folder + "/") }.max { $0.folder.count < $1.folder.count }
    }

    var modules: Set<String> { Set(targets.map(\.name)) }

    init(_ file: SourceFile) {
        let text = String(decoding: file.bytes, as: UTF8.self)
        var values = Self.products(in: text)
        for (name, list) in Self.lists(in: file) { values[name] = Self.expand(list, values) }
        targets = ["shared(", "system(", "service(", "process(", "benchmark(", "tests(", "fuzzer(", ".target("].flatMap
        { call in
            file.offsets(of: call).compactMap { offset in
                Self.target(
                    call, Self.balanced(file, from: offset + call.utf8.count - 1), values, file.line(at: offset))
            }
        }
    }

    /// `let logging = Target.Dependency.product(name: "Logging", …)`
    private static func products(in text: String) -> [String: Set<String>] {
        var products: [String: Set<String>] = [:]
        for line in text.split(separator: "\n") where line.contains("Target.Dependency.product(name: \"") {
            let words = line.split(separator: " ")
            let quoted = line.split(separator: "\"")
            guard words.count > 1, words[0] == "let", quoted.count > 1 else { continue }
            let product = String(quoted[1])
            products[String(words[1])] = [product]
        }
        return products
    }

    /// `let serviceModules: [Target.Dependency] = […]`
    private static func lists(in file: SourceFile) -> [(String, String)] {
        let marker = ": [Target.Dependency] = ["
        return file.offsets(of: marker, word: false).map { offset in
            var start = offset
            while start > 0, SourceFile.isNamePart(file.code[start - 1]) { start -= 1 }
            let name = String(decoding: file.code[start..<offset], as: UTF8.self)
            return (name, balanced(file, from: offset + marker.utf8.count - 1))
        }
    }

    private static func target(_ call: String, _ arguments: String, _ values: [String: Set<String>], _ line: Int)
        -> Target?
    {
        let strings = arguments.split(separator: "\"", omittingEmptySubsequences: false)
        // The declarations of the functions themselves have parameters where the calls have strings.
        guard strings.count > 1, !arguments.hasPrefix("_"), !arguments.contains("name: name") else { return nil }
        let name = call == "benchmark(" ? "bench-\(strings[1])" : String(strings[1])
        let path = arguments.firstRange(of: "path: \"").map { arguments[$0.upperBound...].prefix { $0 != "\"" } }
        let folder =
            switch call {
            case "shared(", "system(": "Shared/\(name)"
            case "service(": "Services/\(strings.count > 3 ? strings[3] : "")/Service"
            case "process(": "Services/\(name)/Main"
            case "benchmark(": "Benchmarks/\(strings[1])"
            case "tests(", "fuzzer(": "Tests/\(name)"
            default: path.map(String.init) ?? "Sources/\(name)"
            }
        // The name, and a service's folder, come before what it depends on.
        let skipped = call == "service(" ? 2 : 1
        let rest = arguments.split(separator: ",", maxSplits: skipped, omittingEmptySubsequences: false)
        return Target(
            name: name, folder: folder,
            dependencies: expand(rest.count > skipped ? String(rest[skipped]) : "", values).subtracting([name]),
            isTest: call == "tests(", line: line)
    }

    /// Every string and every known name in an expression. What is no dependency (a folder, a path) matches no import.
    private static func expand(_ expression: String, _ values: [String: Set<String>]) -> Set<String> {
        var found: Set<String> = []
        for (index, piece) in expression.split(separator: "\"", omittingEmptySubsequences: false).enumerated() {
            if index.isMultiple(of: 2) {
                for name in piece.split(whereSeparator: { !$0.isLetter && !$0.isNumber }) {
                    found.formUnion(values[String(name)] ?? [])
                }
            } else {
                found.insert(String(piece))
            }
        }
        return found
    }

    /// The text between the bracket at `open` and the one that closes it.
    private static func balanced(_ file: SourceFile, from open: Int) -> String {
        var depth = 0
        for index in open..<file.code.count {
            switch file.code[index] {
            case UInt8(ascii: "("), UInt8(ascii: "["): depth += 1
            case UInt8(ascii: ")"), UInt8(ascii: "]"): depth -= 1
            default: break
            }
            if depth == 0 { return String(decoding: file.bytes[(open + 1)..<index], as: UTF8.self) }
        }
        return ""
    }
}
