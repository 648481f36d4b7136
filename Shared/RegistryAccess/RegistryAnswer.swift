public import Model
import RegistryClient

/// What a registry says about a name now.
public enum RegistryAnswer: Sendable {
    case shows(Digest, MediaType)
    /// The registry answered 404 for the name while its API answers: that is evidence of absence.
    case absent
    case failed(any Error)
}

extension RegistryReader {
    /// Asks what a name points at. A 404 counts only while `/v2/` answers: a wrong address answers 404 to everything.
    /// - Throws: `CancellationError` only.
    public func ask(_ repository: RepositoryName, _ target: ReferenceTarget) async throws -> RegistryAnswer {
        do {
            let resolved = try await resolve(repository, target)
            return .shows(resolved.digest, resolved.mediaType ?? "application/octet-stream")
        } catch let error as CancellationError {
            throw error
        } catch RegistryError.notFound {
            do {
                try await ping()
                return .absent
            } catch let error as CancellationError {
                throw error
            } catch {
                return .failed(error)
            }
        } catch {
            try Task.checkCancellation()
            return .failed(error)
        }
    }
}

extension TagName {
    /// `sha256-<64 hex>`, alone or with `.sig`, `.att`, `.sbom`: what is attached to an image, not an image
    /// (referrers tag schema of the OCI distribution specification; cosign).
    public var namesAttachment: Bool {
        guard text.hasPrefix("sha256-") else { return false }
        let rest = text.dropFirst(7)
        let isHex = rest.prefix(64).utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
        return isHex && rest.count >= 64 && ["", ".sig", ".att", ".sbom"].contains(rest.dropFirst(64))
    }
}
