import Foundation
import Model
import TestSupport

/// A root file system with the real package database of this machine (Debian or Ubuntu) and a real Python environment,
/// and what the package managers' own tools say is installed there.
struct RootFolder {
    let folder: URL

    /// - Throws: `Program.Failure` when `dpkg-query` or `python3 -m venv` are missing.
    static func make(in folder: URL) throws -> RootFolder {
        let root = RootFolder(folder: folder)
        try root.copy("/usr/lib/os-release")
        try root.copy("/var/lib/dpkg/status")
        try FileManager.default.createDirectory(
            at: folder.appending(path: "etc"), withIntermediateDirectories: true)
        try FileManager.default.createSymbolicLink(
            atPath: folder.appending(path: "etc/os-release").path, withDestinationPath: "../usr/lib/os-release")
        return root
    }

    /// Adds a virtual environment, which brings its own pip (and whatever else this Python gives each of them).
    func addPythonEnvironment() throws {
        try Program.run(Self.program("python3"), ["-m", "venv", "--copies", folder.appending(path: "opt/app").path])
    }

    /// `name version` of each package that dpkg calls installed.
    func dpkgPackages() throws -> Set<String> {
        let output = try Program.output(
            of: Self.program("dpkg-query"),
            [
                "--admindir=" + folder.appending(path: "var/lib/dpkg").path, "-W",
                "-f=${db:Status-Status} ${Package} ${Version}\\n",
            ])
        return Set(
            output.split(separator: "\n").filter { $0.hasPrefix("installed ") }.map {
                String($0.dropFirst("installed ".count))
            })
    }

    /// `name version` of each package that pip lists in the environment.
    func pipPackages() throws -> Set<String> {
        let output = try Program.output(
            of: folder.appending(path: "opt/app/bin/python3"),
            ["-m", "pip", "list", "--format=freeze", "--disable-pip-version-check"])
        return Set(output.split(separator: "\n").map { $0.replacing("==", with: " ").lowercased() })
    }

    /// Packs paths of the root into a gzip layer.
    func layer(_ paths: [String], to file: URL) throws -> [UInt8] {
        try Program.run(
            Self.program("tar"),
            ["--create", "--gzip", "--file", file.path, "--owner=0", "--group=0", "--directory", folder.path] + paths)
        return Array(try Data(contentsOf: file))
    }

    static func program(_ name: String) throws -> URL {
        guard let path = Program.path(of: name) else { throw Program.Failure(description: "\(name) is not installed") }
        return path
    }

    private func copy(_ path: String) throws {
        let target = folder.appending(path: path)
        try FileManager.default.createDirectory(
            at: target.deletingLastPathComponent(), withIntermediateDirectories: true)
        try FileManager.default.copyItem(at: URL(fileURLWithPath: path).resolvingSymlinksInPath(), to: target)
    }
}
