import Analysers
import LayerArchive

extension FuzzSubject {
    /// Files that are wanted whole.
    private static let ofWholeFiles: [(subject: String, analyser: String, paths: [String])] = [
        ("os-release", "os-release", ["etc/os-release"]),
        ("dpkg", "dpkg", dpkgPaths),
        ("apk", "apk", ["lib/apk/db/installed"]),
        ("rpm-berkeley", "rpm", ["var/lib/rpm/Packages"]),
        ("rpm-ndb", "rpm", ["var/lib/rpm/Packages.db"]),
        ("rpm-sqlite", "rpm", ["var/lib/rpm/rpmdb.sqlite"]),
        ("rpm-manifest", "rpm", ["var/lib/rpmmanifest/container-manifest-2"]),
        ("pacman", "pacman", ["desc", "files"].map { "var/lib/pacman/local/curl-8.7.1-1/\($0)" }),
        ("python", "python", pythonPaths),
        ("node", "node", ["app/node_modules/left-pad/package.json"]),
        ("node-lock", "node-lock", ["package-lock.json", "yarn.lock", "pnpm-lock.yaml"].map { "app/\($0)" }),
        ("ruby", "ruby", ["usr/lib/ruby/gems/3.1.0/specifications/rake-13.0.6.gemspec"]),
        ("composer", "composer", ["app/vendor/composer/installed.json"]),
        ("dotnet", "dotnet", ["app/shop.deps.json"]),
        ("certificates", "certificates", ["app/server.pem"]),
        ("bill-of-materials", "bill-of-materials", ["app.cdx.json", "app.spdx.json", "app.spdx", "app.cdx"]),
    ]

    /// Files that are read in pieces.
    private static let ofPieces: [(subject: String, analyser: String, paths: [String])] = [
        ("go", "go", ["usr/bin/shop"]),
        ("rust", "rust", ["usr/bin/shop"]),
        ("java", "java", ["app/shop-1.0.jar"]),
        ("programs", "programs", ["usr/bin/node", "usr/bin/python3.12", "usr/bin/redis-server", "opt/java/release"]),
        ("secrets", "secrets", ["etc/app.conf"]),
    ]

    private static let dpkgPaths = [
        "var/lib/dpkg/status", "var/lib/dpkg/status.d/base", "var/lib/dpkg/info/python3-yaml.list",
        "var/lib/dpkg/status.d/base.md5sums", "usr/share/doc/curl/copyright",
    ]
    private static let pythonPaths = ["PyYAML-5.3.1.dist-info/METADATA", "PyYAML-5.3.1.egg-info"].map {
        "usr/lib/python3/dist-packages/\($0)"
    }

    static let analysers: [FuzzSubject] =
        ofWholeFiles.map { row in
            let file = AnalysedFile(row.analyser, row.paths)
            return FuzzSubject(row.subject) { file.analyse($0) }
        }
        + ofPieces.map { row in
            let file = AnalysedFile(row.analyser, row.paths)
            return FuzzSubject(row.subject) { file.read($0) }
        }
}

/// A file of an image under one of several paths, and the analyser that wants it.
struct AnalysedFile: Sendable {
    private let analyser: any Analyser
    private let paths: [EntryPath]

    init(_ name: String, _ paths: [String]) {
        guard let analyser = AnalyserSet.standard.analysers.first(where: { $0.name == name }) else {
            preconditionFailure("there is no analyser \(name)")
        }
        self.analyser = analyser
        self.paths = paths.compactMap { EntryPath($0) }
    }

    func analyse(_ input: FuzzInput) { analyse(input.file, input) }

    /// Another file than the input's own, made of it.
    func analyse(_ bytes: UnsafeRawBufferPointer, _ input: FuzzInput) {
        let path = input.choose(paths)
        FuzzInput.withCopy(of: bytes) { bytes in
            // Damage is an answer.
            _ = Result { () throws(AnalysisError) in try analyser.analyse(path, bytes) }
        }
    }

    /// In the input's pieces, and as a whole: both must say the same.
    func read(_ input: FuzzInput) {
        let path = input.choose(paths)
        let whole = outcome(path, input, pieceBytes: nil)
        guard let size = input.pieceBytes, size < input.file.count else { return }
        let inPieces = outcome(path, input, pieceBytes: size)
        FuzzSubject.expect(
            inPieces == whole, "in pieces of \(size) bytes \(path) says \(inPieces), as a whole \(whole)")
    }

    private func outcome(
        _ path: EntryPath, _ input: FuzzInput, pieceBytes: Int?
    ) -> Result<FileFindings, AnalysisError> {
        let reading = analyser.reading(path)
        input.forEachPiece(of: pieceBytes) { reading.take($0) }
        return Result { () throws(AnalysisError) in try reading.finish() }
    }
}
