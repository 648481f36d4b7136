import HTTPPort
import Model
import RegistryClient
import Testing

@Suite struct ListingTests {
    typealias Reply = ScriptedTransport.Reply

    func registry(
        _ transport: any HTTPTransport, limits: RegistryLimits = RegistryLimits(), url: String = "https://reg.test"
    ) throws -> RemoteRegistry {
        RemoteRegistry(
            endpoint: try RegistryEndpoint(url: url), transport: transport, clock: SkippingClock(), limits: limits,
            retry: .never)
    }

    static func tags(_ names: [String], _ headers: HeaderList = []) -> Reply {
        .text(200, "{\"name\":\"a\",\"tags\":[\(names.map { "\"\($0)\"" }.joined(separator: ","))]}", headers)
    }

    @Test("Link is followed, whatever its form, and short pages are not the end")
    func links() async throws {
        let transport = ScriptedTransport(
            Self.tags(["1"], ["Link": "</v2/a/tags/list?next=x>; rel=\"next\""]),
            Self.tags([], ["Link": "<https://reg.test:443/v2/a/tags/list?next=y>; rel=next"]), Self.tags(["2"]))
        var limits = RegistryLimits()
        limits.pageSize = 7
        let listing = try await registry(transport, limits: limits).tags(of: RepositoryName("a"))
        // The empty page with a next link brought nothing new: the walk stops there and says so.
        #expect(listing.names.map(\.text) == ["1"] && !listing.isComplete && listing.pages == 2)
        #expect(transport.lines[0] == "GET https://reg.test/v2/a/tags/list?n=7")
        #expect(transport.lines[1] == "GET https://reg.test/v2/a/tags/list?next=x")
    }

    @Test("without Link, last is used only after a full page")
    func lastParameter() async throws {
        var limits = RegistryLimits()
        limits.pageSize = 2
        let transport = ScriptedTransport(Self.tags(["1", "2"]), Self.tags(["3"]))
        let listing = try await registry(transport, limits: limits).tags(of: RepositoryName("a"))
        #expect(listing.names.map(\.text) == ["1", "2", "3"] && listing.isComplete)
        #expect(
            transport.lines == [
                "GET https://reg.test/v2/a/tags/list?n=2", "GET https://reg.test/v2/a/tags/list?n=2&last=2",
            ])
    }

    @Test("a registry that serves page 1 again ends the walk, and the list says it may be short")
    func repeatedPage() async throws {
        var limits = RegistryLimits()
        limits.pageSize = 2
        let again = ScriptedTransport(Self.tags(["1", "2"]))
        let listing = try await registry(again, limits: limits).tags(of: RepositoryName("a"))
        #expect(listing.names.map(\.text) == ["1", "2"] && !listing.isComplete && again.requests.count == 2)
        let loop = ScriptedTransport(Self.tags(["1"], ["Link": "</v2/a/tags/list?n=2>; rel=next"]))
        let looped = try await registry(loop, limits: limits).tags(of: RepositoryName("a"))
        #expect(!looped.isComplete && loop.requests.count == 1)
    }

    @Test(
        "a next page at another origin is not asked",
        arguments: ["https://evil.test/v2/a", "http://reg.test/v2/a", "//evil.test/x", "https://reg.test:444/"])
    func foreignLink(link: String) async throws {
        let transport = ScriptedTransport(Self.tags(["1"], ["Link": "<\(link)>; rel=next"]))
        let listing = try await registry(transport).tags(of: RepositoryName("a"))
        #expect(!listing.isComplete && transport.requests.count == 1)
    }

    @Test("a refused page size is left out")
    func pageSizeRefused() async throws {
        let transport = ScriptedTransport { request, _ in
            request.url.query == nil
                ? .text(200, #"{"repositories":["a"]}"#)
                : .text(400, #"{"errors":[{"code":"PAGINATION_NUMBER_INVALID","message":"m"}]}"#)
        }
        let listing = try await registry(transport).repositories()
        #expect(listing.names.map(\.text) == ["a"] && listing.isComplete)
    }

    @Test(
        "null lists, null entries and bad names do not break a listing",
        arguments: [
            (#"{"name":"a","tags":null}"#, [], 0), (#"{"name":"a"}"#, [], 0),
            (#"{"tags":["1",null,"2","1"]}"#, ["1", "2"], 0),
            (#"{"tags":["../x","ok","sha256:aa",""," a","\u0007"]}"#, ["ok"], 5),
        ] as [(String, [String], Int)])
    func oddities(body: String, names: [String], skipped: Int) async throws {
        let listing = try await registry(ScriptedTransport(.text(200, body))).tags(of: RepositoryName("a"))
        #expect(
            listing.names.map(\.text) == names && listing.skippedCount == skipped && listing.skipped.count == skipped)
    }

    @Test(
        "an answer that is no list is an error, never an empty list",
        arguments: ["", "[]", "{\"tags\":3}", "<html>", "null"])
    func notAList(body: String) async throws {
        let registry = try registry(ScriptedTransport(.text(200, body)))
        let error = await #expect(throws: RegistryError.self) { try await registry.tags(of: RepositoryName("a")) }
        #expect(error?.kind == "badAnswer")
    }

    @Test("endless pages end at the limit")
    func limit() async throws {
        var limits = RegistryLimits()
        limits.pagesMax = 5
        let transport = ScriptedTransport { _, number in
            Self.tags(["t\(number)"], ["Link": "</v2/a/tags/list?page=\(number + 1)>; rel=next"])
        }
        let listing = try await registry(transport, limits: limits).tags(of: RepositoryName("a"))
        #expect(listing.pages == 5 && listing.names.count == 5 && !listing.isComplete)
    }

    @Test("a path prefix stays in front of the API")
    func prefix() async throws {
        let transport = ScriptedTransport(
            Self.tags(["1"], ["Link": "</pre/fix/v2/a/tags/list?x>; rel=next"]), Self.tags(["2"]))
        _ = try await registry(transport, url: "https://reg.test/pre/fix/").tags(of: RepositoryName("a"))
        #expect(
            transport.lines == [
                "GET https://reg.test/pre/fix/v2/a/tags/list?n=100", "GET https://reg.test/pre/fix/v2/a/tags/list?x",
            ])
    }
}
