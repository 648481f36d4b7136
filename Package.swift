// swift-tools-version: 6.2
// One package. A target may import only what it lists here; `TidyTests` holds the same rule against the sources,
// because SwiftPM accepts undeclared transitive imports.

import PackageDescription

let settings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .treatAllWarnings(as: .error),
    .treatWarning("DeprecatedDeclaration", as: .warning),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("InferIsolatedConformances"),
    .enableUpcomingFeature("ImmutableWeakCaptures"),
    .define("CRASH_POINTS", .when(configuration: .debug)),
]

// MARK: Products of other packages

let argumentParser = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")
let asn1 = Target.Dependency.product(name: "SwiftASN1", package: "swift-asn1")
let crypto = Target.Dependency.product(name: "Crypto", package: "swift-crypto")
let grdb = Target.Dependency.product(name: "GRDB", package: "GRDB.swift")
let httpTypes = Target.Dependency.product(name: "HTTPTypes", package: "swift-http-types")
let grdbSQLite = Target.Dependency.product(name: "GRDBSQLite", package: "GRDB.swift")
let hummingbird = Target.Dependency.product(name: "Hummingbird", package: "hummingbird")
let hummingbirdTesting = Target.Dependency.product(name: "HummingbirdTesting", package: "hummingbird")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let metrics = Target.Dependency.product(name: "Metrics", package: "swift-metrics")
let nioCore = Target.Dependency.product(name: "NIOCore", package: "swift-nio")
let nioEmbedded = Target.Dependency.product(name: "NIOEmbedded", package: "swift-nio")
let nioHTTPTypes = Target.Dependency.product(name: "NIOHTTPTypes", package: "swift-nio-extras")
let nioHTTP1 = Target.Dependency.product(name: "NIOHTTP1", package: "swift-nio")
let nioPosix = Target.Dependency.product(name: "NIOPosix", package: "swift-nio")
let nioFoundationCompat = Target.Dependency.product(name: "NIOFoundationCompat", package: "swift-nio")
let serviceLifecycle = Target.Dependency.product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let x509 = Target.Dependency.product(name: "X509", package: "swift-certificates")
let yams = Target.Dependency.product(name: "Yams", package: "Yams")

// MARK: Kinds of target

/// A module in `Shared/<name>`.
func shared(_ name: String, _ dependencies: [Target.Dependency] = [], resources: [Resource] = []) -> Target {
    .target(
        name: name, dependencies: dependencies, path: "Shared/\(name)", resources: resources, swiftSettings: settings)
}

/// A C library of the system, described by `Shared/<name>/module.modulemap`.
func system(_ name: String, pkgConfig: String, apt: String) -> Target {
    .systemLibrary(name: name, path: "Shared/\(name)", pkgConfig: pkgConfig, providers: [.apt([apt])])
}

/// A service's library in `Services/<folder>/Service`.
func service(_ name: String, _ folder: String, _ dependencies: [Target.Dependency], resources: [Resource] = [])
    -> Target
{
    .target(
        name: name, dependencies: dependencies, path: "Services/\(folder)/Service", resources: resources,
        swiftSettings: settings)
}

/// A process: at most 40 lines in `Services/<folder>/Main`.
func process(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .executableTarget(
        name: name, dependencies: dependencies, path: "Services/\(name)/Main", swiftSettings: settings)
}

/// A program of `Benchmarks/<name>` that prints figures; run with `make bench`.
func benchmark(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .executableTarget(
        name: "bench-\(name)", dependencies: dependencies, path: "Benchmarks/\(name)", swiftSettings: settings)
}

/// Tests in `Tests/<name>`.
func tests(_ name: String, _ dependencies: [Target.Dependency], resources: [Resource] = []) -> Target {
    .testTarget(
        name: name, dependencies: dependencies, path: "Tests/\(name)", resources: resources, swiftSettings: settings)
}

/// What the tests of a service use beside it.
let serviceTests: [Target.Dependency] = [
    "Model", "EventLogPort", "EventLogSQLite", "Events", "HTTPPort", "HTTPCurl", "RegistryAccess", "RegistryClient",
    "ServiceRuntime", "Storage", "TestSupport", crypto, grdb, logging,
]

/// What every service may import: models, ports, its own storage, the runtime.
let serviceModules: [Target.Dependency] = [
    "Model", "EventLogPort", "Events", "HTTPPort", "ServiceRuntime", "Storage", grdb, logging, metrics,
]

/// The fuzzer in `Tests/<name>`, built by `make fuzz`: libFuzzer has the main, and `Corpus` has kept inputs.
func fuzzer(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .executableTarget(
        name: name, dependencies: dependencies, path: "Tests/\(name)", exclude: ["Corpus"],
        swiftSettings: settings + [.unsafeFlags(["-parse-as-library"])])
}

// MARK: The package

let package = Package(
    name: "pratique",
    platforms: [.macOS(.v15)],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser.git", .upToNextMinor(from: "1.8.2")),
        .package(url: "https://github.com/apple/swift-asn1.git", .upToNextMinor(from: "1.7.4")),
        .package(url: "https://github.com/apple/swift-certificates.git", .upToNextMinor(from: "1.21.1")),
        .package(url: "https://github.com/apple/swift-crypto.git", .upToNextMinor(from: "4.5.2")),
        .package(url: "https://github.com/apple/swift-http-types.git", .upToNextMinor(from: "1.8.0")),
        .package(url: "https://github.com/apple/swift-log.git", .upToNextMinor(from: "1.16.2")),
        .package(url: "https://github.com/apple/swift-metrics.git", .upToNextMinor(from: "2.13.0")),
        .package(url: "https://github.com/apple/swift-nio.git", .upToNextMinor(from: "2.101.2")),
        .package(url: "https://github.com/apple/swift-nio-extras.git", .upToNextMinor(from: "1.35.2")),
        .package(url: "https://github.com/groue/GRDB.swift.git", .upToNextMinor(from: "7.10.0")),
        .package(
            url: "https://github.com/hummingbird-project/hummingbird.git", .upToNextMinor(from: "2.28.1"),
            traits: ["FullFoundation"]),
        .package(url: "https://github.com/jpsim/Yams.git", .upToNextMinor(from: "6.2.2")),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle.git", .upToNextMinor(from: "2.13.0")),
    ],
    targets: [
        // Systems' C libraries
        system("CCurl", pkgConfig: "libcurl", apt: "libcurl4-openssl-dev"),
        .target(
            name: "CCompression", path: "Shared/CCompression",
            linkerSettings: [.linkedLibrary("z"), .linkedLibrary("isal"), .linkedLibrary("zstd")]),

        // Models
        shared("Model"),

        // Ports
        shared("EventLogPort", [crypto, logging]),
        shared("HTTPPort"),
        shared("GatewayAPI", ["Model"]),
        shared("Events", ["Model", "EventLogPort", "CCompression", crypto]),

        // Engines and adapters
        shared("Storage", ["EventLogPort", grdb, logging]),
        shared("EventLogSQLite", ["EventLogPort", "Storage", grdb, grdbSQLite, logging, metrics]),
        .target(
            name: "CRdkafka", path: "Shared/CRdkafka", linkerSettings: [.linkedLibrary("rdkafka")]),
        shared("EventLogKafka", ["EventLogPort", "Storage", "CRdkafka", logging, metrics]),
        shared("HTTPCurl", ["HTTPPort", "CCurl", logging]),
        shared("RegistryClient", ["Model", "HTTPPort", crypto, logging]),
        shared("LayerArchive", ["Model", "CCompression", crypto]),
        shared("Analysers", ["Model", "LayerArchive", "CCompression", asn1, crypto, x509]),
        shared("Advisories", ["Model", "CCompression", crypto]),
        shared("PolicyEngine", ["Model"]),
        shared("SBOM", ["Model", crypto]),

        // Runtime
        shared("RegistryImages", ["Model", "Analysers", "LayerArchive", "RegistryClient"]),
        shared("RegistryAccess", ["Model", "Events", "HTTPPort", "RegistryClient", crypto]),
        shared(
            "ServiceRuntime",
            [
                "Model", "EventLogPort", "HTTPPort", argumentParser, httpTypes, hummingbird, logging, metrics, nioCore,
                nioHTTPTypes, nioPosix, serviceLifecycle, yams,
            ]
        ),

        // Services
        service(
            "WebhookGatewayService", "webhook-gateway",
            serviceModules + [
                "GatewayAPI", "RegistryClient", "RegistryAccess", "SBOM", crypto, httpTypes, hummingbird, nioCore,
                nioHTTP1, serviceLifecycle,
            ]),
        service(
            "RegistryEnumeratorService", "registry-enumerator",
            serviceModules + ["RegistryClient", "RegistryAccess", serviceLifecycle]),
        service(
            "ScannerService", "scanner",
            serviceModules + [
                "RegistryClient", "RegistryAccess", "RegistryImages", "LayerArchive", "Analysers", serviceLifecycle,
            ]),
        service(
            "PolicyEvaluatorService", "policy-evaluator",
            serviceModules + ["Advisories", "PolicyEngine", crypto, nioPosix, serviceLifecycle]),
        service("CleanupService", "cleanup", serviceModules + [serviceLifecycle]),
        .target(
            name: "Composition",
            dependencies: [
                "Model", "EventLogKafka", "EventLogPort", "EventLogSQLite", "Events", "HTTPPort", "HTTPCurl",
                "RegistryAccess", "ServiceRuntime", "Storage", logging, serviceLifecycle,
            ],
            path: "Services/composition", swiftSettings: settings),
        .target(
            name: "PratiqueCommands",
            dependencies: [
                "Advisories", "Analysers", "CleanupService", "Composition", "EventLogPort", "Events", "GatewayAPI",
                "HTTPPort", "SBOM",
                "LayerArchive", "Model",
                "PolicyEngine", "PolicyEvaluatorService", "RegistryAccess", "RegistryClient", "RegistryImages",
                "RegistryEnumeratorService",
                "ScannerService", "ServiceRuntime", "WebhookGatewayService", argumentParser, logging, serviceLifecycle,
                yams,
            ],
            path: "Services/pratique/Commands", swiftSettings: settings),

        // Processes
        process("webhook-gateway", ["WebhookGatewayService", "Composition", "ServiceRuntime", serviceLifecycle]),
        process(
            "registry-enumerator", ["RegistryEnumeratorService", "Composition", "ServiceRuntime", serviceLifecycle]),
        process("scanner", ["ScannerService", "Composition", "ServiceRuntime", serviceLifecycle]),
        process("policy-evaluator", ["PolicyEvaluatorService", "Composition", "ServiceRuntime", serviceLifecycle]),
        process("cleanup", ["CleanupService", "Composition", "ServiceRuntime", serviceLifecycle]),
        process("pratique", ["PratiqueCommands"]),

        // Benchmarks
        .target(
            name: "CPlainLoop", path: "Benchmarks/CPlainLoop", linkerSettings: [.linkedLibrary("sqlite3")]),
        benchmark("LogAppend", ["CPlainLoop", "EventLogPort", "EventLogSQLite", logging]),
        .target(
            name: "CPlainKafka", path: "Benchmarks/CPlainKafka", linkerSettings: [.linkedLibrary("rdkafka")]),
        benchmark(
            "KafkaLog", ["CPlainKafka", "EventLogKafka", "EventLogPort", "Events", "KafkaTestCluster", logging]),
        benchmark(
            "ViewRebuild", ["EventLogKafka", "EventLogPort", "EventLogSQLite", "Storage", grdb, logging]),
        benchmark("BackgroundRequests", ["EventLogKafka", "EventLogPort", "Events", "Model", logging]),
        benchmark("EmptyHandler", ["ServiceRuntime", httpTypes, hummingbird, logging, nioCore]),

        // Tests
        .target(
            name: "CRdkafkaMock", path: "Tests/CRdkafkaMock", linkerSettings: [.linkedLibrary("rdkafka")]),
        .target(
            name: "KafkaTestCluster", dependencies: ["CRdkafkaMock", "EventLogKafka", "EventLogPort"],
            path: "Tests/KafkaTestCluster", swiftSettings: settings),
        .target(
            name: "TestSupport",
            dependencies: [
                "Model", "EventLogKafka", "EventLogPort", "EventLogSQLite", "Events", "KafkaTestCluster", "HTTPPort",
                "CCompression", "RegistryAccess",
                "RegistryClient", "Storage", crypto,
                logging, nioCore, nioHTTP1, nioPosix,
            ],
            path: "Tests/TestSupport", swiftSettings: settings),
        .target(
            name: "EventLogContract", dependencies: ["EventLogPort", "TestSupport"],
            path: "Tests/EventLogContract", swiftSettings: settings),
        tests("ModelTests", ["Model", "TestSupport"]),
        tests(
            "EventLogPortTests",
            ["EventLogPort", "EventLogSQLite", "EventLogContract", "Storage", "TestSupport", grdb, logging]),
        tests(
            "EventLogSQLiteTests",
            ["EventLogSQLite", "EventLogPort", "EventLogContract", "Storage", "TestSupport", grdb, logging]),
        tests("EventLogKafkaTests", ["CRdkafka", "EventLogKafka", "EventLogPort", "TestSupport"]),
        tests(
            "EventLogKafkaIntegrationTests",
            [
                "EventLogKafka", "EventLogPort", "EventLogContract", "KafkaTestCluster", "Storage", "TestSupport", grdb,
                logging,
            ]),
        tests("StorageTests", ["Storage", "TestSupport"]),
        tests("EventsTests", ["Events", "Model", "EventLogPort", "TestSupport"]),
        tests("HTTPPortTests", ["HTTPPort", "TestSupport"]),
        tests("HTTPCurlIntegrationTests", ["HTTPCurl", "HTTPPort", "TestSupport", hummingbird, nioCore, nioPosix]),
        tests("RegistryClientTests", ["RegistryClient", "HTTPPort", "Model", "TestSupport"]),
        tests("RegistryClientIntegrationTests", ["RegistryClient", "HTTPCurl", "HTTPPort", "Model", "TestSupport"]),
        tests(
            "RegistryImagesTests",
            [
                "RegistryImages", "RegistryAccess", "RegistryClient", "Analysers", "LayerArchive", "HTTPPort", "Model",
                "TestSupport",
            ]),
        tests("LayerArchiveTests", ["LayerArchive", "Model", "TestSupport"]),
        tests("AnalysersTests", ["Analysers", "LayerArchive", "Model", "TestSupport", grdb]),
        .target(
            name: "FuzzSubjects", dependencies: ["Analysers", "CCompression", "LayerArchive", "Model", crypto],
            path: "Tests/FuzzSubjects", swiftSettings: settings),
        tests("FuzzSubjectsTests", ["FuzzSubjects"]),
        tests("AdvisoriesTests", ["Advisories", "Model", "TestSupport"], resources: [.copy("Fixtures")]),
        tests("SBOMTests", ["SBOM", "Model", "TestSupport"]),
        tests("PolicyEngineTests", ["PolicyEngine", "Model", "TestSupport"]),
        tests(
            "ServiceRuntimeTests",
            [
                "ServiceRuntime", "Model", "EventLogPort", "EventLogSQLite", "TestSupport", serviceLifecycle, httpTypes,
                hummingbird, hummingbirdTesting,
                logging, metrics, nioCore, nioEmbedded, nioHTTPTypes,
            ]),
        tests(
            "RegistryAccessTests", ["RegistryAccess", "RegistryClient", "Events", "HTTPPort", "Model", "TestSupport"]),
        tests(
            "WebhookGatewayServiceTests",
            ["WebhookGatewayService", "GatewayAPI", httpTypes, hummingbird, hummingbirdTesting, serviceLifecycle]
                + serviceTests),
        tests("RegistryEnumeratorServiceTests", ["RegistryEnumeratorService"] + serviceTests),
        tests("ScannerServiceTests", ["ScannerService", "Analysers", "LayerArchive"] + serviceTests),
        tests("PolicyEvaluatorServiceTests", ["PolicyEvaluatorService", "Advisories", "PolicyEngine"] + serviceTests),
        tests("CleanupServiceTests", ["CleanupService"] + serviceTests),
        tests(
            "PratiqueCommandsTests",
            [
                "PratiqueCommands", "Analysers", "Composition", "GatewayAPI", "HTTPPort", "Model", "ScannerService",
                "ServiceRuntime", "TestSupport", "WebhookGatewayService", argumentParser,
            ]),
        tests(
            "EndToEndIntegrationTests",
            [
                "Model", "Events", "EventLogKafka", "EventLogPort", "EventLogSQLite", "GatewayAPI", "HTTPPort",
                "HTTPCurl", "KafkaTestCluster", "TestSupport", "pratique",
                "webhook-gateway", "registry-enumerator", "scanner", "policy-evaluator", "cleanup", crypto,
            ]),
        tests(
            "DeploymentTests",
            [
                "Composition", "EventLogPort", "Events", "Model", "PratiqueCommands", "RegistryAccess",
                "ScannerService",
                "ServiceRuntime", "TestSupport", "WebhookGatewayService", argumentParser, yams,
                "pratique", "webhook-gateway", "registry-enumerator", "scanner", "policy-evaluator", "cleanup",
            ]),
        tests("TidyTests", []),
    ]
)

// Without the sanitizers there is no main to link.
if Context.environment["PRATIQUE_FUZZ"] != nil { package.targets.append(fuzzer("Fuzz", ["FuzzSubjects"])) }
