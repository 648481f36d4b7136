public import Foundation
public import Model

/// The topics `<service>.commands`: do something now. Key: the subject. Doing it twice has the effect of once.
public struct Command: EventPayload, Hashable {
    public static let eventType = "pratique.command"

    public enum Action: Codable, Sendable, Hashable {
        /// Enumerator: list a registry now.
        case enumerate(RegistryName)
        /// Evaluator: import OSV `all.zip` files from a folder on its machine, or from an `https` address.
        case importAdvisories(origin: String)
        /// Evaluator: put an earlier generation in force again.
        case activateGeneration(Int)
        /// Cleanup: what the rule would remove.
        case previewCleanup(CleanupRule)
        /// Cleanup: remove what the rule takes now. The catalogue refuses what changed since it was judged.
        case applyCleanup(CleanupRule)
        case restore([ImageName])
    }

    /// Unique; its reply carries it.
    public var id: String
    public var action: Action
    public var actor: String
    public var issuedAt: Date
    /// Not started after this time.
    public var deadline: Date

    public init(id: String, action: Action, actor: String, issuedAt: Date, deadline: Date) {
        self.id = id
        self.action = action
        self.actor = actor
        self.issuedAt = issuedAt
        self.deadline = deadline
    }
}

/// What cleanup may take: all but the newest N images of each repository in scope.
public struct CleanupRule: Codable, Sendable, Hashable {
    public var registry: RegistryName
    /// Globs; empty means all.
    public var repositories: [GlobPattern]
    /// By the age that the image says, or else its push; at least 1.
    public var keepNewest: Int

    public init(registry: RegistryName, repositories: [GlobPattern] = [], keepNewest: Int) {
        self.registry = registry
        self.repositories = repositories
        self.keepNewest = keepNewest
    }
}

/// The topic `replies`: how a command, or a wish under a condition, fares. Key: the command's id, or the wish's; the
/// last record of a key is the newest.
public struct Reply: EventPayload, Hashable {
    public static let eventType = "pratique.reply"

    public enum State: String, Codable, Sendable { case running, done, failed }

    /// Why the catalogue did not take a wish.
    public enum Refusal: String, Codable, Sendable, CaseIterable {
        case exists
        case missing
        case changed
        case tooMany = "too-many"
    }

    public var command: String
    public var state: State
    /// For people.
    public var message: String
    public var progress: Progress?
    public var cleanup: [CleanupProposal]?
    /// false: it is done as far as it could be, and something was left out; the message says what.
    public var complete: Bool?
    public var refusal: Refusal?
    /// Of what was written, or was so already.
    public var version: Int?
    public var at: Date

    public struct Progress: Codable, Sendable, Hashable {
        public var done: Int
        public var total: Int?
        public init(done: Int, total: Int?) {
            self.done = done
            self.total = total
        }
    }

    public init(
        command: String, state: State, message: String, progress: Progress? = nil, cleanup: [CleanupProposal]? = nil,
        complete: Bool? = nil, refusal: Refusal? = nil, version: Int? = nil, at: Date
    ) {
        self.command = command
        self.state = state
        self.message = message
        self.progress = progress
        self.cleanup = cleanup
        self.complete = complete
        self.refusal = refusal
        self.version = version
        self.at = at
    }
}

/// One image that a cleanup rule takes, and why.
public struct CleanupProposal: Codable, Sendable, Hashable {
    public var name: ImageName
    public var digest: Digest?
    public var revision: Int64
    public var evidence: String

    public init(name: ImageName, digest: Digest?, revision: Int64, evidence: String) {
        self.name = name
        self.digest = digest
        self.revision = revision
        self.evidence = evidence
    }
}
