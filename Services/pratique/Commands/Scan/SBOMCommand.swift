import ArgumentParser
import Foundation
import Model
import SBOM

/// `pratique sbom`: a software bill of materials of an image that is read here.
struct SBOMCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sbom", abstract: "Write a software bill of materials of an image.",
        discussion: """
            Of an image that a server knows, `pratique images sbom` has it without reading the image.

            Examples:
              pratique sbom registry.example.com/team/app:1.4 > app.cdx.json
              pratique sbom oci:./image:1.4 --format spdx --platform linux/arm64
            """)

    @OptionGroup var image: ImageOptions
    @OptionGroup var form: BillOptions

    func run() async throws {
        let scanned = try await LocalScan(image, showsProgress: true).run()
        let names = (scanned.inventories.map(\.platform) + scanned.missing).map(\.description)
        guard scanned.missing.isEmpty, scanned.inventories.count == 1, let inventory = scanned.inventories.first else {
            throw CommandFailure(
                "no bill of materials of \(Output.safe(image.image))",
                cause: scanned.missing.isEmpty
                    ? "it has several platforms: \(names.joined(separator: ", "))"
                    : "it does not have \(scanned.missing.map(\.description).joined(separator: ", "))",
                advice: "name one of its platforms with --platform")
        }
        let bill = BillOfMaterials(of: inventory, image: scanned.name, createdAt: Date())
        Output.data(try bill.encoded(as: form.format, pretty: true))
        inventory.undetermined.forEach { Output.note(Output.safe("undetermined: \($0.what): \($0.reason)")) }
    }
}

/// `--format`, of a bill of materials.
struct BillOptions: ParsableArguments {
    private static let names = BillOfMaterials.Format.allCases.map(\.rawValue).joined(separator: " or ")

    @Option(
        help: "The form: \(names).",
        transform: { text in
            guard let format = BillOfMaterials.Format(rawValue: text) else {
                throw ValidationError("“\(text)” is no form; it is \(names)")
            }
            return format
        })
    var format = BillOfMaterials.Format.cyclonedx
}
