import Foundation
import Model
import TestSupport
import Testing

@testable import Analysers

@Suite("pacman")
struct PacmanTests {
    private static let local = "var/lib/pacman/local/"
    private static let bash = """
        %NAME%
        bash

        %VERSION%
        5.2.026-2

        %BASE%
        bash

        %DESC%
        The GNU Bourne Again shell

        %ARCH%
        x86_64

        %LICENSE%
        GPL-3.0-or-later
        LicenseRef-other

        """
    private static let requests =
        "%NAME%\npython-requests\n\n%VERSION%\n1:2.31.0-1\n\n%BASE%\nrequests\n\n%ARCH%\nany\n"

    private static let root: [TarFixture.Item] = [
        .file("etc/os-release", "ID=arch\n"), .file(local + "ALPM_DB_VERSION", "9\n"),
        .file(local + "bash-5.2.026-2/desc", bash),
        .file(local + "bash-5.2.026-2/files", "%FILES%\nusr/\nusr/bin/bash\n"),
        .file(local + "python-requests-1:2.31.0-1/desc", requests),
        .file(
            local + "python-requests-1:2.31.0-1/files",
            "%FILES%\nusr/lib/python3.11/site-packages/requests-2.31.0.dist-info/METADATA\n"),
        .file(
            "usr/lib/python3.11/site-packages/requests-2.31.0.dist-info/METADATA", "Name: requests\nVersion: 2.31.0\n"),
        .file("opt/pacman/readme/desc", "not a package"),
    ]

    @Test("packages with epoch, source, licences and what they brought")
    func packages() async throws {
        let inventory = try await Scanning.inventory(Self.root)
        #expect(
            inventory.packages.map(\.purl) == [
                "pkg:alpm/arch/bash@5.2.026-2?arch=x86_64&distro=arch",
                "pkg:alpm/arch/python-requests@1:2.31.0-1?arch=any&distro=arch", "pkg:pypi/requests@2.31.0",
            ])
        #expect(inventory.packages[0].licenses == ["GPL-3.0-or-later", "LicenseRef-other"])
        #expect(inventory.packages[1].source?.name == "requests")
        #expect(inventory.packages[2].owner == "python-requests")
        #expect(inventory.undetermined == [])
    }

    @Test("a removed package is gone, a damaged one is told")
    func layers() async throws {
        let removed = try await Scanning.inventory(Self.root, [.whiteout(Self.local + "bash-5.2.026-2")])
        #expect(removed.packages.map(\.name) == ["python-requests", "requests"])
        let damaged = try await Scanning.inventory(
            Self.root, [.file(Self.local + "bash-5.2.026-2/desc", "%NAME%\nbash\n")])
        #expect(damaged.undetermined.map(\.reason) == ["it states no version for bash"])
    }

    @Test("the same list as pacman's", .enabled(if: Program.path(of: "pacman") != nil, "pacman is not installed"))
    func tool() async throws {
        let program = try #require(Program.path(of: "pacman"))
        try await Scanning.withFolder { folder in
            let local = folder.appending(path: "db/local")
            var items: [TarFixture.Item] = [.file("etc/os-release", "ID=arch\n")]
            func put(_ path: String, _ text: String) throws {
                let file = local.appending(path: path)
                try FileManager.default.createDirectory(
                    at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
                try Data(text.utf8).write(to: file)
                items.append(.file(Self.local + path, text))
            }
            try put("ALPM_DB_VERSION", "9\n")
            try put("bash-5.2.026-2/desc", Self.bash)
            try put("python-requests-1:2.31.0-1/desc", Self.requests)
            let output = try Program.output(
                of: program, ["--root", folder.path, "--dbpath", folder.path + "/db", "-Q"])
            let inventory = try await Scanning.inventory(items)
            #expect(
                inventory.packages.map { "\($0.name) \($0.version)" }
                    == output.split(separator: "\n").map(String.init).sorted())
        }
    }
}
