/// The import rules over the manifest and the sources.
enum ImportTable {
    static func violations(in file: SourceFile, manifest: Manifest) -> [Violation] {
        guard let target = manifest.target(of: file.path) else {
            return [
                Violation(
                    path: file.path, line: 1, what: "the file belongs to no target of Package.swift",
                    advice: "move it into a target's folder")
            ]
        }
        let allowed = Layers.allowedImports(of: target)
        return Imports.find(in: file).filter { !allowed.contains($0.module.replacing("_", with: "-")) }
            .filter { !allowed.contains($0.module) }
            .map {
                Violation(
                    path: file.path, line: $0.line, what: "\(target.name) imports \($0.module)",
                    advice: "list it for the target in Package.swift if the layers allow it, or do without")
            }
    }

    static func layerViolations(in manifest: Manifest) -> [Violation] {
        let modules = manifest.modules
        return manifest.targets.filter { !$0.folder.hasPrefix("Tests/") && !$0.folder.hasPrefix("Benchmarks/") }
            .flatMap { target in
                Layers.problems(of: target, modules: modules).map {
                    Violation(path: "Package.swift", line: target.line, what: $0, advice: "see `Layers`")
                }
            }
    }

    static func typesNamedLikeModules(in file: SourceFile, _ modules: Set<String>) -> [Violation] {
        ["struct ", "class ", "enum ", "actor ", "protocol "].flatMap { keyword in
            file.offsets(of: keyword).compactMap { offset in
                let name = String(
                    decoding: file.code[(offset + keyword.utf8.count)...].prefix { SourceFile.isNamePart($0) },
                    as: UTF8.self)
                guard modules.contains(name), isPublic(file, at: offset) else { return nil }
                return Violation(
                    path: file.path, line: file.line(at: offset), what: "\(name) is the name of a module, too",
                    advice: "rename the type")
            }
        }
    }

    private static func isPublic(_ file: SourceFile, at offset: Int) -> Bool {
        let start = file.code[..<offset].lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
        return String(decoding: file.code[start..<offset], as: UTF8.self).contains("public")
    }
}

/// Folders under `Tests/`: `<Module>Tests` or `<Module>IntegrationTests`, and a few by name.
enum TestFolders {
    static let others: Set<String> = [
        "TestSupport", "CRdkafkaMock", "KafkaTestCluster", "EventLogContract", "TidyTests", "EndToEndIntegrationTests",
        "DeploymentTests", "Fuzz", "FuzzSubjects",
    ]

    static func problems(folders: [String], manifest: Manifest) -> [String] {
        folders.filter { !others.contains($0) }.compactMap { folder in
            guard manifest.target(of: "Tests/\(folder)/A.swift") != nil else {
                return "Tests/\(folder) is not declared in Package.swift; declare it or remove it"
            }
            let module = ["IntegrationTests", "Tests"].first { folder.hasSuffix($0) }
                .map { String(folder.dropLast($0.count)) }
            return manifest.modules.contains(module ?? "")
                ? nil : "Tests/\(folder) mirrors no module; name it <Module>Tests or <Module>IntegrationTests"
        }
    }
}
