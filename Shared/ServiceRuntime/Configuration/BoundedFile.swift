import Foundation
import Model

/// Small files that settings name: a secret, or a file of settings.
enum BoundedFile {
    /// - Parameter what: names the kind of file in the error.
    static func read(_ path: String, as what: String, bytesMax: Int) throws(ParseError) -> String {
        func refusal(_ reason: String) -> ParseError { ParseError(what, in: path, reason) }
        guard let handle = FileHandle(forReadingAtPath: path) else { throw refusal("cannot read the file \(path)") }
        defer { try? handle.close() }
        guard let data = try? handle.read(upToCount: bytesMax + 1) ?? Data() else {
            throw refusal("cannot read the file \(path)")
        }
        guard data.count <= bytesMax else { throw refusal("the file \(path) is over \(bytesMax) bytes") }
        guard let text = String(data: data, encoding: .utf8) else { throw refusal("the file \(path) is not UTF-8") }
        return text
    }
}
