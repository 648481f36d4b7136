import EventLogPort
import Events
import Foundation
import Model

/// What the enumerator knows: registries, settings, its own statuses and marks, and the catalogue's images. In memory.
struct EnumeratorMemory: Sendable {
    /// A key of `registry-status`, as it was written last; without a status it is a tombstone.
    struct WrittenStatus: Sendable {
        var id: RecordID
        /// The text of the header, as `TermFence` reads it.
        var term: String?
        var status: RegistryStatusRecord?
    }

    var registries: [RegistryName: Registry] = [:]
    /// Registries whose record cannot be read: they are there, but are not listed.
    var unreadable: Set<RegistryName> = []
    /// Keys of the enumerator's own topics that a newer version wrote, with the reason.
    var newer: [String: String] = [:]
    var settings = SettingsRecord()
    var statuses: [String: WrittenStatus] = [:]
    var marks: [String: CrawlMarkRecord] = [:]
    var images: [RegistryName: [RepositoryName: [ImageName: ImageRecord]]] = [:]

    func exists(_ registry: RegistryName) -> Bool { registries[registry] != nil || unreadable.contains(registry) }

    /// The mark of a repository that was listed to its end since then.
    func mark(_ repository: RepositoryName, of registry: RegistryName, since: Date) -> CrawlMarkRecord? {
        marks[Self.markKey(registry, repository)].flatMap { $0.listedAt >= since ? $0 : nil }
    }

    static func markKey(_ registry: RegistryName, _ repository: RepositoryName) -> String {
        "\(registry)/\(repository)"
    }
}

struct EnumeratorProjection: Projection {
    enum Effect: Sendable {
        case registry(Registry?)
        case settings(SettingsRecord?)
        case status(RegistryStatusRecord?)
        case mark(CrawlMarkRecord?)
        case image(ImageName, ImageRecord?)
        case nothing
    }

    typealias Rows = MemoryViewStore<EnumeratorMemory>.Transaction

    let version = 1
    let topics = [Topics.registries, Topics.settings, Topics.registryStatus, Topics.crawlMarks, Topics.images].map(
        \.name)

    private static let ownTopics = [Topics.registryStatus.name, Topics.crawlMarks.name]

    func prepare(_ record: WholeRecord) async throws -> Effect {
        let exists = record.value != nil
        switch record.id.topic {
        case Topics.registries.name: return .registry(exists ? try record.payload(RegistryRecord.self).registry : nil)
        case Topics.settings.name:
            guard record.key == SettingsRecord.key else { return .nothing }
            return .settings(exists ? try record.payload(SettingsRecord.self) : nil)
        case Topics.registryStatus.name: return .status(exists ? try record.payload(RegistryStatusRecord.self) : nil)
        case Topics.crawlMarks.name: return .mark(exists ? try record.payload(CrawlMarkRecord.self) : nil)
        default:
            guard let name = try? ImageName(record.key) else { return .nothing }
            return .image(name, exists ? try record.payload(ImageRecord.self) : nil)
        }
    }

    func apply(_ effect: Effect, of record: WholeRecord, in rows: borrowing Rows) throws {
        rows.state.newer["\(record.id.topic)/\(record.key)"] = nil
        switch effect {
        case .nothing: break
        case .registry(let registry):
            guard let name = try? RegistryName(record.key) else { break }
            rows.state.registries[name] = registry
            rows.state.unreadable.remove(name)
        case .settings(let settings): rows.state.settings = settings ?? SettingsRecord()
        case .status(let status):
            rows.state.statuses[record.key] = .init(
                id: record.id, term: record.header(TermFence.header), status: status)
        case .mark(let mark): rows.state.marks[record.key] = mark
        case .image(let name, let image):
            let live = image.flatMap { $0.trash == nil ? $0 : nil }
            rows.state.images[name.registry, default: [:]][name.repository, default: [:]][name] = live
        }
    }

    func unreadable(_ record: WholeRecord, because error: any Error, in rows: borrowing Rows) throws {
        // A registry that cannot be read is not listed; of anything else nothing is known, so it is found out again.
        if record.id.topic == Topics.registries.name, let name = try? RegistryName(record.key) {
            rows.state.registries[name] = nil
            rows.state.unreadable.insert(name)
        }
        guard let error = error as? EventError, case .newerSchema = error, Self.ownTopics.contains(record.id.topic)
        else { return }
        rows.state.newer["\(record.id.topic)/\(record.key)"] = error.description
    }

    func reset(in rows: borrowing Rows) throws { rows.state = EnumeratorMemory() }
}
