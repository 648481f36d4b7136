import Model

/// `container-manifest-2` of distroless Mariner and Azure Linux images: a line a package, with name, version-release,
/// two times, vendor, epoch, size, architecture, epoch and source, separated by tabs.
enum RpmManifest {
    private static let fields = 10

    static func read(_ bytes: UnsafeRawBufferPointer) throws(AnalysisError) -> FileFindings {
        var findings = FileFindings()
        var number = 0
        for line in LineReader(bytes) {
            number += 1
            if line.isEmpty { continue }
            let fields = line.split(separator: UInt8(ascii: "\t"), omittingEmptySubsequences: false).map(\.trimmedText)
            guard fields.count >= Self.fields, !fields[0].isEmpty, !fields[1].isEmpty else {
                throw AnalysisError("line \(number) has not the \(Self.fields) fields of a package")
            }
            guard fields[0] != "gpg-pubkey" else { continue }
            let epoch = ["", "0", "(none)"].contains(fields[8]) ? "" : fields[8] + ":"
            findings.packages.append(
                FoundPackage(
                    name: fields[0], version: epoch + fields[1], type: .rpm,
                    architecture: fields[7] == "(none)" ? nil : fields[7], source: RpmHeader.source(fields[9])))
            try AnalysisLimits.check(packages: findings.count)
        }
        return findings
    }
}
