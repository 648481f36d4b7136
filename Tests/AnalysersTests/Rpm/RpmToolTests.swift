import Foundation
import LayerArchive
import Model
import TestSupport
import Testing

@testable import Analysers

/// What rpm itself lists is listed.
@Suite("rpm's own list", .enabled(if: Program.path(of: "rpm") != nil, "rpm is not installed"))
struct RpmToolTests {
    private static let query = "%{NAME} %{EPOCHNUM}:%{VERSION}-%{RELEASE} %{ARCH} %{SOURCERPM}\\n"

    private func rpm(_ arguments: [String]) throws -> String {
        try Program.output(of: try #require(Program.path(of: "rpm")), arguments)
    }

    private func list(_ folder: URL, backend: String) throws -> [String] {
        let output = try rpm([
            "--dbpath", folder.path, "--define", "_db_backend \(backend)", "-qa", "--qf", Self.query,
        ])
        // The keys that signatures are checked with are no packages; errors are in the output, too.
        return output.split(separator: "\n").map(String.init).filter { line in
            !["gpg-pubkey ", "warning: "].contains { line.hasPrefix($0) }
        }.sorted()
    }

    private func found(_ file: URL) throws -> [String] {
        let path = try #require(EntryPath("var/lib/rpm/" + file.lastPathComponent))
        let bytes = Array(try Data(contentsOf: file))
        let packages = try bytes.withUnsafeBytes { try RpmAnalyser().analyse(path, $0) }.packages
        return packages.map { package in
            let version = package.version.contains(":") ? package.version : "0:" + package.version
            let source = package.source.map { "\($0.name)-\($0.version).src.rpm" } ?? "(none)"
            return "\(package.name) \(version) \(package.architecture ?? "") \(source)"
        }.sorted()
    }

    @Test(
        "of packages that rpm installed into SQLite", .enabled(if: Program.path(of: "rpmbuild") != nil, "no rpmbuild"))
    func sqlite() async throws {
        try await Scanning.withFolder { folder in
            let spec = folder.appending(path: "demo.spec")
            try Data(Self.spec.utf8).write(to: spec)
            try Program.run(
                try #require(Program.path(of: "rpmbuild")),
                ["-bb", "--quiet", "--define", "_topdir \(folder.path)/top", spec.path])
            let built = try FileManager.default.subpathsOfDirectory(atPath: folder.path).filter { $0.hasSuffix(".rpm") }
            #expect(built.count == 3)
            let database = folder.appending(path: "db")
            try Program.run(
                try #require(Program.path(of: "rpm")),
                [
                    "--dbpath", database.path, "--define", "_db_backend sqlite", "--nodeps", "--noscripts", "--justdb",
                    "-i",
                ] + built.map { folder.appending(path: $0).path })
            let listed = try list(database, backend: "sqlite")
            #expect(listed.count == 3)
            #expect(try found(database.appending(path: "rpmdb.sqlite")) == listed)
        }
    }

    @Test("of a BerkeleyDB as the tests write it")
    func berkeley() async throws {
        try await Scanning.withFolder { folder in
            let packages = (0..<50).map { number in
                RpmFixture(
                    name: "p-\(number)", epoch: number.isMultiple(of: 3) ? UInt32(number) : nil,
                    source: "s-1-2.src.rpm",
                    files: (0..<number * 20).map { ("/opt/\($0 % 5)/", "file-\($0)") })
            }
            let file = folder.appending(path: "Packages")
            try Data(BerkeleyFixture().store(packages.map(\.header))).write(to: file)
            let listed = try list(folder, backend: "bdb_ro")
            #expect(listed.count == 50)
            #expect(try found(file) == listed)
        }
    }

    /// One package with more files than fit on a page, one with an epoch.
    private static let spec = """
        Name: demo
        Version: 1.2
        Release: 3
        Epoch: 2
        Summary: demo
        License: MIT
        BuildArch: noarch
        %description
        demo
        %install
        mkdir -p %{buildroot}/opt/demo
        for i in $(seq 3000); do echo > %{buildroot}/opt/demo/file-$i; done
        %files
        /opt/demo
        %package -n other-lib
        Summary: other
        Epoch: 0
        %description -n other-lib
        other
        %files -n other-lib
        %package more
        Summary: more
        Version: 7~rc1
        %description more
        more
        %files more
        """
}
