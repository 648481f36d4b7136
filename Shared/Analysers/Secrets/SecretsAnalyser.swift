import LayerArchive
import Model

/// Secrets in text files of any size: keys, tokens and passwords in the forms of `SecretPatterns`.
///
/// **Limits.** Text is what begins with sixteen bytes of text in ASCII or UTF-8 and has no NUL among its first
/// `SecretSearch.textBytes`; binaries and archives are not looked into. What package managers put into their own
/// folders is published anyway, and tests and examples are full of keys that open nothing: they are passed over.
struct SecretsAnalyser: Analyser {
    let name = "secrets"
    let version = 1
    let rules: [FileRule] = [.text(outside: publicFolders + exampleFolders)]

    /// Folders of installed packages.
    static let publicFolders = ["node_modules", "site-packages", "dist-packages", "gems", "vendor"]
    /// Folders of material for tests and of documentation.
    static let exampleFolders = ["test", "tests", "testdata", "doc", "examples"]

    func analyse(_ path: EntryPath, _ bytes: UnsafeRawBufferPointer) throws(AnalysisError) -> FileFindings {
        let reading = Reading()
        _ = reading.take(bytes)
        return try reading.finish()
    }

    func reading(_ path: EntryPath) -> any FileReading { Reading() }

    private final class Reading: FileReading {
        private var search = SecretSearch()

        func take(_ bytes: UnsafeRawBufferPointer) -> Bool { search.take(bytes) }
        func finish() throws(AnalysisError) -> FileFindings {
            FileFindings(
                secrets: search.finish().map { FoundSecret(kind: $0.kind.rawValue, line: $0.line, sample: $0.sample) })
        }
    }
}

/// A secret in a file, before the image is known.
public struct FoundSecret: Hashable, Sendable, Codable {
    public var kind: String
    public var line: Int
    public var sample: String
}
