import Events
import Model

/// Who asks, and what that allows.
struct Principal: Sendable, Hashable {
    let id: String
    let name: String
    let role: TokenRecord.Role
    let scope: Policy.Scope

    init(_ token: TokenRecord) {
        id = token.id
        name = token.name
        role = token.role
        scope = token.scope
    }

    /// For the audit and for evidence: a name alone could be taken twice.
    var actor: String { "\(name) (\(id))" }

    /// Visibility is decided by name; the same digest under another name is another image.
    func sees(_ name: ImageName) -> Bool {
        scope.contains(registry: name.registry, repository: name.repository)
    }

    /// A registry is seen by who sees some of its repositories.
    func sees(_ registry: RegistryName) -> Bool {
        scope.registries.isEmpty || scope.registries.contains { $0.matches(registry.text) }
    }

    /// Whether all of the registry's repositories are in scope: what concerns the registry as a whole, such as its
    /// configuration or a listing of it, shows and touches them all.
    func holds(_ registry: RegistryName) -> Bool { scope.repositories.isEmpty && sees(registry) }

    var isUnscoped: Bool { scope.registries.isEmpty && scope.repositories.isEmpty }
}

/// What a route demands of its caller.
enum Need: String, Sendable, CaseIterable {
    case anyone
    /// Any token.
    case viewer
    /// `ci`, `operator` or `admin`.
    case contributor
    case `operator`
    case admin

    func isMet(by role: TokenRecord.Role) -> Bool {
        switch self {
        case .anyone, .viewer: true
        case .contributor: role != .viewer
        case .operator: role == .operator || role == .admin
        case .admin: role == .admin
        }
    }
}
