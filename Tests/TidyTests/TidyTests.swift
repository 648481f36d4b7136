import Testing

extension Rule {
    static let all = sizes + calls + [justified] + names
}

@Suite("The sources")
struct TidyTests {
    @Test("obey", arguments: Rule.all)
    func obey(_ rule: Rule) {
        let violations = Checkout.files.flatMap(rule.violations)
        #expect(violations.isEmpty, "\(violations.listing)")
    }

    @Test("are found at all: a rule that reads nothing guards nothing")
    func found() {
        #expect(Checkout.swift.count > 50)
        #expect(Checkout.file("Package.swift") != nil)
        #expect(Checkout.file("Makefile") != nil)
        #expect(Checkout.files.contains { $0.path.hasPrefix("docs/") })
    }

    @Test("import only what Package.swift lists for their target")
    func imports() throws {
        let manifest = Manifest(try #require(Checkout.file("Package.swift")))
        let violations = Checkout.swift.filter { $0.path != "Package.swift" }
            .flatMap { ImportTable.violations(in: $0, manifest: manifest) }
        #expect(violations.isEmpty, "\(violations.listing)")
    }

    @Test("keep to the order of the layers")
    func layers() throws {
        let manifest = Manifest(try #require(Checkout.file("Package.swift")))
        #expect(manifest.targets.count > 20)
        let violations = ImportTable.layerViolations(in: manifest)
        #expect(violations.isEmpty, "\(violations.listing)")
    }

    @Test("have a module for every folder of tests")
    func mirrors() throws {
        let manifest = Manifest(try #require(Checkout.file("Package.swift")))
        let problems = TestFolders.problems(folders: Checkout.folders(in: "Tests"), manifest: manifest)
        #expect(problems.isEmpty, "\(problems)")
    }

    @Test("have no public type named like a module, whose other members could not be named then")
    func typeNames() throws {
        let manifest = Manifest(try #require(Checkout.file("Package.swift")))
        let violations = Checkout.swift.flatMap { ImportTable.typesNamedLikeModules(in: $0, manifest.modules) }
        #expect(violations.isEmpty, "\(violations.listing)")
    }

    @Test("have pages whose links lead somewhere")
    func links() {
        let violations = Documentation.broken(in: Checkout.pages, exists: Checkout.exists)
        #expect(violations.isEmpty, "\(violations.listing)")
    }

    @Test("have an index that lists every page of docs/")
    func index() {
        let violations = Documentation.unlisted(in: Checkout.pages)
        #expect(violations.isEmpty, "\(violations.listing)")
    }
}

extension Checkout {
    static let pages = files.filter { $0.path.hasSuffix(".md") }
}
