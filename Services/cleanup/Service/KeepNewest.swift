import Events
import Foundation
import Model

/// The rule: of each repository in scope the newest N images stay, by their age.
///
/// Images that wait for their registry, that CI registered and nobody pushed, or that are in the trash are neither
/// counted nor taken: nothing is known of them that could justify it. The same goes for images of unknown age. Of
/// several that are equally old none is taken while one of them stays.
enum KeepNewest {
    static let keepMax = 1_000_000

    struct Candidate: Sendable {
        let image: ImageRecord
        let isScanned: Bool
        /// As the image says it; nil where what it says cannot be.
        let createdAt: Date?
    }

    /// An image whose age is known.
    private struct Aged {
        let image: ImageRecord
        let date: Date
        /// What the date is of, for people.
        let what: String
    }

    /// - Returns: why a rule cannot be followed, or nil.
    static func refusal(_ rule: CleanupRule) -> String? {
        (1...keepMax).contains(rule.keepNewest) ? nil : "keepNewest is from 1 to \(keepMax)"
    }

    static func isInScope(_ repository: RepositoryName, _ rule: CleanupRule) -> Bool {
        rule.repositories.isEmpty || rule.repositories.contains { $0.matches(repository.text) }
    }

    /// What the rule takes of one repository's images, oldest first, and how many have no age that is known.
    static func proposals(_ images: [Candidate], _ rule: CleanupRule) -> (taken: [CleanupProposal], ageless: Int) {
        let known = images.filter {
            $0.image.trash == nil && $0.image.resolution == .resolved && $0.image.digest != nil
        }
        let newestFirst = known.compactMap(aged).sorted { left, right in
            left.date != right.date ? left.date > right.date : left.image.name < right.image.name
        }
        let ageless = known.count - newestFirst.count
        guard newestFirst.count > rule.keepNewest else { return ([], ageless) }
        let last = newestFirst[rule.keepNewest - 1]
        let taken = newestFirst.enumerated().filter { $0.element.date < last.date }.reversed().map { rank, entry in
            CleanupProposal(
                name: entry.image.name, digest: entry.image.digest, revision: entry.image.revision,
                evidence: "number \(rank + 1) of \(newestFirst.count) images of \(entry.image.name.repository) by age "
                    + "(\(entry.what) \(entry.date.rfc3339)); the newest \(rule.keepNewest) stay, and what is as old "
                    + "as the last of them (\(last.what) \(last.date.rfc3339))")
        }
        return (taken, ageless)
    }

    /// When the image says that it was made; else when its digest was bound, if that was because of a push. What was
    /// found by listing a registry or registered by hand may be of any age, and so may what is not scanned yet.
    private static func aged(_ candidate: Candidate) -> Aged? {
        guard candidate.isScanned else { return nil }
        let image = candidate.image
        if let date = candidate.createdAt { return Aged(image: image, date: date, what: "created") }
        let pushes: Set<ImageRecord.Source> = [.webhook, .ci]
        guard let date = image.boundAt, pushes.isSuperset(of: image.sources) else { return nil }
        return Aged(image: image, date: date, what: "pushed")
    }
}
