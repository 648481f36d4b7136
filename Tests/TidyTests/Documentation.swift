/// Links between the pages of the checkout.
enum Documentation {
    /// The targets of Markdown links in a page, code blocks left out: `[text](target)`.
    static func links(in file: SourceFile) -> [(target: String, line: Int)] {
        var found: [(String, Int)] = []
        var inCode = false
        for (index, line) in file.lines.enumerated() {
            if line.hasPrefix("```") { inCode.toggle() }
            guard !inCode else { continue }
            var rest = line[...]
            while let range = rest.firstRange(of: "](") {
                rest = rest[range.upperBound...]
                found.append((String(rest.prefix { $0 != ")" && $0 != " " }), index + 1))
            }
        }
        return found
    }

    /// A link's file from the root; nil when it leads elsewhere (the web, a heading of the same page).
    static func file(of link: String, in page: SourceFile) -> String? {
        guard !link.contains("://"), !link.hasPrefix("#"), !link.hasPrefix("mailto:") else { return nil }
        var parts = page.path.split(separator: "/").dropLast().map(String.init)
        for part in link.prefix(while: { $0 != "#" }).split(separator: "/") where part != "." {
            if part == ".." { _ = parts.popLast() } else { parts.append(String(part)) }
        }
        return parts.joined(separator: "/")
    }

    /// Links that lead to no file.
    static func broken(in pages: [SourceFile], exists: (String) -> Bool) -> [Violation] {
        pages.flatMap { page in
            links(in: page).compactMap { link, line in
                guard let file = file(of: link, in: page), !exists(file) else { return nil }
                return Violation(
                    path: page.path, line: line, what: "the link leads to \(file), which does not exist",
                    advice: "correct or remove it")
            }
        }
    }

    /// Pages under `docs/` that no index links to.
    static func unlisted(in pages: [SourceFile]) -> [Violation] {
        let indexes = pages.filter { ["docs/README.md", "docs/architecture.md"].contains($0.path) }
        let listed = Set(indexes.flatMap { page in links(in: page).compactMap { file(of: $0.target, in: page) } })
        return pages.filter { $0.path.hasPrefix("docs/") && !indexes.map(\.path).contains($0.path) }
            .filter { !listed.contains($0.path) }
            .map {
                Violation(
                    path: $0.path, line: 1, what: "no index links to the page",
                    advice: "add it to docs/README.md or docs/architecture.md")
            }
    }
}
