import LayerArchive

/// Finds the few rules that a path may match among those of all analysers: asked once for every entry of every layer.
struct RuleIndex: Sendable {
    struct Match: Sendable {
        /// The position in `AnalyserSet.analysers`.
        let analyser: Int
        let rule: FileRule
    }

    private var byName: [Slice: [Match]] = [:]
    private var byParentName: [Slice: [Match]] = [:]
    /// By what follows the last dot of a suffix.
    private var byExtension: [Slice: [Match]] = [:]

    /// Rules of files that are read in pieces.
    private(set) var ofPieces: [Match] = []

    private typealias Slice = ArraySlice<UInt8>

    init(_ analysers: [any Analyser]) {
        for (number, analyser) in analysers.enumerated() {
            for rule in analyser.rules { add(Match(analyser: number, rule: rule)) }
        }
    }

    private mutating func add(_ match: Match) {
        switch match.rule.place {
        case .path(let path): byName[path.name, default: []].append(match)
        case .directory(let path, _, _): byParentName[path.name, default: []].append(match)
        case .named(let name, _): byName[Array(name.utf8)[...], default: []].append(match)
        case .pieces, .text: ofPieces.append(match)
        case .suffix(let suffix):
            guard let dot = suffix.utf8.lastIndex(of: UInt8(ascii: ".")) else {
                preconditionFailure("a suffix rule has a dot: \(suffix)")
            }
            byExtension[Array(suffix.utf8[suffix.utf8.index(after: dot)...])[...], default: []].append(match)
        }
    }

    func matches(_ path: EntryPath) -> [Match] {
        let bytes = path.bytes
        let slash = bytes.lastIndex(of: UInt8(ascii: "/"))
        let name = bytes[(slash.map { $0 + 1 } ?? 0)...]
        var candidates = byName[name] ?? []
        if let slash, !byParentName.isEmpty {
            let start = bytes[..<slash].lastIndex(of: UInt8(ascii: "/")).map { $0 + 1 } ?? 0
            candidates += byParentName[bytes[start..<slash]] ?? []
        }
        if let dot = name.lastIndex(of: UInt8(ascii: ".")) { candidates += byExtension[name[(dot + 1)...]] ?? [] }
        return candidates.isEmpty ? candidates : candidates.filter { $0.rule.mayMatch(path) }
    }
}
