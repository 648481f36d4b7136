import Crypto
import Foundation
import Model

extension BillOfMaterials {
    /// The same for the same image at the same time, another for any other (RFC 9562, version 8).
    var uuid: String {
        var bytes = Array(
            SHA256.hash(data: Data("\(image)\n\(inventory.digest)\n\(createdAt.rfc3339)".utf8)).prefix(16))
        bytes[6] = bytes[6] & 0x0F | 0x80
        bytes[8] = bytes[8] & 0x3F | 0x80
        let text = bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        var groups: [Substring] = []
        var rest = text[...]
        for count in [8, 4, 4, 4, 12] {
            groups.append(rest.prefix(count))
            rest = rest.dropFirst(count)
        }
        return groups.joined(separator: "-")
    }
}
