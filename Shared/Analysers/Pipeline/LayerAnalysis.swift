import LayerArchive

/// Runs the analysers over one layer's files as they pass; keeps what they found, never the files.
///
/// `@unchecked Sendable`: used by the thread that feeds the layer's reader, one at a time, and read when the reader is
/// done.
final class LayerAnalysis: EntrySelector, @unchecked Sendable {
    private let analysers: AnalyserSet
    /// Files that a link of the image leads to, with the analysers that want them, by name.
    private let extra: [EntryPath: Set<String>]
    private var files: [EntryPath: [LayerRecord.File]] = [:]

    /// - Parameter extra: also these files, each for the analysers of these names.
    init(_ analysers: AnalyserSet, extra: [EntryPath: Set<String>] = [:]) {
        self.analysers = analysers
        self.extra = extra
    }

    func wants(_ entry: TarEntry) -> Bool {
        // A file replaced within the layer: what the earlier one said is gone.
        if !files.isEmpty { files[entry.path] = nil }
        let wanting = wanting(entry.path)
        guard !wanting.isEmpty else { return false }
        if wanting.contains(where: \.needsContent) { return true }
        run(wanting, entry.path, UnsafeRawBufferPointer(start: nil, count: 0))
        return false
    }

    func take(_ entry: TarEntry, _ content: EntryContent) {
        let wanting = wanting(entry.path)
        switch content {
        case .bytes(let bytes): run(wanting, entry.path, bytes)
        case .unread(let reason):
            files[entry.path] = wanting.map {
                .init(path: entry.path, analyser: $0.analyser.name, findings: nil, unread: reason)
            }
        }
    }

    private func wanting(_ path: EntryPath) -> [(analyser: any Analyser, needsContent: Bool)] {
        var result: [(analyser: any Analyser, needsContent: Bool)] = []
        for match in analysers.index.matches(path) {
            let analyser = analysers.analysers[match.analyser]
            if let known = result.firstIndex(where: { $0.analyser.name == analyser.name }) {
                result[known].needsContent = result[known].needsContent || match.rule.needsContent
            } else {
                result.append((analyser, match.rule.needsContent))
            }
        }
        if !extra.isEmpty, let names = extra[path] {
            for analyser in analysers.analysers
            where names.contains(analyser.name) && !result.contains(where: { $0.analyser.name == analyser.name }) {
                result.append((analyser, true))
            }
        }
        return result
    }

    private func run(
        _ wanting: [(analyser: any Analyser, needsContent: Bool)], _ path: EntryPath, _ bytes: UnsafeRawBufferPointer
    ) {
        files[path] = wanting.map { analyser, needsContent in
            do throws(AnalysisError) {
                let content = needsContent ? bytes : UnsafeRawBufferPointer(start: nil, count: 0)
                return .init(
                    path: path, analyser: analyser.name, findings: try analyser.analyse(path, content), unread: nil)
            } catch {
                return .init(path: path, analyser: analyser.name, findings: nil, unread: error.reason)
            }
        }
    }

    /// All results, sorted.
    var records: [LayerRecord.File] {
        files.values.flatMap(\.self).sorted { ($0.path, $0.analyser) < ($1.path, $1.analyser) }
    }
}
