public import Model

/// Names that a registry listed.
public struct Listing<Name: TextValue>: Sendable, Equatable {
    /// A listed text that is not a name by the grammar.
    public struct Skipped: Sendable, Equatable {
        /// Cut, printable.
        public var text: String
        public var reason: String
    }

    /// Each once, in the registry's order.
    public var names: [Name] = []
    /// Up to 100 of what was skipped; `skippedCount` counts all.
    public var skipped: [Skipped] = []
    public var skippedCount = 0
    public var pages = 0
    /// Why the list may lack names, or nil when the registry said it was all. A name missing from an incomplete list
    /// says nothing.
    public var incompleteBecause: String?

    public var isComplete: Bool { incompleteBecause == nil }

    public init() {}
}
