/// What a metric means. Parts of a process declare theirs, so that `/metrics` explains each and the reference page can
/// be checked against the code.
package struct MetricDescription: Sendable, Hashable {
    package enum Kind: String, Sendable, Hashable, CaseIterable {
        case counter, gauge, histogram
    }

    /// The label given to swift-metrics, dotted: `pratique.scanner.layers`. Prometheus sees
    /// `pratique_scanner_layers_total`.
    package let label: String
    package let kind: Kind
    package let help: String
    package let dimensions: [String]

    package init(_ label: String, _ kind: Kind, dimensions: [String] = [], _ help: String) {
        self.label = label
        self.kind = kind
        self.help = help
        self.dimensions = dimensions
    }
}
