import Foundation

/// Byte strings, stored as one run with a NUL after each: paths hold no NUL, and need not be UTF-8.
struct PathList: Codable {
    let items: [[UInt8]]

    init(_ items: [[UInt8]]) { self.items = items }

    var paths: [EntryPath] { items.map { EntryPath(unchecked: $0) } }

    init(from decoder: any Decoder) throws {
        let data = try decoder.singleValueContainer().decode(Data.self)
        guard data.isEmpty || data.last == 0 else {
            throw DecodingError.dataCorrupted(
                .init(codingPath: decoder.codingPath, debugDescription: "a list ends with NUL"))
        }
        items =
            data.dropLast(data.isEmpty ? 0 : 1).isEmpty && data.isEmpty
            ? [] : data.dropLast().split(separator: 0, omittingEmptySubsequences: false).map { Array($0) }
    }

    func encode(to encoder: any Encoder) throws {
        var data = Data()
        for item in items {
            data.append(contentsOf: item)
            data.append(0)
        }
        var container = encoder.singleValueContainer()
        try container.encode(data)
    }
}
