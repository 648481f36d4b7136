import Foundation
import Model

/// Reads a bill of materials in any of its forms: CycloneDX 1.x as JSON, SPDX 2.x as JSON or as tagged values, and
/// either as JSON inside an in-toto statement or its envelope (DSSE), as attestations have it.
///
/// Promises: damage, and a form that is not read, is an `AnalysisError` that names it. What a bill leaves open (a
/// component without a package URL, of a type that nobody here knows, a bill that calls itself incomplete) is in
/// `undetermined`.
enum BillReader {
    /// A bill by itself; those of the largest images have some ten megabytes.
    static let bytesMax = Int(FileRule.databaseBytesMax)

    private struct Outline: Decodable {
        let bomFormat: String?
        let spdxVersion: String?
        let predicateType: String?
        let payload: String?
        let payloadType: String?
        let context: Present?

        struct Present: Decodable { init(from decoder: any Decoder) {} }
        enum CodingKeys: String, CodingKey {
            case bomFormat, spdxVersion, predicateType, payload, payloadType, context = "@context"
        }
    }

    private struct Statement<Predicate: Decodable>: Decodable { let predicate: Predicate }

    static func read(_ bytes: UnsafeRawBufferPointer) throws(AnalysisError) -> FileFindings {
        try bill(bytes).findings()
    }

    private static func bill(_ bytes: UnsafeRawBufferPointer) throws(AnalysisError) -> Bill {
        guard let first = bytes.first(where: { !isSpace($0) }) else { throw AnalysisError("it is empty") }
        switch first {
        case UInt8(ascii: "{"): return try json(bytes, mayBeEnvelope: true)
        case UInt8(ascii: "<"): throw AnalysisError("bills as XML are not read: write it as JSON")
        default: return try SPDXTags.bill(bytes)
        }
    }

    private static func json(_ bytes: UnsafeRawBufferPointer, mayBeEnvelope: Bool) throws(AnalysisError) -> Bill {
        let outline = try JSONFile.decode(Outline.self, from: bytes)
        if outline.bomFormat == "CycloneDX" { return try JSONFile.decode(CycloneDXBill.self, from: bytes).bill }
        if let version = outline.spdxVersion {
            guard version.hasPrefix("SPDX-2.") else { throw AnalysisError("\(version.prefix(20)) is not read") }
            return try JSONFile.decode(SPDXBill.self, from: bytes).bill
        }
        if let type = outline.predicateType {
            if type.hasPrefix("https://cyclonedx.org/") {
                return try JSONFile.decode(Statement<CycloneDXBill>.self, from: bytes).predicate.bill
            }
            guard type.hasPrefix("https://spdx.dev/Document") else { throw noBill }
            return try JSONFile.decode(Statement<SPDXBill>.self, from: bytes).predicate.bill
        }
        if mayBeEnvelope, let payload = outline.payload, outline.payloadType == "application/vnd.in-toto+json" {
            guard let inner = Data(base64Encoded: payload) else { throw AnalysisError("its payload is no base64") }
            return try inner.withUnsafeBytes { bytes in
                Result { () throws(AnalysisError) in try json(bytes, mayBeEnvelope: false) }
            }.get()
        }
        if outline.context != nil { throw AnalysisError("SPDX 3 is not read: write it as SPDX 2.3 or CycloneDX") }
        throw noBill
    }

    /// Of what is no bill at all.
    static let noBill = AnalysisError("it is neither CycloneDX nor SPDX")

    private static func isSpace(_ byte: UInt8) -> Bool {
        [0x20, 0x09, 0x0A, 0x0D, 0xEF, 0xBB, 0xBF].contains(byte)
    }
}
