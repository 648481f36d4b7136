import Analysers
import ArgumentParser

/// An image on this machine or in a registry, and how to read it: the same for every command that reads one itself.
struct ImageOptions: ParsableArguments {
    @Argument(
        help:
            "registry.example.com/team/app:1, oci:FOLDER[:TAG], oci-archive:FILE[:TAG], docker-archive:FILE[:NAME:TAG]; dir:FOLDER for a root file system, sbom:FILE for a bill of materials. FILE may be - for the standard input."
    )
    var image: String

    @Flag(help: "Read every layer, also those that are known from an earlier scan.") var noCache = false
    @Flag(
        help:
            "Look only for the packages of package managers. Of eStargz and zstd:chunked layers only these are fetched."
    ) var packagesOnly = false
    @Option(help: "A platform of an index, such as linux/arm64, or `all`; may be repeated.") var platform: [String] = []
    @Option(help: "User for the registry.") var user: String?
    @Option(help: "A file that holds the password or token for the registry.") var passwordFile: String?
    @Flag(help: "The registry speaks plain HTTP. Loopback addresses may, without this.") var plainHTTP = false

    func validate() throws {
        if (user == nil) != (passwordFile == nil) { throw ValidationError("--user and --password-file go together") }
    }

    var isLocal: Bool { LocalImages.holds(image) }
}
