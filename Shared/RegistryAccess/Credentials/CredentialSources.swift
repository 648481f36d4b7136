import Foundation
import Model

/// Where references (`file:`, `env:`) may be read from. Set by the operator for the process, never by who configures a
/// registry: a reference sends what it names to a host, so it must not reach the process's own secrets.
public struct CredentialSources: Sendable {
    /// Files in or below these folders, links resolved.
    public var folders: [String]
    /// Variables of the process; those of Pratique itself (`PRATIQUE_…`) are refused.
    public var environment: [String: String]

    public init(folders: [String] = ["/run/secrets"], environment: [String: String] = [:]) {
        self.folders = folders
        self.environment = environment
    }

    /// Neither files nor variables.
    public static let none = CredentialSources(folders: [])

    /// Whether the text has the form of a reference; what it names is not looked at.
    public static func isReference(_ source: String) -> Bool { source.hasPrefix("file:") || source.hasPrefix("env:") }

    func read(_ source: String, registry: RegistryName) throws(RegistryAccessError) -> RegistrySecret {
        func bad(_ reason: String) -> RegistryAccessError {
            .badReference(registry: registry.text, source: String(source.prefix(300)), reason: reason)
        }
        if source.hasPrefix("env:") {
            let name = String(source.dropFirst(4))
            guard !name.uppercased().hasPrefix("PRATIQUE_") else { throw bad("this variable is Pratique's own") }
            guard let value = environment[name], !value.isEmpty else {
                throw bad("there is no such variable, or it is empty")
            }
            return RegistrySecret(value)
        }
        guard source.hasPrefix("file:") else { throw bad("a reference starts with file: or env:") }
        let path = String(source.dropFirst(5))
        guard path.hasPrefix("/") else { throw bad("wants an absolute path") }
        let resolved = URL(fileURLWithPath: path).resolvingSymlinksInPath().standardizedFileURL.path
        let isInside = folders.contains { folder in
            let root = URL(fileURLWithPath: folder).resolvingSymlinksInPath().standardizedFileURL.path
            return resolved.hasPrefix(root.hasSuffix("/") ? root : root + "/")
        }
        guard isInside else {
            throw bad("is not below \(folders.isEmpty ? "any folder" : folders.joined(separator: ", "))")
        }
        switch PrivateFile.read(resolved, bytesMax: RegistryLogin.secretBytesMax + 2, ownerOnly: false) {
        case .failure(let refusal): throw bad(refusal.reason)
        // Files made with an editor or `echo` end with a line break.
        case .success(let text): return RegistrySecret(String(text.reversed().drop { $0.isNewline }.reversed()))
        }
    }
}
