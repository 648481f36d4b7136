import Foundation
import Model
import TestSupport
import Testing

@testable import Analysers

@Suite("Composer")
struct ComposerTests {
    private static let entries = """
        [{"name": "monolog/monolog", "version": "3.5.0", "license": ["MIT"]},
         {"name": "Symfony/Console", "version": "v6.4.1", "license": ["MIT"]},
         {"name": "acme/dev", "version": "dev-main"}]
        """

    @Test("both forms of the installed list", arguments: [entries, #"{"packages": \#(entries), "dev": true}"#])
    func packages(_ text: String) async throws {
        let inventory = try await Scanning.inventory([
            .file("app/vendor/composer/installed.json", text), .file("app/tests/installed.json", "broken on purpose"),
        ])
        #expect(
            inventory.packages.map(\.purl) == [
                "pkg:composer/symfony/console@v6.4.1", "pkg:composer/acme/dev@dev-main",
                "pkg:composer/monolog/monolog@3.5.0",
            ])
        #expect(inventory.packages[2].licenses == ["MIT"])
        #expect(inventory.undetermined == [])
    }

    @Test(
        "what is damaged is told",
        arguments: [
            ("{", "it is no JSON"), ("{}", "the document has no packages"),
            (#"[{"name": "a/b"}]"#, "[0] has no version"),
            (#"{"packages": [{"name": 1}]}"#, "packages.[0].name has another type"),
        ])
    func damage(_ text: String, _ reason: String) async throws {
        let inventory = try await Scanning.inventory([.file("vendor/composer/installed.json", text)])
        #expect(inventory.undetermined.map(\.reason) == [reason])
    }

    @Test("the same list as composer's", .enabled(if: Program.path(of: "composer") != nil, "composer is not installed"))
    func tool() async throws {
        let composer = try #require(Program.path(of: "composer"))
        try await Scanning.withFolder { folder in
            for (path, text) in Self.project {
                let file = folder.appending(path: path)
                try FileManager.default.createDirectory(
                    at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
                try Data(text.utf8).write(to: file)
            }
            try Program.run(composer, ["install", "--no-interaction", "--no-plugins", "--quiet"], in: folder)
            let installed = try Data(contentsOf: folder.appending(path: "vendor/composer/installed.json"))
            let text = String(decoding: installed, as: UTF8.self)
            let output = try Program.output(
                of: composer, ["show", "--no-interaction", "--no-plugins", "--format=json", "--no-ansi"], in: folder)
            struct Shown: Decodable {
                struct Package: Decodable {
                    let name: String
                    let version: String
                }
                let installed: [Package]
            }
            let json = try #require(output.firstIndex(of: "{").map { output[$0...] })
            let shown = try JSONDecoder().decode(Shown.self, from: Data(json.utf8)).installed
            let found = try await Scanning.inventory([.file("app/vendor/composer/installed.json", text)]).packages
            #expect(Set(found.map { "\($0.name) \($0.version)" }) == Set(shown.map { "\($0.name) \($0.version)" }))
            #expect(found.count == 2)
        }
    }

    /// Installed without a network, from folders.
    private static let project = [
        "composer.json": """
        {"name": "acme/app", "require": {"acme/tool": "*"}, "require-dev": {"acme/log": "*"},
         "repositories": [{"type": "path", "url": "pkgs/*", "options": {"symlink": false}}, {"packagist.org": false}]}
        """,
        "pkgs/tool/composer.json": #"{"name": "acme/tool", "version": "v1.2.3", "license": "MIT"}"#,
        "pkgs/log/composer.json": #"{"name": "acme/log", "version": "3.5.0", "license": ["MIT", "BSD-3-Clause"]}"#,
    ]
}
