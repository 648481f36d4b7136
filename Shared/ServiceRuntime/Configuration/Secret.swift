/// A text that must not be seen: it prints as `‹redacted›` wherever a value is printed by mistake.
package struct Secret: Sendable, Hashable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// The text itself. Call this only where it is used.
    package let exposed: String

    package init(_ text: String) { exposed = text }

    package static let redacted = "‹redacted›"

    package var description: String { Self.redacted }
    package var debugDescription: String { Self.redacted }
    package var customMirror: Mirror { Mirror(self, children: [:]) }
}
