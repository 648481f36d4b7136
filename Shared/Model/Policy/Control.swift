/// One rule of a policy.
///
/// In JSON and YAML a control is one object with a `type` and that type's settings (`docs/reference/policies.md`).
public enum Control: Hashable, Sendable {
    /// The worst severity that is still allowed. Findings of severity `unknown` make it undetermined.
    case maximumSeverity(MaximumSeverity)
    /// Advisories that must not apply, by id or alias.
    case blockedAdvisories(BlockedAdvisories)
    /// Packages that must not be installed.
    case blockedPackages(BlockedPackages)
    /// The image's process must not start as root.
    case notRoot
    case requiredLabels(RequiredLabels)
    /// No secret may be in the image, also in a layer below.
    case noSecrets(NoSecrets)

    public struct MaximumSeverity: Hashable, Sendable, Codable {
        public var severity: Severity
        /// Only findings that have a fixed version count.
        public var onlyFixed: Bool
        public init(severity: Severity, onlyFixed: Bool = false) {
            self.severity = severity
            self.onlyFixed = onlyFixed
        }
        public init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: CodingKeys.self)
            severity = try container.decode(Severity.self, forKey: .severity)
            onlyFixed = try container.decodeIfPresent(Bool.self, forKey: .onlyFixed) ?? false
        }
    }

    public struct BlockedAdvisories: Hashable, Sendable, Codable {
        public var ids: [String]
        public init(ids: [String]) { self.ids = ids }
    }

    public struct BlockedPackages: Hashable, Sendable, Codable {
        public struct Pattern: Hashable, Sendable, Codable {
            public var name: GlobPattern
            public var type: PackageType?
            /// Exact versions; empty means any.
            public var versions: [String]
            public init(name: GlobPattern, type: PackageType? = nil, versions: [String] = []) {
                self.name = name
                self.type = type
                self.versions = versions
            }
            public init(from decoder: any Decoder) throws {
                let container = try decoder.container(keyedBy: CodingKeys.self)
                name = try container.decode(GlobPattern.self, forKey: .name)
                type = try container.decodeIfPresent(PackageType.self, forKey: .type)
                versions = try container.decodeIfPresent([String].self, forKey: .versions) ?? []
            }
        }
        public var packages: [Pattern]
        public init(packages: [Pattern]) { self.packages = packages }
    }

    public struct RequiredLabels: Hashable, Sendable, Codable {
        /// Label → glob that its value must match; `*` means that the label exists.
        public var labels: [String: GlobPattern]
        public init(labels: [String: GlobPattern]) { self.labels = labels }
    }

    public struct NoSecrets: Hashable, Sendable, Codable {
        /// Secrets at these locations are known and do not count.
        public var except: [GlobPattern]
        public init(except: [GlobPattern] = []) { self.except = except }
        public init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: CodingKeys.self)
            except = try container.decodeIfPresent([GlobPattern].self, forKey: .except) ?? []
        }
    }

    /// The name that JSON, YAML and people use.
    public var type: ControlType {
        switch self {
        case .maximumSeverity: .maximumSeverity
        case .blockedAdvisories: .blockedAdvisories
        case .blockedPackages: .blockedPackages
        case .notRoot: .notRoot
        case .requiredLabels: .requiredLabels
        case .noSecrets: .noSecrets
        }
    }
}

public enum ControlType: String, Sendable, Codable, CaseIterable {
    case maximumSeverity = "maximum-severity"
    case blockedAdvisories = "blocked-advisories"
    case blockedPackages = "blocked-packages"
    case notRoot = "not-root"
    case requiredLabels = "required-labels"
    case noSecrets = "no-secrets"
}

extension Control: Codable {
    enum CodingKeys: String, CodingKey { case type }

    public init(from decoder: any Decoder) throws {
        switch try decoder.container(keyedBy: CodingKeys.self).decode(ControlType.self, forKey: .type) {
        case .maximumSeverity: self = .maximumSeverity(try .init(from: decoder))
        case .blockedAdvisories: self = .blockedAdvisories(try .init(from: decoder))
        case .blockedPackages: self = .blockedPackages(try .init(from: decoder))
        case .notRoot: self = .notRoot
        case .requiredLabels: self = .requiredLabels(try .init(from: decoder))
        case .noSecrets: self = .noSecrets(try .init(from: decoder))
        }
    }

    public func encode(to encoder: any Encoder) throws {
        switch self {
        case .maximumSeverity(let settings): try settings.encode(to: encoder)
        case .blockedAdvisories(let settings): try settings.encode(to: encoder)
        case .blockedPackages(let settings): try settings.encode(to: encoder)
        case .notRoot: break
        case .requiredLabels(let settings): try settings.encode(to: encoder)
        case .noSecrets(let settings): try settings.encode(to: encoder)
        }
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(type, forKey: .type)
    }
}
