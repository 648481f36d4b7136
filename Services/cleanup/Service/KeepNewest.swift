import Events
import Foundation
import Model

/// The rule: of each repository in scope the newest N images stay, by the time at which their digest was bound.
///
/// Images that wait for their registry, that CI registered and nobody pushed, or that are in the trash are neither
/// counted nor taken: nothing is known of them that could justify it.
enum KeepNewest {
    static let keepMax = 1_000_000

    /// - Returns: why a rule cannot be followed, or nil.
    static func refusal(_ rule: CleanupRule) -> String? {
        (1...keepMax).contains(rule.keepNewest) ? nil : "keepNewest is from 1 to \(keepMax)"
    }

    static func isInScope(_ repository: RepositoryName, _ rule: CleanupRule) -> Bool {
        rule.repositories.isEmpty || rule.repositories.contains { $0.matches(repository.text) }
    }

    /// What the rule takes of one repository's images, oldest first.
    static func proposals(_ images: [ImageRecord], _ rule: CleanupRule) -> [CleanupProposal] {
        let known = images.compactMap { image -> (image: ImageRecord, boundAt: Date)? in
            guard image.trash == nil, image.resolution == .resolved, image.digest != nil, let boundAt = image.boundAt
            else {
                return nil
            }
            return (image, boundAt)
        }
        let newestFirst = known.sorted { left, right in
            left.boundAt != right.boundAt ? left.boundAt > right.boundAt : left.image.name < right.image.name
        }
        let taken = newestFirst.enumerated().dropFirst(rule.keepNewest)
        return taken.reversed().map { rank, entry in
            CleanupProposal(
                name: entry.image.name, digest: entry.image.digest, revision: entry.image.revision,
                evidence: "number \(rank + 1) of \(newestFirst.count) images of \(entry.image.name.repository) by age "
                    + "(bound \(entry.boundAt.rfc3339)); the newest \(rule.keepNewest) stay")
        }
    }
}
