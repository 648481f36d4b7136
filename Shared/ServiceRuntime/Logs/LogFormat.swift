import Foundation
import Logging
import Model

/// How a log line looks.
package enum LogFormat: String, Sendable, Hashable, CaseIterable {
    /// Text on a terminal, JSON otherwise.
    case automatic = "auto"
    case text
    case json

    /// Longer values are cut: what a remote side sent can end up in metadata.
    static let valueMaxCharacters = 4_096
}

/// What one line says, before it has a form.
struct LogLine {
    let time: Date
    let label: String
    let level: Logger.Level
    let message: String
    let metadata: Logger.Metadata

    /// `2026-03-01T12:00:00.000Z info scanner: layer read (image.digest=sha256:…)`, control characters replaced.
    var text: String {
        var line = "\(Self.stamp(time)) \(level.rawValue) \(label): \(message)"
        if !metadata.isEmpty {
            let pairs = metadata.sorted { $0.key < $1.key }.map { "\($0.key)=\(Self.plain($0.value))" }
            line += " (\(pairs.joined(separator: ", ")))"
        }
        return String(
            String.UnicodeScalarView(
                line.unicodeScalars.map { $0.properties.generalCategory == .control ? " " : $0 }))
    }

    /// One object; metadata stand beside `time`, `level`, `label` and `message`, which they cannot replace.
    var json: String {
        var object = metadata.mapValues(JSONValue.init)
        object["time"] = .text(Self.stamp(time))
        object["level"] = .text(level.rawValue)
        object["label"] = .text(label)
        object["message"] = .text(message)
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        guard let data = try? encoder.encode(JSONValue.object(object)) else { return #"{"message":"unprintable"}"# }
        return String(decoding: data, as: UTF8.self)
    }

    private static func stamp(_ time: Date) -> String {
        time.formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true))
    }

    fileprivate static func cut(_ text: String) -> String {
        text.utf8.count <= LogFormat.valueMaxCharacters ? text : text.prefix(LogFormat.valueMaxCharacters) + "…"
    }

    private static func plain(_ value: Logger.MetadataValue) -> String {
        cut(value.description)
    }
}

private enum JSONValue: Encodable {
    case text(String)
    case list([JSONValue])
    case object([String: JSONValue])

    init(_ value: Logger.MetadataValue) {
        switch value {
        case .string(let text): self = .text(LogLine.cut(text))
        case .stringConvertible(let convertible): self = .text(LogLine.cut(convertible.description))
        case .array(let values): self = .list(values.map(JSONValue.init))
        case .dictionary(let values): self = .object(values.mapValues(JSONValue.init))
        }
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .text(let text): try container.encode(text)
        case .list(let values): try container.encode(values)
        case .object(let values): try container.encode(values)
        }
    }
}
