import Foundation
import Model
import TestSupport

/// `pratique scan`, the executable that was built beside the tests, run to its end.
struct ScanProgram {
    struct Result {
        let status: Int32
        let output: Data
        let errors: String

        /// The report, whose form is checked against `docs/reference/report.md` on the way.
        func reports() throws -> [ScanReport] {
            try ReportSchema.check(output)
            return try JSONFormat.decode(ScanReports.self, from: output).platforms
        }
    }

    /// For its cache, and what it writes.
    let folder: URL

    var cache: URL { folder.appending(path: "cache") }

    /// - Parameters:
    ///   - command: `scan`, or another that takes an image.
    ///   - input: what its standard input is; nothing without it.
    func run(
        _ image: String, _ arguments: [String], environment: [String: String] = [:], command: String = "scan",
        input: FileHandle = .nullDevice
    ) throws -> Result {
        let (output, errors) = (folder.appending(path: "stdout"), folder.appending(path: "stderr"))
        for file in [output, errors] { try Data().write(to: file) }
        let process = Process()
        process.executableURL = try PratiqueInstance.executable
        process.arguments = [command, image] + arguments
        process.environment = ProcessInfo.processInfo.environment.merging(
            ["XDG_CACHE_HOME": cache.path].merging(environment) { $1 }
        ) { $1 }
        process.standardInput = input
        process.standardOutput = try FileHandle(forWritingTo: output)
        process.standardError = try FileHandle(forWritingTo: errors)
        try process.run()
        process.waitUntilExit()
        return Result(
            status: process.terminationStatus, output: try Data(contentsOf: output),
            errors: String(decoding: try Data(contentsOf: errors), as: UTF8.self))
    }

    /// Layers that are kept from earlier scans.
    func cachedFiles() -> Int {
        FileManager.default.enumerator(atPath: cache.path)?.allObjects.count ?? 0
    }
}

/// The documented form of a report, held against the bytes and not against our own types.
enum ReportSchema {
    struct Wrong: Error, CustomStringConvertible { let description: String }

    static func check(_ bytes: Data) throws {
        let document = try JSONSerialization.jsonObject(with: bytes)
        if let list = document as? [Any] {
            guard list.count > 1 else { throw Wrong(description: "an array stands for several platforms only") }
            for entry in list { try report(entry) }
        } else {
            try report(document)
        }
    }

    private static func report(_ value: Any) throws {
        let report = try object(
            value, needs: ["image", "packages", "findings", "undetermined", "verdict"],
            may: ["digest", "platform", "secrets", "setIDFiles", "certificates", "baseImage"])
        for package in try list(report["packages"]) {
            let package = try object(
                package, needs: ["name", "version", "type", "purl"], may: ["source", "layer", "claim"])
            if let source = package["source"] { _ = try object(source, needs: ["name", "version"]) }
        }
        for finding in try list(report["findings"]) {
            let finding = try object(
                finding, needs: ["advisory", "aliases", "package", "state", "severity"],
                may: ["fixedVersion", "severitySource", "summary"])
            _ = try object(finding["package"] as Any, needs: ["name", "version", "purl"])
        }
        for certificate in try list(report["certificates"] ?? []) {
            _ = try object(
                certificate,
                needs: [
                    "path", "layer", "subject", "issuer", "names", "isAuthority", "notBefore", "notAfter",
                    "fingerprint",
                ], may: [])
        }
        if let base = report["baseImage"] { _ = try object(base, needs: ["layers"], may: ["name", "digest", "image"]) }
        for secret in try list(report["secrets"] ?? []) {
            _ = try object(
                secret, needs: ["kind", "place", "location", "sample", "isRemoved"], may: ["line", "layer"])
        }
        for file in try list(report["setIDFiles"] ?? []) { _ = try object(file, needs: ["path", "mode", "layer"]) }
        for unknown in try list(report["undetermined"]) { _ = try object(unknown, needs: ["what", "reason"]) }
        let verdict = try object(report["verdict"] as Any, needs: ["outcome", "controls"])
        guard let outcome = verdict["outcome"] as? String, Verdict.Outcome(rawValue: outcome) != nil else {
            throw Wrong(description: "\(verdict) has no outcome that is documented")
        }
        for control in try list(verdict["controls"]) {
            _ = try object(control, needs: ["policy", "policyVersion", "control", "outcome", "reasons"])
        }
    }

    private static func object(_ value: Any, needs: Set<String>, may: Set<String> = []) throws -> [String: Any] {
        guard let object = value as? [String: Any] else { throw Wrong(description: "\(value) is no object") }
        let keys = Set(object.keys)
        guard keys.isSuperset(of: needs), keys.isSubset(of: needs.union(may)) else {
            throw Wrong(description: "the fields are \(keys.sorted()), not \(needs.sorted())")
        }
        return object
    }

    private static func list(_ value: Any?) throws -> [Any] {
        guard let list = value as? [Any] else { throw Wrong(description: "\(value ?? "nothing") is no array") }
        return list
    }
}

/// One image in every form in which a person may have it.
struct ScanSubject {
    static var arm64: Platform { get throws { try Platform("linux/arm64") } }

    let folder: URL
    let image: ImageFixture

    /// - Parameter openssl: the version of the one package.
    init(in folder: URL, openssl: String = "3.0.1-1") throws {
        self.folder = folder
        image = Self.image(openssl: openssl)
        try Self.write(manifest: image.manifest, image.mediaType, of: [image], to: layout)
    }

    var layout: URL { folder.appending(path: "layout") }

    static func image(openssl: String, platform: Platform = .linuxAMD64) -> ImageFixture {
        let files = [
            "etc/os-release": "ID=debian\nVERSION_ID=\"12\"\n",
            "var/lib/dpkg/status":
                "Package: openssl\nStatus: install ok installed\nArchitecture: \(platform.architecture)\n"
                + "Version: \(openssl)\n",
        ]
        return ImageFixture(layers: [SmallImage.layer(files)], user: "1000", platform: platform)
    }

    func archive() throws -> URL {
        let file = folder.appending(path: "image.tar")
        try Program.run(RootFolder.program("tar"), ["-C", layout.path, "-cf", file.path, "."])
        return file
    }

    func dockerArchive() throws -> URL {
        let file = folder.appending(path: "docker.tar")
        try Program.run(
            RootFolder.program("skopeo"), ["copy", "oci:\(layout.path):1", "docker-archive:\(file.path):team/app:1"])
        return file
    }

    /// An index over images, as an OCI layout of its own; returns the index's digest.
    static func writeIndex(_ children: [(image: ImageFixture, platform: Platform)], to folder: URL) throws -> Digest {
        let index = ImageFixture.index(children)
        try write(manifest: index, .ociIndex, of: children.map(\.image), to: folder)
        return ImageFixture.digest(index)
    }

    private static func write(manifest: [UInt8], _ type: MediaType, of images: [ImageFixture], to folder: URL) throws {
        let blobs = folder.appending(path: "blobs/sha256")
        try FileManager.default.createDirectory(at: blobs, withIntermediateDirectories: true)
        for bytes in images.flatMap({ $0.layers + [$0.configuration, $0.manifest] }) + [manifest] {
            try Data(bytes).write(to: blobs.appending(path: ImageFixture.digest(bytes).hex))
        }
        try Data("{\"imageLayoutVersion\":\"1.0.0\"}".utf8).write(to: folder.appending(path: "oci-layout"))
        let index = """
            {"schemaVersion":2,"manifests":[{"mediaType":"\(type)","digest":"\(ImageFixture.digest(manifest))",\
            "size":\(manifest.count),"annotations":{"org.opencontainers.image.ref.name":"1"}}]}
            """
        try Data(index.utf8).write(to: folder.appending(path: "index.json"))
    }
}
