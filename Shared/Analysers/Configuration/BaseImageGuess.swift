import Model

/// Tells the layers of a base image from those that were built upon it.
///
/// What the image states (`org.opencontainers.image.base.*` in labels or the manifest's annotations) names the base.
/// Its layers are found by the history: an image for use ends with the command that it starts, and what is built upon
/// it adds layers behind that. The same rule as Trivy's; a base without a command, and builds that squash, leave it
/// open.
enum BaseImageGuess {
    private static let nameKey = "org.opencontainers.image.base.name"
    private static let digestKey = "org.opencontainers.image.base.digest"

    static func base(
        _ configuration: ImageConfiguration, annotations: [String: String]?, layers: [Descriptor]
    ) -> BaseImage? {
        func stated(_ key: String) -> String? {
            let value = annotations?[key] ?? configuration.labels[key] ?? ""
            return value.isEmpty ? nil : String(value.prefix(500))
        }
        let base = BaseImage(
            name: stated(nameKey), digest: stated(digestKey),
            layers: layers.prefix(layerCount(configuration.history, of: layers.count)).map(\.digest))
        return base == BaseImage() ? nil : base
    }

    /// - Returns: how many layers, from the bottom, are the base's; 0 where that is open.
    static func layerCount(_ history: [ImageConfiguration.HistoryEntry], of layers: Int) -> Int {
        guard history.count(where: { !$0.emptyLayer }) == layers else { return 0 }
        // What follows the last layer is the image's own.
        guard let last = history.lastIndex(where: { !$0.emptyLayer }) else { return 0 }
        guard let end = history[..<last].lastIndex(where: { $0.emptyLayer && isCommand($0.createdBy ?? "") }) else {
            return 0
        }
        return history[...end].count { !$0.emptyLayer }
    }

    private static func isCommand(_ line: String) -> Bool {
        line.hasPrefix("CMD ") || line.hasPrefix("/bin/sh -c #(nop)  CMD ")
    }
}
