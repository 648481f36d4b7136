import Model

/// Names of Java packages without their group.
///
/// Advisories name `group:artifact`, and an archive that was not built by Maven does not state its group. What the
/// inventory guesses may be another one than the advisory's. So each record on a Java package is found by its artifact,
/// too; what is found only so leaves the package undetermined, since it may be about another artifact of that name.
enum ArtifactNames {
    /// The name under which records on this package are found whatever the group; nil but for Java.
    static func name(of package: String, in ecosystem: Ecosystem) -> String? {
        guard ecosystem.base == "Maven" else { return nil }
        return "*:" + artifact(package)
    }

    /// Whether two names may be of one package, of which the first was guessed: one without a group, groups of one
    /// organisation (`com.google`), or an artifact whose name has several words.
    static func mayBeSame(_ guessed: String, _ advised: String) -> Bool {
        guard !advised.hasPrefix("*:"), artifact(guessed) == artifact(advised) else { return false }
        let parts = [guessed, advised].map { name in
            name.contains(":") ? name.prefix { $0 != ":" }.split(separator: ".").prefix(2) : []
        }
        return parts[0].isEmpty || parts[0] == parts[1] || artifact(guessed).contains("-")
    }

    private static func artifact(_ name: String) -> Substring {
        name.lastIndex(of: ":").map { name[name.index(after: $0)...] } ?? name[...]
    }
}
