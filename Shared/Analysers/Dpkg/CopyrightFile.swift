import Foundation
import LayerArchive

/// The licences that a Debian package's `copyright` states.
///
/// In the machine-readable form (copyright-format 1.0) these are the first lines of its `License` fields. Older files
/// are prose; of them counts which of Debian's common licences they point at.
enum CopyrightFile {
    private static let common = "/usr/share/common-licenses/"
    /// No package names more.
    private static let licensesMax = 50

    static func licenses(_ bytes: UnsafeRawBufferPointer) -> [String] {
        var stated: Set<String> = []
        var mentioned: Set<String> = []
        var isReadable = false
        for line in LineReader(bytes) {
            if line.isField("Format") || line.isField("Format-Specification") {
                isReadable = true
            } else if line.isField("License") {
                let name = line.fieldValue
                if !name.isEmpty { stated.insert(String(name.prefix(200))) }
            } else if !isReadable, line.contains(UInt8(ascii: "/")) {
                if let name = commonName(line.trimmedText) { mentioned.insert(name) }
            }
            if stated.count >= licensesMax { break }
        }
        return (isReadable ? stated : mentioned).sorted()
    }

    private static func commonName(_ text: String) -> String? {
        guard let start = text.range(of: common)?.upperBound else { return nil }
        let name = text[start...].prefix { $0.isLetter || $0.isNumber || $0 == "-" || $0 == "." }
        let bare = name.hasSuffix(".") ? name.dropLast() : name
        return bare.isEmpty ? nil : String(bare)
    }
}
