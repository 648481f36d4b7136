/// The fields of an OSV record (schema 1.6) that Pratique uses, as they are written. Unknown fields are ignored; `null`
/// stands for an absent list.
struct OSVRecord: Decodable {
    struct Severity: Decodable {
        let type: String
        let score: String
    }

    struct PackageName: Decodable {
        let ecosystem: String
        let name: String
    }

    /// One event has one key.
    struct Event: Decodable {
        let introduced: String?
        let fixed: String?
        let last_affected: String?
        let limit: String?
    }

    struct Range: Decodable {
        let type: String
        let events: [Event]
    }

    struct Affected: Decodable {
        let package: PackageName?
        let severity: [Severity]?
        let ranges: [Range]?
        let versions: [String]?
        let ecosystem_specific: Specific?
        let database_specific: Specific?
    }

    /// What databases write beside the schema; of any other type it is ignored.
    struct Specific: Decodable {
        let severity: String?
        let urgency: String?
        let score: Double?

        private enum CodingKeys: String, CodingKey { case severity, urgency, cvss_v3_score }

        init(from decoder: any Decoder) throws {
            let container = try? decoder.container(keyedBy: CodingKeys.self)
            severity = try? container?.decodeIfPresent(String.self, forKey: .severity)
            urgency = try? container?.decodeIfPresent(String.self, forKey: .urgency)
            score = try? container?.decodeIfPresent(Double.self, forKey: .cvss_v3_score)
        }
    }

    let id: String
    let modified: String?
    let withdrawn: String?
    let aliases: [String]?
    let upstream: [String]?
    let related: [String]?
    let summary: String?
    let severity: [Severity]?
    let affected: [Affected]?
    let database_specific: Specific?
}
