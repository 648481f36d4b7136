import Foundation
import Model

/// Reads an image configuration (OCI image specification, "OCI Image Configuration"; Docker image specification v1.2).
///
/// Values of environment variables and of build arguments are dropped here, in the history, too, and secrets in what is
/// kept are replaced by their kinds: nothing behind this line sees them.
enum ImageConfigurationParser {
    struct Parsed: Sendable {
        var configuration: ImageConfiguration
        /// What was in it.
        var secrets: [ExposedSecret]
    }

    private struct Document: Decodable {
        struct Config: Decodable {
            var User: String?
            var Env: [String]?
            var Labels: [String: String]?
            var Entrypoint: [String]?
            var Cmd: [String]?
            var ExposedPorts: [String: Ignored]?
            var WorkingDir: String?
        }
        struct RootFS: Decodable { var diff_ids: [String]? }
        struct History: Decodable {
            var created: String?
            var created_by: String?
            var empty_layer: Bool?
        }
        /// A value that is not looked at.
        struct Ignored: Decodable { init(from decoder: any Decoder) {} }

        var architecture: String?
        var os: String?
        var variant: String?
        var osVersion: String?
        var created: String?
        var config: Config?
        var rootfs: RootFS?
        var history: [History]?

        enum CodingKeys: String, CodingKey {
            case architecture, os, variant, osVersion = "os.version", created, config, rootfs, history
        }
    }

    static func parse(_ bytes: [UInt8], platform: Platform?) throws(AnalysisError) -> Parsed {
        let document: Document
        do { document = try JSONDecoder().decode(Document.self, from: Data(bytes)) } catch {
            throw AnalysisError(JSONFormat.explain(error))
        }
        let config = document.config
        var screen = SecretScreen()
        for variable in config?.Env ?? [] { screen.screen(variable: variable) }
        let configuration = ImageConfiguration(
            platform: try self.platform(document, platform),
            created: document.created, user: config?.User ?? "", environmentNames: names(config?.Env ?? []),
            labels: labels(config?.Labels ?? [:], &screen),
            entrypoint: (config?.Entrypoint ?? []).map { screen.screen($0, .command, "entrypoint") },
            command: (config?.Cmd ?? []).map { screen.screen($0, .command, "command") },
            exposedPorts: (config?.ExposedPorts ?? [:]).keys.sorted(), workingDirectory: nonEmpty(config?.WorkingDir),
            history: history(document.history ?? [], environment: config?.Env ?? [], &screen),
            diffIDs: try diffIDs(document.rootfs?.diff_ids ?? []))
        return Parsed(configuration: configuration, secrets: screen.secrets)
    }

    private static func labels(_ labels: [String: String], _ screen: inout SecretScreen) -> [String: String] {
        var screened = labels
        for (name, value) in labels.sorted(by: { $0.key < $1.key }) {
            screened[name] = screen.screen(value, .label, name)
        }
        return screened
    }

    /// What the configuration does not say, the index does.
    private static func platform(_ document: Document, _ platform: Platform?) throws(AnalysisError) -> Platform {
        do {
            return try Platform(
                os: nonEmpty(document.os) ?? platform?.os ?? "unknown",
                architecture: nonEmpty(document.architecture) ?? platform?.architecture ?? "unknown",
                variant: nonEmpty(document.variant) ?? platform?.variant,
                osVersion: nonEmpty(document.osVersion) ?? platform?.osVersion)
        } catch { throw AnalysisError(error.description) }
    }

    private static func history(
        _ entries: [Document.History], environment: [String], _ screen: inout SecretScreen
    ) -> [ImageConfiguration.HistoryEntry] {
        let lines = HistoryRedaction.redact(entries.map(\.created_by), environment: environment)
        return zip(entries, lines).enumerated().map { number, pair in
            let (entry, line) = pair
            let place = "\(number + 1)"
            // Also what the redaction takes out of the line is told.
            if let original = entry.created_by { screen.tell(history: original, number: number + 1) }
            return ImageConfiguration.HistoryEntry(
                createdBy: line.map { screen.screen($0, .history, place) }, created: entry.created,
                emptyLayer: entry.empty_layer ?? false)
        }
    }

    /// `NAME=value`: the name alone, sorted.
    private static func names(_ variables: [String]) -> [String] {
        Set(variables.map { String($0.prefix { $0 != "=" }) }).sorted()
    }

    private static func diffIDs(_ texts: [String]) throws(AnalysisError) -> [Digest] {
        var digests: [Digest] = []
        for text in texts {
            do { digests.append(try Digest(text)) } catch {
                throw AnalysisError("field “rootfs.diff_ids”: \(error.description)")
            }
        }
        return digests
    }

    private static func nonEmpty(_ text: String?) -> String? { text.flatMap { $0.isEmpty ? nil : $0 } }
}
