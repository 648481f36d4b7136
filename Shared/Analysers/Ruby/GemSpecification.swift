import Model

/// What `Gem::Specification#to_ruby` writes: a comment with name, version and platform, then an assignment a line.
enum GemSpecification {
    static func package(_ bytes: UnsafeRawBufferPointer) throws(AnalysisError) -> FoundPackage {
        var stub: [String] = []
        var values: [String: [String]] = [:]
        for line in LineReader(bytes) {
            let text = line.trimmedText
            if stub.isEmpty, text.hasPrefix("# stub: ") {
                stub = text.dropFirst(8).split(separator: " ").map(String.init)
            } else if text.hasPrefix("s."), let equals = text.firstIndex(of: "=") {
                let field = text[..<equals].dropFirst(2).filter { $0 != " " }
                if values[String(field)] == nil { values[String(field)] = strings(in: text[equals...]) }
            }
        }
        let name = stub.first ?? values["name"]?.first
        let version = (stub.count >= 2 ? stub[1] : nil) ?? values["version"]?.first
        guard let name, let version, !name.isEmpty, version.first?.isNumber == true else {
            throw AnalysisError("it is not as RubyGems writes a specification")
        }
        let platform = stub.count >= 3 ? stub[2] : values["platform"]?.first ?? "ruby"
        return FoundPackage(
            name: name, version: version, type: .gem, architecture: platform == "ruby" ? nil : platform,
            licenses: values["licenses"] ?? values["license"] ?? [])
    }

    /// The texts in quotation marks of an assignment.
    private static func strings(in text: Substring) -> [String] {
        let parts = text.split(separator: "\"", omittingEmptySubsequences: false)
        return stride(from: 1, to: parts.count - 1, by: 2).map { String(parts[$0]) }.filter { !$0.isEmpty }
    }
}
