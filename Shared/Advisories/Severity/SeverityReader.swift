import Model

/// The severity of a record: the distribution's own word first, then the newest CVSS vector, then the database's word.
enum SeverityReader {
    static func severity(of record: OSVRecord, hasFlaws: Bool) -> (severity: Severity, source: String?) {
        if let own = own(record.severity) { return (own, "ecosystem") }
        if let rated = rated(record) { return (rated, "ecosystem") }
        if let scored = scored(record.severity) { return scored }
        if let word = record.database_specific?.severity.flatMap(word) { return (word, "database") }
        if let score = record.database_specific?.score, score >= 0, score <= 10 {
            return (CVSS.severity(tenths: Int((score * 10).rounded())), "database")
        }
        let isNoFlaw = record.id.hasPrefix("ALBA-") || record.id.hasPrefix("ALEA-")
        return isNoFlaw && !hasFlaws ? (.negligible, "ecosystem") : (.unknown, nil)
    }

    /// What a record says of one package: Ubuntu's severity type, Debian's urgency, GitHub-like words, its own vectors.
    static func severity(of entry: OSVRecord.Affected) -> (severity: Severity, source: String)? {
        if let own = own(entry.severity) { return (own, "ecosystem") }
        let words = [entry.ecosystem_specific?.urgency, entry.ecosystem_specific?.severity]
        if let own = words.lazy.compactMap({ $0.flatMap(word) }).first { return (own, "ecosystem") }
        if let scored = scored(entry.severity) { return scored }
        return entry.database_specific?.severity.flatMap(word).map { ($0, "database") }
    }

    private static func own(_ list: [OSVRecord.Severity]?) -> Severity? {
        list?.lazy.compactMap { $0.type.hasPrefix("CVSS") ? nil : word($0.score) }.first
    }

    /// Errata of AlmaLinux and Rocky carry Red Hat's rating at the start of the summary: `Important: kernel update`.
    private static func rated(_ record: OSVRecord) -> Severity? {
        let isErratum = ["ALSA-", "RLSA-", "RHSA-"].contains { record.id.hasPrefix($0) }
        guard isErratum, let summary = record.summary, let colon = summary.firstIndex(of: ":") else { return nil }
        return word(String(summary[..<colon]))
    }

    private static func scored(_ list: [OSVRecord.Severity]?) -> (Severity, String)? {
        for type in ["CVSS_V4", "CVSS_V3", "CVSS_V2"] {
            for entry in list ?? [] where entry.type == type {
                guard let tenths = CVSS.baseScoreTenths(entry.score) else { continue }
                return (CVSS.severity(tenths: tenths), entry.score)
            }
        }
        return nil
    }

    /// Debian's tracker marks urgencies that were set by hand with stars: `low**`.
    private static func word(_ text: String) -> Severity? {
        switch text.lowercased().filter({ $0 != "*" }) {
        case "critical": .critical
        case "high", "important": .high
        case "medium", "moderate": .medium
        case "low": .low
        case "negligible", "unimportant", "none": .negligible
        default: nil
        }
    }
}
