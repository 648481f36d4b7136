/// The layers, lowest first. A module imports from its own layer or a lower one, never from a higher one; in the layers
/// marked so, not even from its own. A new module is added here and to `Package.swift`.
struct Layer: Sendable {
    let name: String
    let modules: Set<String>
    var importsWithin = true
}

enum Layers {
    static let all: [Layer] = [
        Layer(name: "models", modules: ["Model", "CCurl", "CCompression", "CRdkafka", "CRegex"]),
        Layer(name: "ports", modules: ["EventLogPort", "HTTPPort", "Events", "GatewayAPI"]),
        Layer(
            name: "engines and adapters",
            modules: [
                "Storage", "EventLogSQLite", "EventLogKafka", "HTTPCurl", "RegistryClient", "RegistryAccess",
                "RegistryImages",
                "LayerArchive", "Analysers", "Advisories", "PolicyEngine", "SBOM",
            ]),
        Layer(name: "runtime", modules: ["ServiceRuntime"]),
        Layer(
            name: "services",
            modules: [
                "WebhookGatewayService", "RegistryEnumeratorService", "ScannerService", "PolicyEvaluatorService",
                "CleanupService",
            ], importsWithin: false),
        Layer(name: "composition", modules: ["Composition"]),
        Layer(name: "commands", modules: ["PratiqueCommands"]),
        Layer(
            name: "mains",
            modules: [
                "webhook-gateway", "registry-enumerator", "scanner", "policy-evaluator", "cleanup", "pratique",
            ], importsWithin: false),
    ]

    /// Only a composition chooses these.
    static let adapters: Set<String> = ["EventLogSQLite", "EventLogKafka", "HTTPCurl"]
    static let mayImportAdapters: Set<String> = ["Composition", "EventLogSQLite"]

    static func level(of module: String) -> Int? { all.firstIndex { $0.modules.contains(module) } }

    /// What is wrong with what a target is allowed to import.
    static func problems(of target: Manifest.Target, modules: Set<String>) -> [String] {
        let own = target.dependencies.intersection(modules)
        guard let level = level(of: target.name) else {
            return ["\(target.name) is in no layer; add it to `Layers.all`"]
        }
        return own.sorted().compactMap { module in
            guard let other = Self.level(of: module) else { return nil }
            if other > level {
                return "\(target.name) (\(all[level].name)) imports \(module) (\(all[other].name)) above it"
            }
            if other == level, !all[level].importsWithin { return "\(target.name) imports its sibling \(module)" }
            if adapters.contains(module), !mayImportAdapters.contains(target.name) {
                return "\(target.name) imports the adapter \(module); take its port and let the composition choose"
            }
            return nil
        }
    }

    /// Modules that come with the toolchain or the system, and may be imported anywhere.
    static let toolchain: Set<String> = [
        "Foundation", "FoundationEssentials", "Synchronization", "Dispatch", "Glibc", "Musl", "Darwin", "Swift",
    ]
    static let testOnly: Set<String> = ["Testing"]

    /// Modules that come with a product of another name.
    static let productModules: [String: Set<String>] = [
        "Metrics": ["CoreMetrics"],
        "ServiceLifecycle": ["UnixSignals"],
        "Hummingbird": ["HummingbirdCore"],
    ]

    static func allowedImports(of target: Manifest.Target) -> Set<String> {
        let products = target.dependencies.reduce(into: Set<String>()) { $0.formUnion(productModules[$1] ?? []) }
        let testing = target.folder.hasPrefix("Tests/") ? testOnly : []
        return target.dependencies.union(products).union(toolchain).union(testing).union([target.name])
    }
}

/// The imports of a Swift file.
enum Imports {
    static func find(in file: SourceFile) -> [(module: String, line: Int)] {
        file.codeLines.enumerated().compactMap { index, line in
            var words = line.split(separator: " ")[...]
            while let word = words.first, word.hasPrefix("@") || ["public", "package", "internal"].contains(word) {
                words = words.dropFirst()
            }
            guard words.first == "import" else { return nil }
            words = words.dropFirst()
            if let kind = words.first, ["struct", "class", "enum", "protocol", "func", "var"].contains(kind) {
                words = words.dropFirst()
            }
            return words.first.map { (String($0.prefix { $0 != "." }), index + 1) }
        }
    }
}
