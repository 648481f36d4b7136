import HTTPPort
import Model

/// From what people write to the name in the catalogue: an image name as it is, or an image reference whose host (and
/// path
/// prefix) is that of a configured registry or one of its aliases.
struct ImageNaming {
    let registries: [Registry]

    /// - Throws: 422 that says what was wrong, under the field given.
    func resolve(_ text: String, field: String) throws -> ImageName {
        let first = text.prefix { $0 != "/" }
        if registries.contains(where: { $0.name.text == first }) {
            do { return try ImageName(text) } catch { throw ProblemError.invalid(error, field: field) }
        }
        let reference: ImageReference
        do { reference = try ImageReference(text) } catch { throw ProblemError.invalid(error, field: field) }
        // A digest names the image for certain; a tag beside it is only for people.
        let target: ReferenceTarget =
            if let digest = reference.digest { .digest(digest) } else { .tag(reference.tag ?? .latest) }
        for registry in registries {
            for place in Self.places(of: registry) {
                guard place.host == reference.registry.text,
                    let rest = Self.drop(place.prefix, from: reference.repository.text),
                    let repository = try? RepositoryName(rest)
                else { continue }
                return ImageName(registry: registry.name, repository: repository, target: target)
            }
        }
        throw ProblemError.invalid("no configured registry has the host \(reference.registry)", field: field)
    }

    private struct Place {
        let host: String
        let prefix: String
    }

    private static func places(of registry: Registry) -> [Place] {
        var places: [Place] = []
        if let url = try? WebURL(registry.url) {
            places.append(Place(host: url.origin.authority, prefix: trimmed(url.path)))
            if registry.kind == .dockerHub { places.append(Place(host: RegistryHost.dockerHub.text, prefix: "")) }
        }
        for alias in registry.aliases {
            let host = alias.prefix { $0 != "/" }
            places.append(Place(host: host.lowercased(), prefix: trimmed(String(alias.dropFirst(host.count)))))
        }
        // The longest prefix is the most exact.
        return places.sorted { $0.prefix.utf8.count > $1.prefix.utf8.count }
    }

    private static func drop(_ prefix: String, from repository: String) -> String? {
        if prefix.isEmpty { return repository }
        return repository.hasPrefix(prefix + "/") ? String(repository.dropFirst(prefix.count + 1)) : nil
    }

    private static func trimmed(_ path: String) -> String {
        path.split(separator: "/").joined(separator: "/")
    }
}
