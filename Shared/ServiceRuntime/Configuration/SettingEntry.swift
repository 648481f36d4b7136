/// One setting as it was read: for `config check`, for `--help`, and for the reference page.
package struct SettingEntry: Sendable, Hashable {
    package enum Source: Sendable, Hashable, CustomStringConvertible {
        case commandLine, environment, file(String), defaults

        package var description: String {
            switch self {
            case .commandLine: "command line"
            case .environment: "environment"
            case .file(let path): "file \(path)"
            case .defaults: "default"
            }
        }
    }

    /// Dotted: `operator.listen`.
    package let key: String
    /// What kind of value, and its range: `duration, 1s to 1h`.
    package let type: String
    package let defaultText: String
    package let help: String
    package let isSecret: Bool
    /// The value that holds, redacted when secret.
    package let shown: String
    package let source: Source

    /// `--operator-listen`; a secret is not taken from the command line, where other users of the machine see it.
    package var option: String { Self.option(key) + (isSecret ? "-file" : "") }
    /// `PRATIQUE_OPERATOR_LISTEN`.
    package var variable: String { Self.variable(key) }

    package static func option(_ key: String) -> String { "--" + key.replacing(".", with: "-") }
    package static func variable(_ key: String) -> String {
        "PRATIQUE_" + key.uppercased().replacing(".", with: "_").replacing("-", with: "_")
    }
}
