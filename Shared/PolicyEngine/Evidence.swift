import Model

/// What is known of one manifest, and what each control makes of it.
struct Evidence {
    struct Answer {
        var outcome: Verdict.ControlResult.Outcome
        var reasons: [String]
    }

    let inventory: Inventory?
    let match: MatchResult?
    /// Why packages may be missing: there is no inventory, or it is partial.
    let packagesUnknown: [Undetermined]
    /// Why findings may be missing: packages may, or advisories do.
    let findingsUnknown: [Undetermined]
    var undetermined: [Undetermined] { findingsUnknown }

    init(inventory: Inventory?, match: MatchResult?, missing: [Undetermined]) {
        self.inventory = inventory
        self.match = match
        var unknown = missing
        if let inventory {
            unknown += inventory.undetermined
        } else if missing.isEmpty {
            unknown.append(Undetermined(what: "inventory", reason: "the image has no inventory yet"))
        }
        packagesUnknown = unknown.sortedAndUnique()
        if let match {
            unknown += match.undetermined
        } else if inventory != nil {
            unknown.append(Undetermined(what: "advisories", reason: "no generation of advisories is active"))
        }
        findingsUnknown = unknown.sortedAndUnique()
    }

    func answer(_ control: Control) -> Answer {
        guard let inventory else {
            return Answer(outcome: .undetermined, reasons: packagesUnknown.map(Self.sentence))
        }
        switch control {
        case .maximumSeverity(let settings): return maximumSeverity(settings)
        case .blockedAdvisories(let settings): return blockedAdvisories(settings)
        case .blockedPackages(let settings): return blockedPackages(settings, inventory)
        case .notRoot: return withConfiguration(inventory) { notRoot($0) }
        case .requiredLabels(let settings): return withConfiguration(inventory) { requiredLabels(settings, $0) }
        case .noSecrets(let settings): return noSecrets(settings, inventory)
        }
    }

    // MARK: Controls

    private func maximumSeverity(_ settings: Control.MaximumSeverity) -> Answer {
        let counted = (match?.findings ?? []).filter { !settings.onlyFixed || $0.state == .fixed }
        let over = counted.filter { $0.severity != .unknown && $0.severity > settings.severity }
        if !over.isEmpty {
            let worstFirst = over.sorted {
                $0.severity != $1.severity ? $0.severity > $1.severity : Self.order($0, $1)
            }
            return Answer(outcome: .failed, reasons: worstFirst.map { Self.sentence($0) })
        }
        // Nothing is above critical, so a score could not change the answer.
        let unscored = settings.severity == .critical ? [] : counted.filter { $0.severity == .unknown }
        return passed(
            unless: findingsUnknown.map(Self.sentence) + unscored.sorted(by: Self.order).map { Self.sentence($0) })
    }

    private func blockedAdvisories(_ settings: Control.BlockedAdvisories) -> Answer {
        let blocked = Set(settings.ids.map { $0.lowercased() })
        let hits = (match?.findings ?? []).filter { finding in
            blocked.contains(finding.advisory.lowercased())
                || finding.aliases.contains { blocked.contains($0.lowercased()) }
        }
        guard hits.isEmpty else {
            let sentences = hits.sorted(by: Self.order).map { hit in
                let name = ([hit.advisory] + hit.aliases).first { blocked.contains($0.lowercased()) } ?? hit.advisory
                return "\(hit.package.name) \(hit.package.version) has the blocked advisory \(name)."
            }
            return Answer(outcome: .failed, reasons: sentences)
        }
        return passed(unless: findingsUnknown.map(Self.sentence))
    }

    private func blockedPackages(_ settings: Control.BlockedPackages, _ inventory: Inventory) -> Answer {
        let hits = inventory.packages.filter { package in
            settings.packages.contains { pattern in
                pattern.name.matches(package.name) && (pattern.type ?? package.type) == package.type
                    && (pattern.versions.isEmpty || pattern.versions.contains(package.version))
            }
        }
        guard hits.isEmpty else {
            let places = hits.map {
                "\($0.name) \($0.version) (\($0.type.rawValue)) is installed (\($0.location)) and is blocked."
            }
            return Answer(outcome: .failed, reasons: places.sorted())
        }
        return passed(unless: packagesUnknown.map(Self.sentence))
    }

    /// What is no image has no configuration, so nothing is known of it.
    private func withConfiguration(_ inventory: Inventory, _ judge: (ImageConfiguration) -> Answer) -> Answer {
        guard let subject = inventory.subject else { return judge(inventory.configuration) }
        return Answer(outcome: .undetermined, reasons: ["configuration: \(Self.name(of: subject)) has none."])
    }

    private static func name(of subject: Inventory.Subject) -> String {
        switch subject {
        case .rootFileSystem: "a root file system"
        case .billOfMaterials: "a bill of materials"
        }
    }

    private func notRoot(_ configuration: ImageConfiguration) -> Answer {
        guard configuration.runsAsRoot else { return Answer(outcome: .passed, reasons: []) }
        let name = configuration.user.prefix(100)
        let user = name.isEmpty ? "it names no user" : "its user is “\(name)”"
        return Answer(outcome: .failed, reasons: ["The image's process starts as root: \(user)."])
    }

    private func requiredLabels(_ settings: Control.RequiredLabels, _ configuration: ImageConfiguration) -> Answer {
        let reasons = settings.labels.sorted { $0.key < $1.key }.compactMap { label, pattern -> String? in
            guard let value = configuration.labels[label] else { return "The label “\(label)” is missing." }
            guard !pattern.matches(value) else { return nil }
            return "The label “\(label)” is “\(value.prefix(100))”, which does not match “\(pattern)”."
        }
        return Answer(outcome: reasons.isEmpty ? .passed : .failed, reasons: reasons)
    }

    private func noSecrets(_ settings: Control.NoSecrets, _ inventory: Inventory) -> Answer {
        guard let secrets = inventory.secrets else {
            let reason =
                inventory.subject.map { "\(Self.name(of: $0)) does not tell them" }
                ?? "the image was not searched for them yet"
            return Answer(outcome: .undetermined, reasons: ["secrets: \(reason)."])
        }
        let hits = secrets.filter { secret in !settings.except.contains { $0.matches(secret.location) } }
        guard hits.isEmpty else { return Answer(outcome: .failed, reasons: hits.map(Self.sentence)) }
        return passed(unless: packagesUnknown.map(Self.sentence))
    }

    // MARK: Sentences

    static func sentence(_ secret: ExposedSecret) -> String {
        let line = secret.line.map { ":\($0)" } ?? ""
        let removed = secret.isRemoved ? ", which a later layer removes but the image still carries" : ""
        return switch secret.place {
        case .file: "\(secret.location)\(line) holds a secret (\(secret.kind))\(removed)."
        case .environment: "The variable \(secret.location) holds a secret (\(secret.kind))."
        case .label: "The label “\(secret.location)” holds a secret (\(secret.kind))."
        case .command: "The \(secret.location) holds a secret (\(secret.kind))."
        case .history: "Line \(secret.location) of the history holds a secret (\(secret.kind))."
        }
    }

    private func passed(unless unknown: [String]) -> Answer {
        Answer(outcome: unknown.isEmpty ? .passed : .undetermined, reasons: unknown)
    }

    static func sentence(_ unknown: Undetermined) -> String { "\(unknown.what): \(unknown.reason)." }

    static func sentence(_ finding: Finding) -> String {
        let severity = finding.severity == .unknown ? "unknown severity" : "severity \(finding.severity.rawValue)"
        let fix = finding.fixedVersion.map { "fixed in \($0)" } ?? "no fix is known"
        return "\(finding.package.name) \(finding.package.version) has \(finding.advisory) of \(severity); \(fix)."
    }

    static func order(_ left: Finding, _ right: Finding) -> Bool {
        (left.package.name, left.package.version, left.package.purl, left.advisory)
            < (right.package.name, right.package.version, right.package.purl, right.advisory)
    }
}
