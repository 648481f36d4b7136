import Events
import Foundation
import HTTPTypes
import Model
import Testing

@testable import WebhookGatewayService

@Suite struct AccessTests {
    private let now = Date(timeIntervalSince1970: 1_750_000_000)

    private func directory(_ token: AccessToken, expiresAt: Date? = nil) -> AccessDirectory {
        let directory = AccessDirectory()
        let record = TokenRecord(
            id: token.id, name: "t", role: .ci, hash: token.hash, createdAt: now, expiresAt: expiresAt)
        directory.replace(.init(tokens: [token.id: record], version: 1))
        return directory
    }

    @Test("a token's text reads back as the same token, and nothing prints its secret")
    func roundTrip() throws {
        for _ in 0..<100 {
            let token = AccessToken.random()
            let again = try #require(AccessToken(token.exposed))
            #expect(again.id == token.id)
            #expect(again.hash == token.hash)
            #expect(token.exposed.hasPrefix("pratique_\(token.id)_"))
            var dumped = ""
            dump(token, to: &dumped)
            let secret = String(token.exposed.dropFirst("pratique_".count + token.id.count + 1))
            #expect(!"\(token)\(dumped)".contains(secret))
        }
    }

    @Test(
        "other texts are no tokens",
        arguments: [
            "", "pratique", "pratique_", "pratique__", "pratique_a_", "pratique_a_AAAA",
            "other_a_" + String(repeating: "A", count: 43),
            "pratique_A_" + String(repeating: "A", count: 43), "pratique_a_" + String(repeating: "A", count: 44),
            "pratique_a_" + String(repeating: "!", count: 43), String(repeating: "x", count: 10_000),
        ])
    func noToken(_ text: String) {
        #expect(AccessToken(text) == nil)
    }

    @Test("a token opens with its own secret only, and until it expires")
    func authenticate() throws {
        let token = AccessToken.random()
        let directory = directory(token, expiresAt: now.addingTimeInterval(10))
        #expect(directory.principal(bearer: token.exposed, at: now)?.role == .ci)
        #expect(directory.principal(bearer: token.exposed, at: now.addingTimeInterval(10)) == nil)
        let other = AccessToken.random().exposed.split(separator: "_", maxSplits: 2)[2]
        #expect(directory.principal(bearer: "pratique_\(token.id)_\(other)", at: now) == nil)
        #expect(directory.principal(bearer: AccessToken.random().exposed, at: now) == nil)
    }

    @Test("the scheme is Bearer in any case; everything else is 401")
    func schemes() throws {
        let token = AccessToken.random()
        let directory = directory(token)
        #expect(try directory.authenticate("bearer \(token.exposed)", at: now).id == token.id)
        for header in [nil, "", "Basic abc", token.exposed, "Bearer", "Bearer x"] {
            let error = #expect(throws: ProblemError.self) { try directory.authenticate(header, at: now) }
            #expect(error?.status == .unauthorized)
            #expect(error?.headers[.wwwAuthenticate]?.hasPrefix("Bearer") == true)
        }
    }

    @Test("before anything is loaded a token is not called wrong")
    func notLoaded() {
        let error = #expect(throws: ProblemError.self) {
            try AccessDirectory().authenticate("Bearer \(AccessToken.random().exposed)", at: now)
        }
        #expect(error?.status == .serviceUnavailable)
    }

    @Test("each role does what it may and no more")
    func roles() {
        let allowed: [Need: Set<TokenRecord.Role>] = [
            .anyone: Set(TokenRecord.Role.allCases), .viewer: Set(TokenRecord.Role.allCases),
            .contributor: [.ci, .operator, .admin], .operator: [.operator, .admin], .admin: [.admin],
        ]
        for need in Need.allCases {
            for role in TokenRecord.Role.allCases {
                #expect(need.isMet(by: role) == allowed[need]?.contains(role), "\(need) \(role)")
            }
        }
    }
}
