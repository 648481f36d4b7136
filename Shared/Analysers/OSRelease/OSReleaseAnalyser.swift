import LayerArchive
import Model

/// Which distribution the image is made of (os-release(5)), also where only older files say it.
struct OSReleaseAnalyser: Analyser {
    let name = "os-release"
    let version = 1
    /// The first that says something counts: `etc/os-release` is normally a link to the second.
    let rules: [FileRule] = [
        "etc/os-release", "usr/lib/os-release", "etc/alpine-release", "etc/redhat-release", "etc/centos-release",
        "etc/lsb-release", "etc/debian_version",
    ].map { .path($0, mayBeEmpty: true) }

    func analyse(_ path: EntryPath, _ bytes: UnsafeRawBufferPointer) throws(AnalysisError) -> FileFindings {
        let text = String(decoding: bytes.prefix(OSReleaseParser.bytesMax), as: UTF8.self)
        let distribution =
            switch String(decoding: path.name, as: UTF8.self) {
            case "os-release": OSReleaseParser.osRelease(text)
            case "lsb-release": OSReleaseParser.lsbRelease(text)
            case "alpine-release": OSReleaseParser.firstLine(text).map { Distribution(id: "alpine", versionID: $0) }
            case "debian_version": OSReleaseParser.debianVersion(text)
            case "redhat-release", "centos-release": OSReleaseParser.redHatRelease(text)
            default: Distribution?.none
            }
        return FileFindings(distribution: distribution)
    }
}
