import Analysers
import Events
import Foundation
import Model
import RegistryAccess
import RegistryClient
import RegistryImages

/// What one scan gave.
struct FinishedScan: Sendable {
    var index: InventoryRecord.IndexChildren?
    var inventories: [Inventory] = []
    /// Why a platform of the index has no inventory; the others have theirs, since not every registry wants it.
    var failure: ScanError?

    /// How it ended, as its status says it.
    /// - Parameters:
    ///   - platforms: those that were asked for.
    ///   - failure: of what failed in part.
    func end(_ platforms: [Platform], _ failure: Failure?, readAt now: Date) -> ScanEnd {
        let created = inventories.map { Self.created($0, readAt: now) }
        let count = inventories.reduce(0) { $0 + $1.packages.count }
        let missing = (index?.missing ?? []).map { ", the index has no \($0)" }.joined()
        var end = ScanEnd(
            state: failure.map { .failed($0) } ?? .done, platforms: index == nil ? nil : platforms,
            createdAt: created.compactMap(\.self).max(), detail: failure?.message ?? "\(count) packages\(missing)")
        if index != nil {
            end.children = zip(inventories, created).map { ScanEnd.Child(digest: $0.digest, createdAt: $1) }
        }
        return end
    }

    /// Nil where the image does not say it, or says what cannot be: reproducible builds write a date of 1970 or 1980
    /// (Cloud Native Buildpacks), and no image is older than Docker or younger than its scan (a day for clocks).
    static func created(_ inventory: Inventory, readAt now: Date) -> Date? {
        guard let date = inventory.configuration.created.flatMap({ Date(rfc3339: $0) }) else { return nil }
        return (Self.firstImages...now.addingTimeInterval(86_400)).contains(date) ? date.milliseconds : nil
    }

    /// 2013-01-01.
    private static let firstImages = Date(timeIntervalSince1970: 1_356_998_400)
}

/// One registry, as a scan uses it.
struct ScanClient: Sendable {
    let registry: Registry
    let registries: RegistryClients

    /// - Throws: `RegistryAccessError`.
    func client() throws -> RemoteRegistry { try registries.client(for: registry) }

    /// - Throws: `ScanError`, `RegistryAccessError`.
    func scan(_ request: ScanRequest, with scanner: ImageScanner) async throws -> FinishedScan {
        let name = "\(request.name.registry)/\(request.name.repository)@\(request.digest)"
        let source = RegistryImageSource(
            name: name, registry: try client(), repository: request.name.repository, target: .digest(request.digest))
        let image = try await scanner.resolve(source, platforms: .only(request.platforms))
        var scan = FinishedScan()
        for platform in image.platforms {
            switch await Self.inventory(of: platform, source, scanner) {
            case .success(let inventory): scan.inventories.append(inventory)
            case .failure(let error):
                guard image.isIndex, error.isOfPlatform else { throw error }
                scan.failure = scan.failure ?? error.of(platform.platform)
            }
        }
        if image.isIndex { scan.index = Self.index(request.digest, image, request.platforms) }
        return scan
    }

    private static func inventory(
        of platform: ResolvedImage.PlatformManifest, _ source: RegistryImageSource, _ scanner: ImageScanner
    ) async -> Result<Inventory, ScanError> {
        do { return .success(try await scanner.scan(platform, of: source)) } catch { return .failure(error) }
    }

    /// The platform of a child is the index's word, by which it was chosen.
    private static func index(
        _ digest: Digest, _ image: ResolvedImage, _ platforms: [Platform]
    ) -> InventoryRecord.IndexChildren {
        let children = image.platforms.compactMap { child in
            child.platform.map { InventoryRecord.Child(platform: $0, digest: child.digest) }
        }
        return .init(
            digest: digest, children: children,
            missing: platforms.filter { wanted in !children.contains { wanted.matches($0.platform) } })
    }
}

extension ScanError {
    /// Whether it is of one platform's content: the registry answers, and may show the others.
    fileprivate var isOfPlatform: Bool {
        [.notFound, .unsupported, .corrupt, .overLimit].contains(kind)
    }

    fileprivate func of(_ platform: Platform?) -> ScanError {
        ScanError(
            kind, (platform.map { "\($0): " } ?? "") + message, isTransient: isTransient, retryAfter: retryAfter)
    }
}
