import EventLogPort
import Events
import Foundation
import HTTPCurl
import HTTPPort
import Model
import TestSupport
import Testing

/// The bytes come from a real server. It has no certificate, so the transport asks it over plain HTTP for what the
/// service asks of an `https` address; TLS is tested with the transport itself.
@Suite("Importing from an address")
struct ImportFromAddressIntegrationTests {
    private struct MirrorTransport: HTTPTransport {
        let server: ScriptedServer
        let inner = CurlTransport(.init(addresses: .privateNetworks))

        func send(_ request: OutboundRequest, into sink: any ResponseSink) async throws -> ResponseHead {
            let url = try WebURL(server.address + request.url.path + (request.url.query.map { "?" + $0 } ?? ""))
            let asked = OutboundRequest(.get, url, limits: request.limits, allowsPlainHTTP: true)
            return try await inner.send(asked, into: sink)
        }
    }

    private static let jinja = Fixtures.OSV(id: "PYSEC-1", package: "jinja2", fixed: "3.1.3")
    private static let archive = StoredZip.bytes([("PYSEC-1.json", jinja.json)])

    private func importing(
        _ answer: ScriptedServer.Response, at address: String = "https://mirror.example.com/osv/PyPI/all.zip",
        _ body: (EvaluatorFixture, Reply) async throws -> Void
    ) async throws {
        let server = try await ScriptedServer.start { _ in answer }
        let fixture = try await EvaluatorFixture(transport: MirrorTransport(server: server))
        let reply = try await fixture.running { try await fixture.command(.importAdvisories(origin: address)) }
        await server.stop()
        try await body(fixture, reply)
        #expect(!FileManager.default.fileExists(atPath: fixture.folder.file("evaluator/import").path))
    }

    @Test("an archive is a generation, whose source is the last folder of the address")
    func whole() async throws {
        try await importing(.init(200, body: Self.archive)) { fixture, reply in
            #expect(reply.state == .done, "\(reply.message)")
            let active = try await fixture.latest(Topics.generations, "active", GenerationRecord.self)
            #expect(active?.advisories == 1)
            #expect(active?.coverage == ["PyPI"])
            #expect(active?.origin == "https://mirror.example.com/osv/PyPI/all.zip")
            let keys = try await fixture.records(Topics.advisories).map(\.key)
            #expect(keys == ["PyPI/PYSEC-1"])
        }
    }

    @Test(
        "the source is that which a folder of the same name has",
        arguments: [
            ("/osv/Rocky%20Linux/all.zip", "Rocky Linux"), ("/crates.io/all.zip", "crates.io"), ("/all.zip", "local"),
            ("/osv/%2E%2E/all.zip", "local"),
        ])
    func source(path: String, source: String) async throws {
        try await importing(.init(200, body: Self.archive), at: "https://mirror.example.com" + path) { fixture, reply in
            #expect(reply.state == .done, "\(reply.message)")
            let keys = try await fixture.records(Topics.advisories).map(\.key)
            #expect(keys == [source + "/PYSEC-1"])
        }
    }

    private static let failures: [(String, ScriptedServer.Response)] = [
        ("404", .init(404, body: Array("no such file".utf8))), ("500", .init(500)),
        ("cut off by the network", .init(200, body: archive, ending: .closed(afterBytes: archive.count / 2))),
        ("cut off on the server", .init(200, body: Array(archive.dropLast(30)))),
        ("a page instead of an archive", .init(200, body: Array("<html>please sign in</html>".utf8))),
        ("an archive without advisories", .init(200, body: StoredZip.bytes([("README", "nothing here")]))),
        ("records that are none", .init(200, body: StoredZip.bytes([("a.json", "{}")]))),
        ("a changed byte", .init(200, body: archive.map { $0 == UInt8(ascii: "j") ? UInt8(ascii: "k") : $0 })),
        ("nothing", .init(200)),
    ]

    @Test("what is not a whole archive is an error that says so, and changes nothing", arguments: failures.indices)
    func failing(index: Int) async throws {
        try await importing(Self.failures[index].1) { fixture, reply in
            #expect(reply.state == .failed, "\(Self.failures[index].0): \(reply.message)")
            #expect(!reply.message.isEmpty)
            let written = try await fixture.records(Topics.generations) + fixture.records(Topics.advisories)
            #expect(written.isEmpty)
        }
    }

    @Test(
        "what is no address of an archive is refused without asking anybody",
        arguments: [
            "http://mirror.example.com/PyPI/all.zip", "https://mirror.example.com/PyPI", "ftp://mirror/all.zip",
            "https://user:secret@mirror.example.com/PyPI/all.zip", "osv",
        ])
    func refused(origin: String) async throws {
        let fixture = try await EvaluatorFixture()
        let reply = try await fixture.running { try await fixture.command(.importAdvisories(origin: origin)) }
        #expect(reply.state == .failed)
        #expect(!reply.message.contains("secret"))
    }
}

/// A zip archive whose members are stored as they are.
private enum StoredZip {
    static func bytes(_ members: [(name: String, content: String)]) -> [UInt8] {
        var local: [UInt8] = []
        var directory: [UInt8] = []
        for member in members {
            let (name, content) = (Array(member.name.utf8), Array(member.content.utf8))
            // Version, flags, method, time; then checksum, sizes, length of the name, no extra field.
            var common = fields((20, 2), (0, 2), (0, 2), (0, 4), (Int(crc32(content)), 4))
            common += fields((content.count, 4), (content.count, 4), (name.count, 2), (0, 2))
            directory += fields((0x0201_4b50, 4), (20, 2)) + common
            directory += fields((0, 2), (0, 2), (0, 2), (0, 4), (local.count, 4)) + name
            local += fields((0x0403_4b50, 4)) + common + name + content
        }
        let count = members.count
        let end = fields(
            (0x0605_4b50, 4), (0, 4), (count, 2), (count, 2), (directory.count, 4), (local.count, 4), (0, 2))
        return local + directory + end
    }

    /// Little-endian numbers of so many bytes.
    private static func fields(_ fields: (value: Int, bytes: Int)...) -> [UInt8] {
        var bytes: [UInt8] = []
        for field in fields {
            for place in 0..<field.bytes { bytes.append(UInt8(truncatingIfNeeded: field.value >> (8 * place))) }
        }
        return bytes
    }

    private static func crc32(_ bytes: [UInt8]) -> UInt32 {
        var crc: UInt32 = ~0
        for byte in bytes {
            crc ^= UInt32(byte)
            for _ in 0..<8 { crc = crc & 1 == 1 ? (crc >> 1) ^ 0xEDB8_8320 : crc >> 1 }
        }
        return ~crc
    }
}
