import LayerArchive

/// Runs the analysers over one layer's files as they pass; keeps what they found, never the files.
///
/// `@unchecked Sendable`: used by one thread at a time, the second one of the layer's reader, and read when the reader
/// is done.
final class LayerAnalysis: EntrySelector, @unchecked Sendable {
    private let analysers: AnalyserSet
    /// Files that a link of the image leads to, with the analysers that want them, by name.
    private let extra: [EntryPath: Set<String>]
    private let limits: ScanLimits
    private var files: [EntryPath: [LayerRecord.File]] = [:]
    private var packages = 0
    private(set) var setIDFiles: [EntryPath: UInt32] = [:]
    /// Set once there is more than the limits allow; the layer then counts as not read.
    private(set) var excess: LayerError.Cause?

    /// - Parameter extra: also these files, each for the analysers of these names.
    init(_ analysers: AnalyserSet, extra: [EntryPath: Set<String>] = [:], limits: ScanLimits = .standard) {
        self.analysers = analysers
        self.extra = extra
        self.limits = limits
    }

    /// An analyser that wants a file, and how.
    private struct Wish {
        let analyser: any Analyser
        var needsContent: Bool
        var bytesMax: Int64
        var dropsEmpty: Bool
    }

    func wants(_ entry: TarEntry) -> Bool {
        // A file replaced within the layer: what the earlier one said is gone.
        if !files.isEmpty { keep([], at: entry.path) }
        noteSetID(entry)
        let wishes = wishes(entry)
        guard !wishes.isEmpty, excess == nil else { return false }
        if wishes.contains(where: { $0.needsContent && entry.sizeBytes <= $0.bytesMax }) { return true }
        run(wishes, entry, UnsafeRawBufferPointer(start: nil, count: 0))
        return false
    }

    /// An executable that runs as its owner or group, whoever starts it (inode(7), "set-user-ID", "set-group-ID").
    private func noteSetID(_ entry: TarEntry) {
        let isSet = entry.mode & 0o4100 == 0o4100 || entry.mode & 0o2010 == 0o2010
        if !isSet {
            if !setIDFiles.isEmpty { setIDFiles[entry.path] = nil }
        } else if setIDFiles.count < limits.filesMax {
            setIDFiles[entry.path] = entry.mode & 0o7777
        } else {
            excess = .overLimit("filesMax", limit: Int64(limits.filesMax), value: nil)
        }
    }

    func take(_ entry: TarEntry, _ content: EntryContent) {
        guard excess == nil else { return }
        let wishes = wishes(entry)
        switch content {
        case .bytes(let bytes): run(wishes, entry, bytes)
        case .unread(let reason):
            keep(
                wishes.map { .init(path: entry.path, analyser: $0.analyser.name, findings: nil, unread: reason) },
                at: entry.path)
        }
    }

    func reading(_ entry: TarEntry, _ beginning: UnsafeRawBufferPointer) -> (any EntryReading)? {
        guard excess == nil else { return nil }
        let wanted = analysers.index.ofPieces.filter { $0.rule.wantsPieces(entry.path, beginning) }.map(\.analyser)
        guard !wanted.isEmpty else { return nil }
        let readings = Set(wanted).sorted().map { number in
            let analyser = analysers.analysers[number]
            return (analyser.name, analyser.reading(entry.path))
        }
        return PieceReading(readings) { [self] results in
            let found = results.compactMap { name, result -> LayerRecord.File? in
                switch result {
                case .success(let findings) where findings.isEmpty: nil
                case .success(let findings): .init(path: entry.path, analyser: name, findings: findings, unread: nil)
                case .failure(let error): .init(path: entry.path, analyser: name, findings: nil, unread: error.reason)
                }
            }
            if !found.isEmpty { keep(found, at: entry.path) }
        }
    }

    /// Whether a file may be read in pieces, as far as its name tells.
    func mayReadByName(_ entry: TarEntry) -> Bool {
        excess == nil && analysers.index.ofPieces.contains { $0.rule.mayWantPieces(entry.path) }
    }

    /// Takes a file that is here as a whole, though it may be one for reading in pieces.
    func takeWhole(_ entry: TarEntry, _ bytes: UnsafeRawBufferPointer) {
        if !wishes(entry).isEmpty { return take(entry, .bytes(bytes)) }
        guard bytes.count >= EntryBeginning.bytes, let reading = reading(entry, bytes) else { return }
        _ = reading.take(bytes)
        reading.finish()
    }

    private func wishes(_ entry: TarEntry) -> [Wish] {
        let path = entry.path
        var result: [Wish] = []
        for match in analysers.index.matches(path)
        where !match.rule.isOptional || entry.sizeBytes <= match.rule.bytesMax {
            let analyser = analysers.analysers[match.analyser]
            if let known = result.firstIndex(where: { $0.analyser.name == analyser.name }) {
                result[known].needsContent = result[known].needsContent || match.rule.needsContent
                result[known].bytesMax = max(result[known].bytesMax, match.rule.bytesMax)
                result[known].dropsEmpty = result[known].dropsEmpty && match.rule.dropsEmpty
            } else {
                result.append(
                    Wish(
                        analyser: analyser, needsContent: match.rule.needsContent, bytesMax: match.rule.bytesMax,
                        // What a link leads to was asked for.
                        dropsEmpty: match.rule.dropsEmpty && extra[path] == nil))
            }
        }
        if !extra.isEmpty, let names = extra[path] {
            for analyser in analysers.analysers
            where names.contains(analyser.name) && !result.contains(where: { $0.analyser.name == analyser.name }) {
                let bytesMax = analyser.rules.map(\.bytesMax).max() ?? 0
                result.append(Wish(analyser: analyser, needsContent: true, bytesMax: bytesMax, dropsEmpty: false))
            }
        }
        return result
    }

    private func run(_ wishes: [Wish], _ entry: TarEntry, _ bytes: UnsafeRawBufferPointer) {
        let found: [LayerRecord.File] = wishes.compactMap { wish in
            let name = wish.analyser.name
            do throws(AnalysisError) {
                let findings = try Self.findings(wish, entry, bytes)
                if findings.isEmpty, wish.dropsEmpty { return nil }
                return LayerRecord.File(path: entry.path, analyser: name, findings: findings, unread: nil)
            } catch {
                return LayerRecord.File(path: entry.path, analyser: name, findings: nil, unread: error.reason)
            }
        }
        keep(found, at: entry.path)
    }

    private static func findings(
        _ wish: Wish, _ entry: TarEntry, _ bytes: UnsafeRawBufferPointer
    ) throws(AnalysisError) -> FileFindings {
        guard wish.needsContent else {
            return try wish.analyser.analyse(entry.path, UnsafeRawBufferPointer(start: nil, count: 0))
        }
        guard entry.sizeBytes <= wish.bytesMax else {
            throw AnalysisError("it has \(entry.sizeBytes) bytes, over the limit bytesMax = \(wish.bytesMax)")
        }
        let findings = try wish.analyser.analyse(entry.path, bytes)
        try findings.check()
        return findings
    }

    /// Replaces what is known of a path, within the limits.
    private func keep(_ found: [LayerRecord.File], at path: EntryPath) {
        let count = { (files: [LayerRecord.File]) in files.reduce(0) { $0 + ($1.findings?.count ?? 0) } }
        let old = found.isEmpty ? files.removeValue(forKey: path) : files.updateValue(found, forKey: path)
        packages += count(found) - count(old ?? [])
        if files.count > limits.filesMax {
            excess = .overLimit("filesMax", limit: Int64(limits.filesMax), value: nil)
        } else if packages > limits.packagesMax {
            excess = .overLimit("packagesMax", limit: Int64(limits.packagesMax), value: nil)
        } else {
            return
        }
        (files, packages) = ([:], 0)
    }

    /// All results, sorted.
    var records: [LayerRecord.File] {
        files.values.flatMap(\.self).sorted { ($0.path, $0.analyser) < ($1.path, $1.analyser) }
    }
}

/// Several analysers that read one file in pieces.
private final class PieceReading: EntryReading {
    typealias Result = Swift.Result<FileFindings, AnalysisError>

    private let readings: [(name: String, reading: any FileReading)]
    private var wantsMore: [Bool]
    private let end: ([(String, Result)]) -> Void

    init(_ readings: [(String, any FileReading)], end: @escaping ([(String, Result)]) -> Void) {
        self.readings = readings
        self.end = end
        wantsMore = readings.map { _ in true }
    }

    func take(_ bytes: UnsafeRawBufferPointer) -> Bool {
        for index in readings.indices where wantsMore[index] { wantsMore[index] = readings[index].reading.take(bytes) }
        return wantsMore.contains(true)
    }

    func finish() {
        end(
            readings.map { name, reading in
                let result = Result { () throws(AnalysisError) in
                    let findings = try reading.finish()
                    try findings.check()
                    return findings
                }
                return (name, result)
            })
    }
}
