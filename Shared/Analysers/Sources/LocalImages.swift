import Foundation

/// Image references of things on this machine: `oci:FOLDER[:TAG]`, `oci-archive:FILE[:TAG]`,
/// `docker-archive:FILE[:NAME:TAG]`; and of what is no image, the root file system `dir:FOLDER` and the bill of
/// materials `sbom:FILE`. The file `-` is the standard input.
public enum LocalImages {
    /// Whether a reference is of something on this machine.
    public static func holds(_ reference: String) -> Bool {
        isNoImage(reference) || ["oci:", "oci-archive:", "docker-archive:"].contains { reference.hasPrefix($0) }
    }

    /// Whether it is of something that is no image, which no registry can show.
    public static func isNoImage(_ reference: String) -> Bool { isFolder(reference) || reference.hasPrefix("sbom:") }

    /// Whether it is of a root file system.
    public static func isFolder(_ reference: String) -> Bool { reference.hasPrefix("dir:") }

    /// The analysers for what a reference names.
    ///
    /// - Parameter packagesOnly: of an image, only those of package managers.
    public static func analysers(for reference: String, packagesOnly: Bool) -> AnalyserSet {
        if reference.hasPrefix("sbom:") { return .billsOfMaterials }
        return packagesOnly ? .packageManagers : .standard
    }

    /// The source that a reference names; nil if it is none of these, so a registry's.
    public static func source(for reference: String) async throws(ScanError) -> (any ImageSource)? {
        let forms: [(prefix: String, open: @Sendable (String, String?) throws -> any ImageSource)] = [
            ("oci:", { path, tag in OCILayoutSource(name: reference, files: .folder(path), tag: tag) }),
            ("oci-archive:", { path, tag in OCILayoutSource(name: reference, files: try .archive(path), tag: tag) }),
            (
                "docker-archive:",
                { path, tag in try DockerArchiveSource(name: reference, files: .archive(path), reference: tag) }
            ),
            (
                "dir:",
                { path, tag in
                    guard tag == nil else { throw ScanError(.notFound, "\(reference): no such folder") }
                    return try SingleLayerSource.folder(path, name: reference)
                }
            ),
            (
                "sbom:",
                { path, tag in
                    guard tag == nil else { throw ScanError(.notFound, "\(reference): no such file") }
                    return try SingleLayerSource.bill(path, name: reference)
                }
            ),
        ]
        guard let form = forms.first(where: { reference.hasPrefix($0.prefix) }) else { return nil }
        let text = String(reference.dropFirst(form.prefix.count))
        do {
            return try await OwnThread.run("image-open") {
                let (path, tag) = try split(text, reference)
                return try form.open(path == "-" ? try StandardInput.path() : path, tag)
            }
        } catch { throw ScanError(mapping: error) }
    }

    /// The longest beginning that exists is the path: names of files may hold colons.
    private static func split(_ text: String, _ reference: String) throws -> (path: String, tag: String?) {
        var path = text[...]
        if path == "-" || path.hasPrefix("-:") {
            let tag = path.dropFirst(2)
            return ("-", tag.isEmpty ? nil : String(tag))
        }
        while true {
            if !path.isEmpty, FileManager.default.fileExists(atPath: String(path)) {
                let tag = text[path.endIndex...].dropFirst()
                return (String(path), tag.isEmpty ? nil : String(tag))
            }
            guard let colon = path.lastIndex(of: ":") else {
                throw ScanError(.notFound, "\(reference): no such file or folder")
            }
            path = path[..<colon]
        }
    }
}
