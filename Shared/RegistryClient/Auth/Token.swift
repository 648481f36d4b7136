import Foundation
import HTTPPort

/// What a token is for: one exchange and one cache entry each.
struct TokenKey: Hashable, Sendable {
    let realm: WebURL
    let service: String?
    let credential: RegistryCredential
    let scopes: [String]

    init(realm: WebURL, service: String?, credential: RegistryCredential, scopes: [String]) {
        self.realm = realm
        self.service = service
        self.credential = credential
        self.scopes = scopes.sorted()
    }
}

/// A bearer token and when to renew it (on the passed clock).
struct Token: Sendable {
    let value: String
    let renewAt: Duration
}

/// The token server's answer. Either name of the token is good; `expires_in` is 60 seconds at least and by default.
struct TokenAnswer: Decodable {
    static let lifeMin: Int64 = 60
    static let lifeMax: Int64 = 86_400

    let value: String
    let lifeSeconds: Int64

    enum CodingKeys: String, CodingKey {
        case token
        case accessToken = "access_token"
        case expiresIn = "expires_in"
    }

    init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        let names = [
            try values.decodeIfPresent(String.self, forKey: .token),
            try values.decodeIfPresent(String.self, forKey: .accessToken),
        ]
        guard let value = names.compactMap({ $0 }).first(where: { !$0.isEmpty }),
            value.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F })
        else { throw DecodingError.dataCorrupted(.init(codingPath: [], debugDescription: "no usable token")) }
        self.value = value
        let seconds = (try? values.decodeIfPresent(Double.self, forKey: .expiresIn)) ?? Double(Self.lifeMin)
        lifeSeconds = Int64(min(max(seconds, Double(Self.lifeMin)), Double(Self.lifeMax)))
    }
}

/// `application/x-www-form-urlencoded`.
enum Form {
    static func encode(_ items: [(String, String)]) -> [UInt8] {
        Array(items.map { WebURL.encode($0.0) + "=" + WebURL.encode($0.1) }.joined(separator: "&").utf8)
    }
}
