/// Advisories: OSV records in, findings out.
///
/// The module reads OSV data from folders and archives that somebody else fetched (`AdvisoryImport`), keeps one
/// immutable generation of it in memory (`AdvisorySet`), and matches inventories against that. It has no database and
/// no network. It blocks and uses the processor: call it on a thread of its own, never on the cooperative pool.
/// Promises: what cannot be compared is said (`Undetermined`), never taken for "not affected". Limits: `ImportLimits`.
public enum AdvisoriesError: Error, Hashable, Sendable, CustomStringConvertible {
    /// A version that its ecosystem's rules cannot read.
    case version(String, order: VersionOrder, reason: String)
    /// A record that is not OSV as we know it, or breaks a limit.
    case record(name: String, reason: String)
    /// An archive that is damaged, of an unknown form, or breaks a limit.
    case archive(name: String, reason: String)
    /// A file or folder that could not be read.
    case file(path: String, reason: String)

    /// Whether the same call may succeed later with the same input.
    public var isTransient: Bool {
        switch self {
        case .file: true
        case .version, .record, .archive: false
        }
    }

    public var description: String {
        switch self {
        case .version(let text, let order, let reason):
            "cannot read “\(text.prefix(100))” as a version of \(order): \(reason)"
        case .record(let name, let reason): "cannot read the advisory \(name.prefix(200)): \(reason)"
        case .archive(let name, let reason): "cannot read the archive \(name.prefix(200)): \(reason)"
        case .file(let path, let reason): "cannot read \(path.prefix(300)): \(reason)"
        }
    }
}
