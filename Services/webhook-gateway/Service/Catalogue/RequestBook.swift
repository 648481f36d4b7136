import Events
import Foundation
import Model

/// Which digests the scanners of a pool were asked for, and which images wait for their turn in the background.
///
/// At most one request a digest and its platforms is open, an urgent one beside a background one aside. In memory
/// only: after a restart the backlog is derived from the images and `scan-status`.
struct RequestBook: Sendable {
    /// An image that wants a background request.
    struct Wish: Sendable, Equatable {
        let name: ImageName
        let reason: String
        /// The digest that wants it, by whatever name; nil where it is the name that is to be asked for.
        var digest: Digest?
    }

    struct Open: Sendable, Equatable {
        let lane: Topics.Lane
        /// Asked for by this request and those before it that are open.
        let platforms: Set<Platform>
        /// The versions of the registries whose names it was asked for by.
        let registries: [RegistryName: Int]
        let since: Date

        /// Whether what comes of it answers these, too: it reads all that they want, with the registry as it is now.
        func covers(_ wanted: [Platform], of registry: Registry) -> Bool {
            wanted.allSatisfy(platforms.contains) && registries[registry.name] ?? registry.version >= registry.version
        }
    }

    /// After this time a request counts as lost: shorter than requests are kept (7 days).
    static let openMax: TimeInterval = 6 * 86_400
    /// Requests for digests that are known are answered with nothing: their place is free again after this time.
    static let knownLease: TimeInterval = 5

    private(set) var open: [Digest: Open] = [:]
    private var openBackground = 0
    private var leases = TimerQueue<Void>()
    private var leased = 0
    private var queue: [Wish] = []
    private var head = 0
    private var queued: Set<ImageName> = []

    var backlog: Int { queue.count - head }
    /// When a place becomes free by the clock; nil when nothing waits for one.
    var nextLease: Date? { backlog > 0 ? leases.next : nil }

    /// How many of the places for background requests are taken.
    var background: Int { openBackground + leased }

    mutating func opened(
        _ digest: Digest, _ lane: Topics.Lane, _ platforms: [Platform], of registry: Registry, now: Date
    ) {
        let before = open[digest]
        if before?.lane == .background { openBackground -= 1 }
        var registries = before?.registries ?? [:]
        registries[registry.name] = registry.version
        open[digest] = Open(
            lane: lane, platforms: (before?.platforms ?? []).union(platforms), registries: registries, since: now)
        if lane == .background { openBackground += 1 }
    }

    mutating func close(_ digest: Digest) {
        if open.removeValue(forKey: digest)?.lane == .background { openBackground -= 1 }
    }

    mutating func lease(now: Date) {
        leased += 1
        leases.add((), at: now.addingTimeInterval(Self.knownLease))
    }

    mutating func endLeases(now: Date) {
        while leases.take(dueAt: now) != nil { leased -= 1 }
    }

    func isQueued(_ name: ImageName) -> Bool { queued.contains(name) }

    mutating func enqueue(_ wish: Wish) {
        guard queued.insert(wish.name).inserted else { return }
        queue.append(wish)
    }

    mutating func dequeue() -> Wish? {
        guard head < queue.count else { return nil }
        let wish = queue[head]
        head += 1
        queued.remove(wish.name)
        if head > 1024, head * 2 > queue.count {
            queue.removeFirst(head)
            head = 0
        }
        return wish
    }
}
