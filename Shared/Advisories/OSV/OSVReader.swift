public import Foundation
import Model

/// Reads OSV records into advisories.
public struct OSVReader {
    private static let idBytesMax = 256
    private static let nameBytesMax = 512

    private let limits: ImportLimits
    private let decoder = JSONDecoder()

    public init(limits: ImportLimits = ImportLimits()) { self.limits = limits }

    /// - Parameter source: Where the record comes from; the first part of its key.
    /// - Throws: `AdvisoriesError.record` when it is no OSV record or breaks a limit.
    public func advisory(_ json: Data, source: String, name: String) throws(AdvisoriesError) -> Advisory {
        guard json.count <= limits.recordBytesMax else {
            throw .record(name: name, reason: "it is larger than \(limits.recordBytesMax) bytes")
        }
        let record: OSVRecord
        do { record = try decoder.decode(OSVRecord.self, from: json) } catch {
            throw .record(name: name, reason: Self.reason(error))
        }
        do { return try advisory(record, source: source) } catch { throw .record(name: name, reason: error.reason) }
    }

    private static func reason(_ error: any Error) -> String {
        switch error as? DecodingError {
        case .keyNotFound(let key, let context): "\(path(context)) lacks “\(key.stringValue)”"
        case .typeMismatch(_, let context), .valueNotFound(_, let context): "\(path(context)) has the wrong type"
        default: "it is not JSON"
        }
    }

    private static func path(_ context: DecodingError.Context) -> String {
        context.codingPath.isEmpty
            ? "the record" : context.codingPath.prefix(8).map(\.stringValue).joined(separator: ".")
    }

    // MARK: Normalising

    private func advisory(_ record: OSVRecord, source: String) throws(RecordFault) -> Advisory {
        try check(record.id, "the id", Self.idBytesMax)
        guard !record.id.isEmpty else { throw RecordFault("the id is empty") }
        let aliases = try ids(record.aliases, "aliases").filter { $0 != record.id }
        var upstream = try ids(record.upstream, "upstream")
        if aliases.isEmpty, upstream.isEmpty {
            upstream = try ids(record.related, "related").filter { $0.hasPrefix("CVE-") }
        }
        guard (record.affected?.count ?? 0) <= limits.affectedMax else {
            throw RecordFault("it names more than \(limits.affectedMax) packages")
        }
        var affected: [Advisory.Affected] = []
        for entry in record.affected ?? [] {
            if let entry = try self.affected(entry) { affected.append(entry) }
        }
        let severity = SeverityReader.severity(of: record, hasFlaws: !upstream.isEmpty || !aliases.isEmpty)
        return Advisory(
            source: source, id: record.id, modified: String((record.modified ?? "").prefix(64)),
            withdrawn: record.withdrawn.map { String($0.prefix(64)) }, aliases: aliases, upstream: upstream,
            summary: record.summary.flatMap(summary), severity: severity.severity, severitySource: severity.source,
            affected: affected)
    }

    /// Nil for an entry without a package, or of which only GIT ranges are known.
    private func affected(_ entry: OSVRecord.Affected) throws(RecordFault) -> Advisory.Affected? {
        guard let package = entry.package else { return nil }
        try check(package.ecosystem, "an ecosystem", Ecosystem.bytesMax)
        try check(package.name, "a package's name", Self.nameBytesMax)
        guard !package.name.isEmpty, !package.ecosystem.isEmpty else { throw RecordFault("a package has no name") }
        guard (entry.ranges?.count ?? 0) <= limits.rangesMax, (entry.versions?.count ?? 0) <= limits.versionsMax else {
            throw RecordFault("\(package.name) has too many ranges or versions")
        }
        var ranges: [[Advisory.Event]] = []
        for range in entry.ranges ?? [] where range.type != "GIT" {
            guard range.events.count <= limits.eventsMax else {
                throw RecordFault("\(package.name) has too many events")
            }
            let events = try events(range)
            if !events.isEmpty { ranges.append(events) }
        }
        for version in entry.versions ?? [] { try check(version, "a version", OrderedVersion.bytesMax) }
        let versions = entry.versions ?? []
        guard !ranges.isEmpty || !versions.isEmpty else { return nil }
        let severity = SeverityReader.severity(of: entry)
        return Advisory.Affected(
            ecosystem: Ecosystem(record: package.ecosystem), package: package.name, ranges: ranges, versions: versions,
            severity: severity?.severity, severitySource: severity?.source)
    }

    private func events(_ range: OSVRecord.Range) throws(RecordFault) -> [Advisory.Event] {
        var events: [Advisory.Event] = []
        for event in range.events {
            let kinds: [(Advisory.EventKind, String?)] = [
                (.introduced, event.introduced), (.fixed, event.fixed), (.lastAffected, event.last_affected),
                (.limit, event.limit),
            ]
            for case (let kind, let version?) in kinds {
                try check(version, "a version", OrderedVersion.bytesMax)
                events.append(Advisory.Event(kind, version))
            }
        }
        return events
    }

    private func ids(_ list: [String]?, _ what: String) throws(RecordFault) -> [String] {
        guard let list, !list.isEmpty else { return [] }
        guard list.count <= limits.idsMax else { throw RecordFault("it has more than \(limits.idsMax) \(what)") }
        for id in list { try check(id, what, Self.idBytesMax) }
        return Set(list).sorted()
    }

    private func check(_ text: String, _ what: String, _ most: Int) throws(RecordFault) {
        guard text.utf8.count <= most else { throw RecordFault("\(what) is longer than \(most) bytes") }
    }

    private func summary(_ text: String) -> String? {
        guard text.utf8.count > limits.summaryBytesMax else { return text.isEmpty ? nil : text }
        return String(decoding: text.utf8.prefix(limits.summaryBytesMax - 3), as: UTF8.self) + "…"
    }
}

private struct RecordFault: Error {
    let reason: String
    init(_ reason: String) { self.reason = reason }
}
