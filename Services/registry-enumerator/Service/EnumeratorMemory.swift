import EventLogPort
import Events
import Foundation
import Model

/// What the enumerator knows: registries, settings, its own status and marks, and the catalogue's images. In memory.
struct EnumeratorMemory: Sendable {
    var registries: [RegistryName: Registry] = [:]
    var settings = SettingsRecord()
    /// By key, `registry/instance`: earlier instances count, too.
    var statuses: [String: RegistryStatusRecord] = [:]
    var marks: [String: CrawlMarkRecord] = [:]
    var images: [RegistryName: [RepositoryName: [ImageName: ImageRecord]]] = [:]

    /// What is known of a registry over all instances: the latest times, and the run that began last.
    func status(of registry: RegistryName, instance: String) -> RegistryStatusRecord {
        let all = statuses.values.filter { $0.registry == registry }
        var merged = RegistryStatusRecord(registry: registry, instance: instance)
        let latest = all.max {
            ($0.enumeration?.startedAt ?? .distantPast) < ($1.enumeration?.startedAt ?? .distantPast)
        }
        merged.enumeration = latest?.enumeration
        merged.failure = latest?.failure
        merged.enumerationFiredAt = all.compactMap(\.enumerationFiredAt).max()
        merged.rescanFiredAt = all.compactMap(\.rescanFiredAt).max()
        return merged
    }

    func isListed(_ repository: RepositoryName, of registry: RegistryName, since: Date) -> Bool {
        marks[Self.markKey(registry, repository)].map { $0.listedAt >= since } ?? false
    }

    static func markKey(_ registry: RegistryName, _ repository: RepositoryName) -> String {
        "\(registry)/\(repository)"
    }
    static func statusKey(_ record: RegistryStatusRecord) -> String { "\(record.registry)/\(record.instance)" }
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
        switch effect {
        case .nothing: break
        case .registry(let registry):
            if let name = try? RegistryName(record.key) { rows.state.registries[name] = registry }
        case .settings(let settings): rows.state.settings = settings ?? SettingsRecord()
        case .status(let status): rows.state.statuses[record.key] = status
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
        }
    }

    func reset(in rows: borrowing Rows) throws { rows.state = EnumeratorMemory() }
}
