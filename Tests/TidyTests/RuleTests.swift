import Testing

@Suite("A rule")
struct RuleTests {
    @Test("catches its bad examples and passes its good ones", arguments: Rule.all)
    func examples(_ rule: Rule) {
        #expect(!rule.bad.isEmpty)
        #expect(!rule.good.isEmpty)
        for example in rule.bad {
            let violations = rule.violations(in: SourceFile(path: example.path, text: example.text))
            #expect(!violations.isEmpty, "not caught: \(example.path): \(example.text.prefix(80))")
        }
        for example in rule.good {
            let violations = rule.violations(in: SourceFile(path: example.path, text: example.text))
            #expect(violations.isEmpty, "\(violations.listing)")
        }
    }

    @Test("says the file, the line and what to do")
    func wording() throws {
        let file = SourceFile(path: "Shared/Model/A.swift", text: "let a = 1\nlet b = try! c()\n")
        let violation = try #require(Rule.calls[0].violations(in: file).first)
        #expect(violation.description.hasPrefix("Shared/Model/A.swift:2: `try!` is used; handle the error"))
    }

    @Test(
        "sees code, and neither comments nor strings",
        arguments: [
            ("a /* x /* x */ x */ b", "a                   b"),
            ("a // x\nb", "a     \nb"),
            (#"f("x \"x\" x") y"#, #"f("         ") y"#),
            (##"f(#"x " x"#) y"##, ##"f(#"     "#) y"##),
            (#"f("x \(g("x")) x") y"#, #"f("             ") y"#),
            ("f(\"\"\"\nx \" x\n\"\"\") y", "f(\"\"\"\n     \n\"\"\") y"),
        ])
    func mask(source: String, code: String) {
        #expect(String(decoding: CodeMask.mask(Array(source.utf8)), as: UTF8.self) == code)
    }
}

@Suite("The import table")
struct ImportTableTests {
    private static let manifest = Manifest(
        SourceFile(
            path: "Package.swift",
            text: """
                let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
                func shared(_ name: String) -> Target { .target(name: name, path: "Shared/\\(name)") }
                let common: [Target.Dependency] = ["Model", logging]
                let package = Package(targets: [
                    shared("Model"),
                    shared("HTTPPort", [logging]),
                    shared("Analysers", ["Model", "ScannerService"]),
                    service("ScannerService", "scanner", common + ["HTTPCurl"]),
                    service("CleanupService", "cleanup", common + ["ScannerService"]),
                    .target(
                        name: "Composition", dependencies: ["HTTPPort", "HTTPCurl"],
                        path: "Services/composition"),
                    shared("HTTPCurl", ["HTTPPort"]),
                    shared("Stray"),
                    tests("ModelTests", ["Model"]),
                ])
                """))

    @Test("reads targets, named lists and products from the manifest")
    func reads() throws {
        let scanner = try #require(Self.manifest.target(of: "Services/scanner/Service/Deep/A.swift"))
        #expect(scanner.name == "ScannerService")
        #expect(scanner.dependencies.isSuperset(of: ["Model", "Logging", "HTTPCurl"]))
        #expect(!scanner.dependencies.contains("HTTPPort"))
        #expect(Self.manifest.target(of: "Services/composition/A.swift")?.name == "Composition")
        #expect(Self.manifest.target(of: "Elsewhere/A.swift") == nil)
    }

    @Test("catches an import that the manifest does not list")
    func unlisted() {
        let file = SourceFile(
            path: "Services/cleanup/Service/A.swift",
            text: "import Foundation\npublic import Model\n@testable import HTTPPort\n// import Other\n")
        let violations = ImportTable.violations(in: file, manifest: Self.manifest)
        #expect(violations.map(\.line) == [3])
        #expect(violations.first?.what == "CleanupService imports HTTPPort")
    }

    @Test("catches a file outside every target")
    func outside() {
        let file = SourceFile(path: "Stray/A.swift", text: "")
        #expect(ImportTable.violations(in: file, manifest: Self.manifest).count == 1)
    }

    @Test("catches imports upward, of a sibling service, of an adapter, and a module in no layer")
    func layers() {
        let found = ImportTable.layerViolations(in: Self.manifest).map(\.what)
        #expect(found.count == 4, "\(found)")
        #expect(found.contains { $0.contains("Analysers") && $0.contains("above it") })
        #expect(found.contains { $0.contains("CleanupService imports its sibling ScannerService") })
        #expect(found.contains { $0.contains("ScannerService imports the adapter HTTPCurl") })
        #expect(found.contains { $0.contains("Stray is in no layer") })
    }

    @Test("catches a type with a module's name")
    func typeNames() {
        let file = SourceFile(path: "Shared/Model/A.swift", text: "enum A {}\npublic enum Model {}\n")
        #expect(ImportTable.typesNamedLikeModules(in: file, Self.manifest.modules).map(\.line) == [2])
    }

    @Test("catches a folder of tests that mirrors no module or is not declared")
    func folders() {
        let good = TestFolders.problems(folders: ["ModelTests", "TidyTests"], manifest: Self.manifest)
        #expect(good.isEmpty)
        let bad = TestFolders.problems(folders: ["ModelIntegrationTests", "OtherTests"], manifest: Self.manifest)
        #expect(bad.count == 2)
    }
}

@Suite("The documentation's rules")
struct DocumentationTests {
    private static let pages = [
        SourceFile(path: "docs/README.md", text: "[a](howto/a.md) [web](https://example.com) [up](../README.md#x)\n"),
        SourceFile(path: "docs/howto/a.md", text: "text\n[b](b.md)\n```\n[c](c.md)\n```\n"),
        SourceFile(path: "docs/howto/lost.md", text: "[self](#here)\n"),
    ]

    @Test("catch a link that leads nowhere, with its line")
    func broken() {
        let known: Set<String> = ["docs/howto/a.md", "README.md"]
        let violations = Documentation.broken(in: Self.pages) { known.contains($0) }
        #expect(violations.map(\.path) == ["docs/howto/a.md"])
        #expect(violations.map(\.line) == [2])
    }

    @Test("catch a page that no index lists")
    func unlisted() {
        #expect(Documentation.unlisted(in: Self.pages).map(\.path) == ["docs/howto/lost.md"])
    }
}
