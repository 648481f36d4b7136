import Analysers
import Composition
import Foundation
import HTTPPort
import Model
import RegistryClient
import RegistryImages
import ServiceRuntime

/// What a scan of one reference gave, before anything was judged.
struct ScannedImage: Sendable {
    /// As the report calls it.
    var name: String
    /// Of the manifest or index; of the configuration where there is no manifest.
    var digest: Digest
    var hasManifestDigest: Bool
    var inventories: [Inventory]
    /// Platforms that were asked for by name and that the image does not have.
    var missing: [Platform] = []
}

/// Reads an image on this machine or from a registry, in this process.
struct LocalScan {
    private let options: ImageOptions
    private let showsProgress: Bool

    init(_ options: ImageOptions, showsProgress: Bool) {
        self.options = options
        self.showsProgress = showsProgress
    }

    func run() async throws -> ScannedImage {
        let platforms = try choice()
        let cache: any LayerCache = options.noCache ? NoLayerCache() : FolderLayerCache(folder: Self.cacheFolder)
        let scanner = ImageScanner(
            analysers: LocalImages.analysers(for: options.image, packagesOnly: options.packagesOnly), cache: cache)
        let bar = ProgressBar(
            "scanning \(Output.safe(options.image))", isShown: showsProgress && isatty(STDERR_FILENO) == 1
        )
        defer { bar.finish() }
        do {
            let (name, source) = try await source()
            let image = try await scanner.resolve(source, platforms: platforms)
            var inventories: [Inventory] = []
            for platform in image.platforms {
                inventories.append(
                    try await scanner.scan(platform, of: source) {
                        bar.update(done: $0.readBytes, total: $0.totalBytes)
                    })
            }
            let found = image.platforms.compactMap(\.platform) + inventories.map(\.platform)
            return ScannedImage(
                name: name, digest: image.digest, hasManifestDigest: image.platforms.allSatisfy(\.hasManifestDigest),
                inventories: inventories, missing: missing(platforms, among: found))
        } catch let error as ScanError {
            throw CommandFailure(
                "cannot scan \(options.image)", cause: Output.safe(error.message), advice: advice(error.kind))
        }
    }

    private func choice() throws -> PlatformChoice {
        if options.platform.isEmpty { return .standard }
        if options.platform == ["all"] { return .all }
        do { return .only(try options.platform.map { try Platform($0) }) } catch {
            throw CommandFailure("bad --platform", cause: "\(error)", status: .usage)
        }
    }

    private func missing(_ choice: PlatformChoice, among found: [Platform]) -> [Platform] {
        guard case .only(let wanted) = choice, !options.platform.isEmpty else { return [] }
        return wanted.filter { platform in !found.contains { platform.matches($0) } }
    }

    private func source() async throws -> (name: String, source: any ImageSource) {
        if let local = try await LocalImages.source(for: options.image) { return (options.image, local) }
        let reference: ImageReference
        do { reference = try ImageReference(options.image) } catch {
            throw CommandFailure(
                "cannot scan “\(Output.safe(options.image))”", cause: error.description, status: .usage)
        }
        let target: ReferenceTarget = reference.digest.map { .digest($0) } ?? .tag(reference.tag ?? .latest)
        let registry = RemoteRegistry(
            endpoint: try endpoint(reference.registry), credentials: try credentials(),
            transport: try Composition.commandTransport(ProcessInfo.processInfo.environment))
        let source = RegistryImageSource(
            name: reference.description, registry: registry, repository: reference.repository, target: target)
        return (reference.description, source)
    }

    /// Plain HTTP only where it was asked for, or on this machine.
    private func endpoint(_ host: RegistryHost) throws -> RegistryEndpoint {
        let isLocal = host.host == "localhost" || host.host == "::1" || host.host.hasPrefix("127.")
        let scheme = options.plainHTTP || isLocal ? "http" : "https"
        do { return try RegistryEndpoint(url: "\(scheme)://\(host)") } catch {
            throw CommandFailure("cannot use the registry \(host)", cause: "\(error)", status: .usage)
        }
    }

    private func credentials() throws -> CredentialProvider {
        guard let user = options.user, let file = options.passwordFile else { return { .anonymous } }
        let secret = try readSecret(file)
        return { .basic(user: user, secret: secret) }
    }

    /// `$XDG_CACHE_HOME/pratique/layers`, by default below `~/.cache`.
    static var cacheFolder: URL {
        let environment = ProcessInfo.processInfo.environment
        let base =
            environment["XDG_CACHE_HOME"].flatMap { $0.isEmpty ? nil : URL(fileURLWithPath: $0) }
            ?? FileManager.default.homeDirectoryForCurrentUser.appending(path: ".cache")
        return base.appending(path: "pratique/layers")
    }

    private func advice(_ kind: ScanError.Kind) -> String? {
        switch kind {
        case .unauthorized: "give --user and --password-file"
        case .notFound: "check the reference"
        case .noPlatform: "name a platform of the image with --platform, or --platform all"
        case .unreachable: "check the registry's address; a registry without TLS needs --plain-http"
        case .rateLimited: "wait, or give --user and --password-file of an account with a higher limit"
        case .corrupt where LocalImages.isFolder(options.image): "scan it again when nothing writes to it"
        case .corrupt where LocalImages.holds(options.image): "write the image again; these files are damaged"
        case .corrupt: "push the image again; what the registry holds is damaged"
        case .notAnImage, .unsupported, .overLimit, .cancelled: nil
        }
    }
}
