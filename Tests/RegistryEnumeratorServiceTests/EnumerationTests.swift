import EventLogPort
import Events
import Foundation
import Model
import RegistryAccess
import RegistryClient
import Synchronization
import TestSupport
import Testing

@testable import RegistryEnumeratorService

/// One run over a registry in the test's hand.
private final class EnumerationRoom: Sendable {
    let registries = FakeRegistries()
    let memory = Mutex(EnumeratorMemory())
    let drafts = Mutex<[RecordDraft]>([])
    let reports = Mutex(0)
    let registry: Registry

    init(filter: ImageFilter = ImageFilter()) throws {
        registry = Registry(name: try RegistryName("example"), url: "https://registry.example.com", filter: filter)
    }

    static func digest(_ byte: UInt8) -> Digest { Digest(sha256: Array(repeating: byte, count: 32)) }
    static func name(_ text: String) -> ImageName {
        do { return try ImageName(text) } catch { preconditionFailure("\(error)") }
    }

    func hold(_ text: String, _ byte: UInt8) { registries.update { $0.images[Self.name(text)] = Self.digest(byte) } }

    func know(_ text: String, _ byte: UInt8) {
        let name = Self.name(text)
        let record = ImageRecord(
            name: name, digest: Self.digest(byte), sources: [.enumeration], firstSeenAt: Date(), resolution: .resolved)
        memory.withLock { $0.images[name.registry, default: [:]][name.repository, default: [:]][name] = record }
    }

    func run(startedAt: Date = Date()) async throws -> (RegistryStatusRecord.Enumeration, (any Error)?) {
        let run = Enumeration(
            registry, reader: try registries.reader(for: registry), startedAt: startedAt,
            context: EventContext(id: "test", source: "test", time: Date()), time: .system,
            known: { self.memory.withLock { $0 } }, append: { drafts in self.drafts.withLock { $0 += drafts } },
            report: { _, _, _ in self.reports.withLock { $0 += 1 } })
        try await run.run()
        return (await run.result, await run.failure)
    }

    /// What the catalogue was told, such as `observed example/app:1`.
    var told: [String] {
        drafts.withLock { $0 }.filter { $0.topic == Topics.changes.name }.compactMap { draft in
            let id = RecordID(topic: draft.topic, partition: 0, position: 0)
            let record = Record(id: id, key: draft.key, value: draft.value, headers: draft.headers, appendedAt: Date())
            switch try? record.payload(Change.self) {
            case .observed(let seen)?: return "observed \(seen.name) \(seen.source) \(seen.urgent)"
            case .gone(let absence)?: return "gone \(absence.name)"
            case .unresolved(let failed)?: return "unresolved \(failed.name)"
            default: return nil
            }
        }.sorted()
    }
}

@Suite("Listing a registry")
struct EnumerationTests {
    @Test("names that the catalogue does not have are told, equal ones write nothing")
    func differences() async throws {
        let room = try EnumerationRoom()
        for (name, byte) in [("example/a:1", UInt8(1)), ("example/a:2", 2), ("example/b:1", 3)] {
            room.hold(name, byte)
        }
        room.know("example/a:1", 1)
        room.know("example/a:2", 9)
        let (result, failure) = try await room.run()
        #expect(room.told == ["observed example/a:2 enumeration false", "observed example/b:1 enumeration false"])
        #expect(
            failure == nil && result.complete && result.repositories == 2 && result.images == 3
                && result.finishedAt != nil)
    }

    @Test("a name that a whole listing does not show is asked for, and goes only on a 404")
    func gone() async throws {
        let room = try EnumerationRoom()
        room.hold("example/a:1", 1)
        room.know("example/a:1", 1)
        room.know("example/a:old", 2)
        room.know("example/empty:1", 2)
        _ = try await room.run()
        #expect(room.told == ["gone example/a:old", "gone example/empty:1"])
    }

    @Test("a listing that was cut short makes nothing go, and says so")
    func cut() async throws {
        let room = try EnumerationRoom()
        room.hold("example/a:1", 1)
        room.hold("example/b:1", 1)
        room.know("example/b:1", 1)
        room.registries.update {
            $0.cutRepositories = [EnumerationRoom.name("example/b:1").repository]
            $0.cutsCatalogue = true
        }
        let (result, _) = try await room.run()
        #expect(room.told == ["observed example/a:1 enumeration false"])
        #expect(!result.complete && result.problems.count == 1)
    }

    @Test("a repository whose tags cannot be listed is a problem, never an absence")
    func broken() async throws {
        let room = try EnumerationRoom()
        room.hold("example/a:1", 1)
        room.hold("example/b:1", 1)
        room.know("example/a:1", 1)
        room.registries.update {
            $0.brokenRepositories[EnumerationRoom.name("example/a:1").repository] = .serverFault(
                FakeRegistries.fault(), status: 500, retryAfter: nil)
        }
        let (result, failure) = try await room.run()
        #expect(room.told == ["observed example/b:1 enumeration false"])
        #expect(failure == nil && !result.complete && result.problems.count == 1)
    }

    @Test("a name that cannot be asked for is listed with the reason if it is new, and left as it is if it is known")
    func unresolved() async throws {
        let room = try EnumerationRoom()
        room.hold("example/a:1", 1)
        room.hold("example/a:2", 1)
        room.know("example/a:2", 1)
        room.registries.update {
            for tag in ["1", "2"] {
                $0.broken[EnumerationRoom.name("example/a:\(tag)")] = .badAnswer(FakeRegistries.fault())
            }
        }
        _ = try await room.run()
        #expect(room.told == ["unresolved example/a:1"])
    }

    @Test("a credential that is refused ends the run at once; a registry that is away after a few failures")
    func stops() async throws {
        let room = try EnumerationRoom()
        for number in 0..<50 { room.hold("example/app\(number):1", 1) }
        room.registries.update { content in
            for name in content.images.keys { content.broken[name] = .unauthorized(FakeRegistries.fault()) }
            content.brokenPings[room.registry.name] = .unauthorized(FakeRegistries.fault())
        }
        #expect(try await room.run().1 != nil)
        #expect(room.registries.count("resolve") <= Enumeration.width && room.told.isEmpty)
        room.registries.update { content in
            for name in content.images.keys { content.broken[name] = .unreachable(FakeRegistries.fault()) }
        }
        #expect(try await room.run().1 != nil)
        #expect(room.registries.count("resolve") <= 2 * Enumeration.width + Enumeration.failuresMax)
    }

    @Test(
        "repositories that the credential may not read are problems of theirs, while the registry's API answers",
        arguments: [RegistryError.unauthorized(FakeRegistries.fault()), .forbidden(FakeRegistries.fault())])
    func refused(_ error: RegistryError) async throws {
        let room = try EnumerationRoom()
        for number in 10..<20 {
            room.hold("example/app\(number):1", 1)
            let repository = EnumerationRoom.name("example/app\(number):1").repository
            room.registries.update { $0.brokenRepositories[repository] = error }
        }
        room.hold("example/zebra:1", 1)
        let (result, failure) = try await room.run()
        #expect(failure == nil && !result.complete && result.problems.count == 10)
        #expect(room.told == ["observed example/zebra:1 enumeration false"])
    }

    @Test("a repository of which a name could not be asked for leaves no mark")
    func unmarked() async throws {
        let room = try EnumerationRoom()
        for name in ["example/a:1", "example/b:1", "example/b:2"] { room.hold(name, 1) }
        room.registries.update { $0.broken[EnumerationRoom.name("example/b:1")] = .badAnswer(FakeRegistries.fault()) }
        _ = try await room.run()
        let marks = room.drafts.withLock { $0.filter { $0.topic == Topics.crawlMarks.name }.map(\.key) }
        #expect(marks == ["example/a"])
    }

    @Test("a registry that cannot be listed at all is a failure of the run")
    func down() async throws {
        let room = try EnumerationRoom()
        room.know("example/a:1", 1)
        room.registries.update { $0.down[room.registry.name] = .unreachable(FakeRegistries.fault()) }
        let (result, failure) = try await room.run()
        #expect(failure != nil && !result.complete && room.told.isEmpty)
    }

    @Test("filters and attachments are left out, and the number of reports is bounded")
    func bounded() async throws {
        let attached = "sha256-" + String(repeating: "a", count: 64) + ".sig"
        let room = try EnumerationRoom(filter: ImageFilter(excludeRepositories: ["private/*"], excludeTags: ["*-dev"]))
        for name in ["example/private/a:1", "example/a:1-dev", "example/a:\(attached)"] { room.hold(name, 1) }
        for number in 0..<100 { room.hold("example/app\(number):1", 1) }
        _ = try await room.run()
        #expect(room.told.count == 100 && room.registries.content.runningMax <= Enumeration.width)
        #expect(room.reports.withLock { $0 } <= Enumeration.progressMax + 1)
    }

    @Test("a run that was cut off goes on where its marks end")
    func resumed() async throws {
        let room = try EnumerationRoom()
        room.hold("example/a:1", 1)
        room.hold("example/b:1", 1)
        let start = Date()
        let a = EnumerationRoom.name("example/a:1")
        room.memory.withLock {
            $0.marks["example/a"] = CrawlMarkRecord(
                registry: a.registry, repository: a.repository, listedAt: start.addingTimeInterval(1), tags: 1)
        }
        let (result, _) = try await room.run(startedAt: start)
        #expect(room.told == ["observed example/b:1 enumeration false"] && room.registries.count("tags example/a") == 0)
        #expect(result.images == 2)
    }
}
