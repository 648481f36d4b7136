import Analysers
import ArgumentParser
import Foundation
import GatewayAPI
import Model
import ServiceRuntime

/// `pratique scan`: an inventory of an image, and its verdict, offline or from a server.
struct ScanCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "scan", abstract: "Scan an image and judge it.",
        discussion: """
            Exit codes: 0 passed, 1 could not complete or undetermined, 2 usage, 4 policy failed.

            Examples:
              pratique scan oci:./image:1.4 --offline --advisories ./osv
              pratique scan registry.example.com/team/app:1.4 --server https://pratique.example.com --register compliant
            """)

    @OptionGroup var image: ImageOptions
    @Flag(help: "Judge here, without a server.") var offline = false
    @Option(help: "A folder with OSV all.zip files below it, for --offline.") var advisories: String?
    @Option(help: "A policy file (YAML or JSON), for --offline; may be repeated. Else the standard policy.")
    var policy: [String] = []
    @Option(help: "With a server: put the image into the catalogue: always, only if compliant, or never.")
    var register = RegisterMode.never
    @Option(help: "With a server: the reference under which the image is, or will be, pushed. Else IMAGE.") var name:
        String?
    @Option(help: "With a server: how many seconds to wait for the verdict.") var timeout = 300
    @OptionGroup var server: ServerOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        if offline && server.server != nil { throw ValidationError("--offline and --server exclude each other") }
        if !offline && (advisories != nil || !policy.isEmpty) {
            throw ValidationError("--advisories and --policy belong to --offline; a server has its own")
        }
        if offline && register != .never { throw ValidationError("--register needs a server") }
        if !offline && LocalImages.isNoImage(image.image) {
            throw ValidationError("\(image.image) is no image that a registry could show; judge it with --offline")
        }
        if !offline && image.packagesOnly {
            throw ValidationError("--packages-only leaves out what a server judges by; it belongs to --offline")
        }
        if !offline && name == nil && image.isLocal {
            throw ValidationError("with a server, an image from a folder or a file needs --name REFERENCE")
        }
        guard (1...3600).contains(timeout) else { throw ValidationError("--timeout is 1 to 3600 seconds") }
        guard !offline || advisories != nil else {
            throw ValidationError("--offline needs --advisories FOLDER; without advisories nothing can be called clean")
        }
    }

    func run() async throws {
        let judge: any ImageJudge =
            offline
            ? try OfflineJudge(advisories: advisories, policies: policy)
            : try ServerJudge(client: server.client(), command: self)
        let scanned = try await LocalScan(image, showsProgress: !output.quiet).run()
        var judged = try await judge.judge(scanned)
        judged.reports += scanned.missing.map { ScanReport(missing: $0, of: scanned) }
        try ScanOutput(options: output).write(judged.reports)
        let status = Self.status(of: judged)
        if status != .success { throw QuietExit(status) }
    }

    static func status(of judged: JudgedImage) -> ExitStatus {
        switch Verdict.Outcome.worst(judged.reports.map(\.verdict.outcome) + [judged.outcome].compactMap { $0 }) {
        case .compliant: .success
        case .nonCompliant: .policyFailed
        case .undetermined, nil: .failure
        }
    }
}

/// Turns inventories into reports with verdicts.
protocol ImageJudge: Sendable {
    func judge(_ image: ScannedImage) async throws -> JudgedImage
}

struct JudgedImage: Sendable {
    var reports: [ScanReport]
    /// Of the image as a whole, where a server says it: it knows what no single platform shows.
    var outcome: Verdict.Outcome?
}

extension ScanReport {
    /// Of a platform that was asked for and is not there: never left out, or its absence would count as passed.
    init(missing platform: Platform, of image: ScannedImage) {
        self.init(
            image: image.name, digest: nil, platform: platform, inventory: nil,
            undetermined: [Undetermined(what: "platform \(platform)", reason: "the image does not have it")],
            verdict: .init(outcome: .undetermined, controls: []))
    }
}

/// `--register`: whether the image goes into the catalogue.
enum RegisterMode: String, ExpressibleByArgument, CaseIterable, Sendable {
    case always, compliant, never

    var upload: InventoryUpload.Register {
        switch self {
        case .always: .always
        case .compliant: .compliant
        case .never: .never
        }
    }
}
