import LayerArchive
import Model

/// Packages of rpm, in each of its stores: SQLite, ndb and BerkeleyDB hold the same headers; distroless images of
/// Mariner and Azure Linux have a text instead.
///
/// The stores are read in place: SQLite itself would want a second copy, since it opens none in its mode of a
/// write-ahead log that it may not write, and a database may be as large as a scan's whole memory.
struct RpmAnalyser: Analyser {
    let name = "rpm"
    let version = 4
    let rules: [FileRule] =
        folders.flatMap { folder in
            ["rpmdb.sqlite", "Packages.db", "Packages"].map { FileRule.path("\(folder)/\($0)", database: .rpm) }
                + [.path("\(folder)/rpmdb.sqlite-wal", mayBeEmpty: true)]
        } + [.path("var/lib/rpmmanifest/container-manifest-2", database: .rpm)]

    /// The second is SUSE's and Fedora's, the third that of images with a read-only `/usr` (rpm-ostree).
    private static let folders = ["var/lib/rpm", "usr/lib/sysimage/rpm", "usr/share/rpm"]

    func analyse(_ path: EntryPath, _ bytes: UnsafeRawBufferPointer) throws(AnalysisError) -> FileFindings {
        if path.name.elementsEqual("container-manifest-2".utf8) { return try RpmManifest.read(bytes) }
        if path.bytes.hasSuffix(Array("-wal".utf8)) { return Self.writeAheadLog(bytes) }
        var findings = FileFindings()
        var headerBytes = 0
        func add(_ header: UnsafeRawBufferPointer) throws(AnalysisError) {
            // Else a small store makes any amount of work: each of its rows may lead to one large header.
            headerBytes += header.count
            guard headerBytes <= bytes.count else { throw AnalysisError("its headers lie in each other") }
            try RpmHeader(header).add(to: &findings)
            try AnalysisLimits.check(packages: findings.count)
        }
        switch path.name {
        case let name where name.elementsEqual("rpmdb.sqlite".utf8): try SQLiteStore(bytes).headers(add)
        case let name where name.elementsEqual("Packages.db".utf8): try NdbStore.headers(bytes, add)
        default: try BerkeleyStore(bytes).headers(add)
        }
        return findings
    }

    /// rpm empties it when it ends in order; what is left in it is newer than the database.
    private static func writeAheadLog(_ bytes: UnsafeRawBufferPointer) -> FileFindings {
        guard !bytes.isEmpty else { return FileFindings() }
        let reason = "the newest pages of the database are in its write-ahead log, which is not read"
        return FileFindings(undetermined: [Undetermined(what: "rpm packages", reason: reason)])
    }
}
