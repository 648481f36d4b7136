/// Which addresses may be connected to. Set by the operator for the process, never by who configures a registry.
///
/// Public addresses may. Loopback and private ranges may where the operator listed the host or the block. Link-local
/// addresses, the cloud metadata services, multicast and reserved ranges never (server-side request forgery).
public struct AddressPolicy: Sendable, Hashable {
    public enum Judgement: Sendable, Hashable {
        case allowed
        case refused(reason: String)
    }

    /// Host names (lower case) whose private and loopback addresses are fine.
    public var allowedHosts: Set<String>
    public var allowedBlocks: [AddressBlock]

    public init(allowedHosts: Set<String> = [], allowedBlocks: [AddressBlock] = []) {
        self.allowedHosts = Set(allowedHosts.map { $0.lowercased() })
        self.allowedBlocks = allowedBlocks
    }

    /// From settings: each entry is a host name, an address or a CIDR block.
    /// - Throws: `badRequest` for an entry that is none of them.
    public init(allowing entries: [String]) throws(HTTPTransportError) {
        self.init()
        for entry in entries {
            if let block = AddressBlock(entry) {
                allowedBlocks.append(block)
            } else if WebURL.place(of: entry[...], scheme: .https)?.authority == entry.lowercased() {
                allowedHosts.insert(entry.lowercased())
            } else {
                throw .badRequest(reason: "“\(entry.prefix(200))” is neither a host, an address nor a CIDR block")
            }
        }
    }

    /// Public addresses only.
    public static let publicOnly = AddressPolicy()
    /// Also everything on this machine and in private networks: for a single machine and for tests.
    public static let privateNetworks = AddressPolicy(allowedBlocks: privateBlocks)

    /// Judges an address that a host resolved to.
    public func judge(_ address: IPAddress, host: String) -> Judgement {
        for candidate in Set([address, address.unmapped]) {
            if let block = Self.neverBlocks.first(where: { $0.block.contains(candidate) }) {
                return .refused(reason: block.reason)
            }
            guard Self.privateBlocks.contains(where: { $0.contains(candidate) }) else { continue }
            let isListed = allowedBlocks.contains { $0.contains(candidate) || $0.contains(address.unmapped) }
            guard isListed || allowedHosts.contains(host.lowercased()) else {
                return .refused(reason: "a private or loopback address that the operator did not allow")
            }
        }
        return .allowed
    }

    private static let privateBlocks = blocks([
        "127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "::1", "fc00::/7", "fec0::/10",
    ])

    private static let neverBlocks: [(block: AddressBlock, reason: String)] =
        blocks(["169.254.0.0/16", "fe80::/10"]).map { ($0, "a link-local address, where cloud metadata lives") }
        + blocks(["fd00:ec2::254", "100.100.100.200", "168.63.129.16", "192.0.0.192"]).map {
            ($0, "a cloud metadata address")
        }
        + blocks(["0.0.0.0/8", "::"]).map { ($0, "an unspecified address") }
        + blocks(["224.0.0.0/4", "240.0.0.0/4", "ff00::/8"]).map { ($0, "a multicast or reserved address") }

    private static func blocks(_ texts: [String]) -> [AddressBlock] {
        texts.map { text in
            guard let block = AddressBlock(text) else { preconditionFailure("bad block \(text)") }
            return block
        }
    }
}
