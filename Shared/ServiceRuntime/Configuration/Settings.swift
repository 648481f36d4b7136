import Foundation
import Model

/// Reads settings by key from the command line, then the environment (`PRATIQUE_*`), then the default, and collects
/// every problem instead of stopping at the first.
///
/// A part of a process has a plain struct and fills it from here; a wrong value counts as a problem and reads as the
/// default, so that the rest is still checked. `finish()` throws what was collected.
///
/// ```swift
/// struct CrawlConfiguration: Sendable {
///     let pause: Duration
///     init(from settings: inout Settings) {
///         pause = settings.duration("crawl.pause", default: .seconds(1), in: .zero ... .seconds(60),
///             help: "Time between two pages of one registry.")
///     }
/// }
/// ```
package struct Settings: Sendable {
    /// A settings file for a secret is not larger than this.
    package static let secretMaxBytes = 65_536

    package private(set) var entries: [SettingEntry] = []
    private var problems: [ConfigurationError.Problem] = []
    private var unreadOptions: Set<String>
    private let options: [String: String]
    private let environment: [String: String]

    /// - Parameters:
    ///   - options: by option name without dashes: `log-level`.
    ///   - environment: the process's environment; names that do not start with `PRATIQUE_` are not looked at.
    package init(options: [String: String] = [:], environment: [String: String] = [:]) {
        self.options = options
        self.environment = environment
        unreadOptions = Set(options.keys)
    }

    /// Throws everything that was wrong, including options that nothing asked for.
    package func finish() throws(ConfigurationError) {
        let unknown = unreadOptions.sorted().map { ConfigurationError.Problem("--\($0)", "there is no such setting") }
        guard problems.isEmpty, unknown.isEmpty else { throw ConfigurationError(problems + unknown) }
    }

    /// Variables named `PRATIQUE_*` that no setting of this process has: a spelling mistake, or a sibling's. To be
    /// warned of, not refused, since the services of one installation can share an environment file.
    package var unreadVariables: [String] {
        let read = Set(entries.flatMap { [$0.variable, $0.variable + "_FILE"] })
        return environment.keys.filter { $0.hasPrefix("PRATIQUE_") && !read.contains($0) }.sorted()
    }

    /// Adds a problem that only the reader of several settings can see.
    package mutating func problem(_ key: String, _ reason: String) {
        problems.append(.init(key, reason))
    }

    // MARK: One setting

    /// Any value that a function can parse. What `parse` throws becomes the problem's text.
    package mutating func value<Value>(
        _ key: String, default fallback: Value, type: String, help: String,
        show: (Value) -> String = { "\($0)" }, parse: (String) throws -> Value
    ) -> Value {
        var result = fallback
        var source = SettingEntry.Source.defaults
        if let found = find(key) {
            do {
                result = try parse(found.text)
                source = found.source
            } catch let error as ParseError {
                problems.append(.init(found.name, error.reason + "; it is “\(error.text)”"))
            } catch {
                problems.append(.init(found.name, ErrorReport(error).chain))
            }
        }
        entries.append(
            SettingEntry(
                key: key, type: type, defaultText: show(fallback), help: help, isSecret: false, shown: show(result),
                source: source))
        return result
    }

    package mutating func text(_ key: String, default fallback: String, help: String) -> String {
        value(key, default: fallback, type: "text", help: help) { $0 }
    }

    /// A text that may be absent; an empty one counts as absent.
    package mutating func optionalText(_ key: String, help: String) -> String? {
        value(key, default: nil, type: "text", help: help, show: { $0 ?? "" }) { $0.isEmpty ? nil : $0 }
    }

    /// A text without a default: its absence is a problem.
    package mutating func requiredText(_ key: String, help: String) -> String {
        guard let text = optionalText(key, help: help) else {
            if !problems.contains(where: { $0.setting == key }) {
                problem(key, "it is required; set \(SettingEntry.variable(key)) or \(SettingEntry.option(key))")
            }
            return ""
        }
        return text
    }

    package mutating func integer(_ key: String, default fallback: Int, in range: ClosedRange<Int>, help: String) -> Int
    {
        let type = "number, \(range.lowerBound) to \(range.upperBound)"
        return value(key, default: fallback, type: type, help: help) { text in
            guard let number = Int(text), range.contains(number) else {
                throw ParseError(
                    "number", in: text, "it must be a number from \(range.lowerBound) to \(range.upperBound)")
            }
            return number
        }
    }

    package mutating func flag(_ key: String, default fallback: Bool, help: String) -> Bool {
        value(key, default: fallback, type: "true or false", help: help) { text in
            switch text.lowercased() {
            case "true", "yes", "on", "1": true
            case "false", "no", "off", "0": false
            default: throw ParseError("flag", in: text, "it must be true or false")
            }
        }
    }

    package mutating func choice<Value: RawRepresentable & CaseIterable & Sendable>(
        _ key: String, default fallback: Value, help: String
    ) -> Value where Value.RawValue == String {
        let names = Value.allCases.map(\.rawValue).joined(separator: ", ")
        return value(key, default: fallback, type: "one of \(names)", help: help, show: \.rawValue) { text in
            guard let choice = Value(rawValue: text) else {
                throw ParseError("choice", in: text, "it must be one of \(names)")
            }
            return choice
        }
    }

    package mutating func address(_ key: String, default fallback: ListenAddress, help: String) -> ListenAddress {
        value(key, default: fallback, type: "HOST:PORT", help: help) { try ListenAddress($0) }
    }

    /// A length of time such as `500ms`, `30s`, `5m`, `2h`, `7d`.
    package mutating func duration(
        _ key: String, default fallback: Duration, in range: ClosedRange<Duration>, help: String
    ) -> Duration {
        let bounds = "\(UnitText.show(range.lowerBound)) to \(UnitText.show(range.upperBound))"
        return value(key, default: fallback, type: "duration, \(bounds)", help: help, show: UnitText.show) { text in
            let duration = try UnitText.duration(text)
            guard range.contains(duration) else {
                throw ParseError("duration", in: text, "it must be from \(bounds)")
            }
            return duration
        }
    }

    /// A size such as `65536`, `64KiB`, `16MiB`, `1GiB`.
    package mutating func bytes(_ key: String, default fallback: Int, in range: ClosedRange<Int>, help: String) -> Int {
        let bounds = "\(UnitText.show(bytes: range.lowerBound)) to \(UnitText.show(bytes: range.upperBound))"
        return value(
            key, default: fallback, type: "size, \(bounds)", help: help, show: { UnitText.show(bytes: $0) }
        ) { text in
            let bytes = try UnitText.bytes(text)
            guard range.contains(bytes) else { throw ParseError("size", in: text, "it must be from \(bounds)") }
            return bytes
        }
    }

    /// A secret: from the environment, or from a file named by `…_FILE` or `--…-file`; never from the command line,
    /// where other users of the machine can read it. White space around a file's text is dropped.
    package mutating func secret(_ key: String, help: String) -> Secret? {
        var result: Secret?
        var source = SettingEntry.Source.defaults
        if let path = find(key + "-file") {
            switch Self.read(path.text) {
            case .success(let text):
                result = Secret(text)
                source = .file(path.text)
            case .failure(let problem): problems.append(.init(path.name, problem.reason))
            }
        } else if let text = environment[SettingEntry.variable(key)], !text.isEmpty {
            result = Secret(text)
            source = .environment
        }
        entries.append(
            SettingEntry(
                key: key, type: "secret", defaultText: "", help: help, isSecret: true,
                shown: result == nil ? "" : Secret.redacted, source: source))
        return result
    }

    // MARK: Sources

    private struct Found {
        let name: String
        let text: String
        let source: SettingEntry.Source
    }

    private mutating func find(_ key: String) -> Found? {
        let option = String(SettingEntry.option(key).dropFirst(2))
        if let text = options[option] {
            unreadOptions.remove(option)
            return Found(name: "--" + option, text: text, source: .commandLine)
        }
        let variable = SettingEntry.variable(key)
        return environment[variable].map { Found(name: variable, text: $0, source: .environment) }
    }

    private static func read(_ path: String) -> Result<String, ParseError> {
        func failure(_ reason: String) -> Result<String, ParseError> {
            .failure(ParseError("secret file", in: path, reason))
        }
        guard let handle = FileHandle(forReadingAtPath: path) else { return failure("cannot read the file \(path)") }
        defer { try? handle.close() }
        guard let data = try? handle.read(upToCount: secretMaxBytes + 1) ?? Data() else {
            return failure("cannot read the file \(path)")
        }
        guard data.count <= secretMaxBytes else { return failure("the file \(path) is over \(secretMaxBytes) bytes") }
        guard let text = String(data: data, encoding: .utf8) else { return failure("the file \(path) is not UTF-8") }
        let trimmed = text.trimmingCharacters(in: .whitespacesAndNewlines)
        return trimmed.isEmpty ? failure("the file \(path) is empty") : .success(trimmed)
    }
}
