import Foundation
import Model

/// Reads settings by key from the command line, then the environment (`PRATIQUE_*`), then the settings file, then the
/// default, and collects every problem instead of stopping at the first.
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
    private var unreadFileKeys: Set<String> = []
    private var readVariables: Set<String> = []
    private let options: [String: String]
    private let environment: [String: String]
    private var file: SettingsFile?

    /// - Parameters:
    ///   - options: by option name without dashes: `log-level`.
    ///   - environment: the process's environment; names that do not start with `PRATIQUE_` are not looked at.
    package init(options: [String: String] = [:], environment: [String: String] = [:]) {
        self.options = options
        self.environment = environment
        unreadOptions = Set(options.keys)
    }

    /// The setting that names a YAML file with settings, `config`, and the file itself. To be called before any other
    /// setting is read.
    package mutating func readFile() {
        let named = find("config")?.name ?? "config"
        let path = optionalText("config", help: "YAML file with settings; the command line and the environment win.")
        guard let path else { return }
        do throws(ParseError) {
            let file = try SettingsFile(path: path)
            problems += file.problems
            unreadFileKeys = Set(file.values.keys)
            self.file = file
        } catch {
            problems.append(.init(named, error.reason))
        }
    }

    /// Throws everything that was wrong, including options and keys of the file that nothing asked for.
    package func finish() throws(ConfigurationError) {
        let unknown =
            unreadOptions.sorted().map { ConfigurationError.Problem("--\($0)", "there is no such setting") }
            + unreadFileKeys.sorted().map {
                ConfigurationError.Problem(file?.name(of: $0) ?? $0, "this process has no such setting")
            }
        guard problems.isEmpty, unknown.isEmpty else { throw ConfigurationError(problems + unknown) }
    }

    /// Variables named `PRATIQUE_*` that no setting of this process has: a spelling mistake, or a sibling's. To be
    /// warned of, not refused, since the services of one installation can share an environment file.
    package var unreadVariables: [String] {
        let read = readVariables.union(entries.flatMap { [$0.variable, $0.variable + "_FILE"] })
        return environment.keys.filter { $0.hasPrefix("PRATIQUE_") && !read.contains($0) }.sorted()
    }

    /// Says that a variable is read as it is, beside the settings, so nobody is warned of it.
    package mutating func reads(variable name: String) { readVariables.insert(name) }

    /// Adds a problem that only the reader of several settings can see.
    package mutating func problem(_ key: String, _ reason: String) {
        problems.append(.init(key, reason))
    }

    // MARK: One setting

    /// Any value that a function can parse. What `parse` throws becomes the problem's text.
    package mutating func value<Value>(
        _ key: String, default fallback: Value, type: String, help: String, isList: Bool = false,
        show: (Value) -> String = { "\($0)" }, parse: (String) throws -> Value
    ) -> Value {
        var result = fallback
        var source = SettingEntry.Source.defaults
        if let found = find(key) {
            do {
                guard isList || !found.isList else {
                    throw ParseError("value", in: found.text, "it takes one value, not a list")
                }
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

    /// Texts separated by commas, in the settings file also as a YAML list. Blanks around each are dropped, and empty
    /// ones.
    package mutating func list(_ key: String, default fallback: [String] = [], help: String) -> [String] {
        value(
            key, default: fallback, type: "list", help: help, isList: true, show: { $0.joined(separator: ",") }
        ) { text in
            text.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }.filter { !$0.isEmpty }
        }
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
        if file?.values[key] != nil {
            unreadFileKeys.remove(key)
            problem(file?.name(of: key) ?? key, "a secret does not stand in this file; write \(key)-file: PATH")
        }
        let inFile = find(key + "-file")
        let text = environment[SettingEntry.variable(key)].flatMap { $0.isEmpty ? nil : $0 }
        if let text, inFile?.isFromFile != false {
            result = Secret(text)
            source = .environment
        } else if let inFile {
            do throws(ParseError) {
                result = Secret(try Self.read(inFile.text))
                source = .file(inFile.text)
            } catch {
                problems.append(.init(inFile.name, error.reason))
            }
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
        var isList = false

        /// Not from the command line or the environment.
        var isFromFile: Bool {
            guard case .file = source else { return false }
            return true
        }
    }

    private mutating func find(_ key: String) -> Found? {
        unreadFileKeys.remove(key)
        let option = String(SettingEntry.option(key).dropFirst(2))
        if let text = options[option] {
            unreadOptions.remove(option)
            return Found(name: "--" + option, text: text, source: .commandLine)
        }
        let variable = SettingEntry.variable(key)
        if let text = environment[variable] { return Found(name: variable, text: text, source: .environment) }
        guard let file, let value = file.values[key] else { return nil }
        let source = SettingEntry.Source.file(file.place(of: key))
        return switch value.content {
        case .text(let text): Found(name: file.name(of: key), text: text, source: source)
        case .list(let texts):
            Found(name: file.name(of: key), text: texts.joined(separator: ","), source: source, isList: true)
        }
    }

    private static func read(_ path: String) throws(ParseError) -> String {
        let text = try BoundedFile.read(path, as: "secret file", bytesMax: secretMaxBytes)
        let trimmed = text.trimmingCharacters(in: .whitespacesAndNewlines)
        guard !trimmed.isEmpty else { throw ParseError("secret file", in: path, "the file \(path) is empty") }
        return trimmed
    }
}
