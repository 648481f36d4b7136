import EventLogPort
import Events
import Foundation
import GRDB

/// A record's value as the log has it, compressed or not, with the headers that reading it needs.
struct StoredValue: Sendable, Equatable {
    private static let kept: Set<String> = ["ce_type", "pratique-schema", "content-encoding"]

    let value: Data
    let form: String

    init(value: Data, form: String) {
        self.value = value
        self.form = form
    }

    init?(_ record: WholeRecord) {
        guard let value = record.value else { return nil }
        self.value = value
        form = Self.form(of: record)
    }

    init?(_ row: Row) {
        guard let value = row["value"] as Data? else { return nil }
        self.value = value
        form = row["form"]
    }

    static func form(of record: WholeRecord) -> String {
        record.headers.filter { kept.contains($0.name) }.map { "\($0.name)=\($0.value)" }.joined(separator: "\n")
    }

    /// - Throws: `EventError`.
    func payload<Payload: EventPayload>(_ type: Payload.Type) throws -> Payload {
        let headers = form.split(separator: "\n").compactMap { line -> Header? in
            let parts = line.split(separator: "=", maxSplits: 1)
            return parts.count == 2 ? Header(String(parts[0]), String(parts[1])) : nil
        }
        let place = RecordID(topic: Topics.verdicts.name, partition: 0, position: 0)
        return try WholeRecord(id: place, key: "", value: value, headers: headers, appendedAt: .distantPast)
            .payload(Payload.self)
    }
}
