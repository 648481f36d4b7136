import Model

/// Everything that is wrong with the settings, at once.
package struct ConfigurationError: ExitStatusError, Hashable {
    package struct Problem: Sendable, Hashable, CustomStringConvertible {
        /// The setting as the person wrote it (`PRATIQUE_LOG_LEVEL`, `--log-level`), or its key when it is missing.
        package let setting: String
        package let reason: String

        package init(_ setting: String, _ reason: String) {
            self.setting = setting
            self.reason = reason
        }

        package var description: String { "\(setting): \(reason)" }
    }

    package let problems: [Problem]
    package var exitStatus: ExitStatus { .usage }

    package init(_ problems: [Problem]) { self.problems = problems }

    package var summary: String {
        problems.count == 1 ? "a setting is wrong" : "\(problems.count) settings are wrong"
    }

    package var reason: String? { problems.map(\.description).joined(separator: "; ") }
    package var advice: String? { "`config check` lists every setting with its value and where it came from" }
}
