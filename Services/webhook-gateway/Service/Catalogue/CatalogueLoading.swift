import EventLogPort
import Events
import Foundation
import Model

/// Reads what the catalogue wrote and what others reported, record by record, into the state.
extension CatalogueState {
    /// In the order in which they are loaded: verdicts are looked at only for candidates.
    static let ownTopics: [TopicName] = [
        Topics.registries, Topics.settings, Topics.policies, Topics.access, Topics.images, Topics.removals,
        Topics.candidates, Topics.unnamed, Topics.alarms,
    ].map(\.name)
    static let reportTopics: [TopicName] = [
        Topics.scanStatus, Topics.verdicts, Topics.scanners, Topics.registryStatus,
    ].map(\.name)

    /// - Throws: `EventError` for a record that cannot be read; the state is as if it were not there.
    mutating func load(_ record: WholeRecord, now: Date) throws {
        if let position = record.header(CatalogueOutput.appliedHeader).flatMap({ Int64($0) }) {
            applied[Self.slot(record.id.topic, record.key)] = position
        }
        switch record.id.topic {
        case Topics.registries.name: try loadRegistry(record)
        case Topics.settings.name: try loadSettings(record)
        case Topics.policies.name: try loadPolicy(record)
        case Topics.access.name: tokens[record.key] = record.value == nil ? nil : try record.payload(TokenRecord.self)
        case Topics.images.name: try loadImage(record, now)
        case Topics.removals.name:
            guard let name = try? ImageName(record.key) else { return }
            removals[name] = nil
            if record.value != nil { removals[name] = try record.payload(RemovalRecord.self) }
        case Topics.unnamed.name:
            guard let digest = try? Digest(record.key) else { return }
            unnamed[digest] = nil
            if record.value != nil { unnamed[digest] = try record.payload(UnnamedRecord.self).since }
        case Topics.candidates.name:
            dropCandidate(record.key)
            if record.value != nil { set(try record.payload(CandidateRecord.self)) }
        case Topics.alarms.name: alarms[record.key] = record.value == nil ? nil : try record.payload(AlarmRecord.self)
        case Topics.scanStatus.name: try loadScanStatus(record)
        case Topics.scanners.name:
            scanners[record.key] = record.value == nil ? nil : try record.payload(ScannerRecord.self)
        case Topics.verdicts.name:
            guard record.value != nil, candidates[record.key] != nil else { return }
            // What the verdict makes the catalogue write comes again with `takeOver`.
            loadedVerdicts[record.key] = CandidateVerdict(try record.payload(VerdictRecord.self))
        default: break
        }
    }

    /// Takes what another service reported since the take-over, and answers what that makes the catalogue write.
    /// - Throws: `EventError` for a record that cannot be read; the state is as if it were not there.
    mutating func take(_ report: WholeRecord, now: Date) throws -> [CatalogueOutput] {
        let context = report.context
        switch report.id.topic {
        case Topics.scanStatus.name:
            return scanned(try report.payload(ScanStatusRecord.self), context: context, now: now)
        case Topics.scanners.name:
            let scanner = report.value == nil ? nil : try report.payload(ScannerRecord.self)
            return heard(report.key, scanner, context: context, now: now)
        case Topics.registryStatus.name:
            return listed(try report.payload(RegistryStatusRecord.self), context: context, now: now)
        default:
            let verdict = CandidateVerdict(try report.payload(VerdictRecord.self))
            return judged(report.key, verdict, context: context, now: now)
        }
    }

    private mutating func loadRegistry(_ record: WholeRecord) throws {
        let name = try? RegistryName(record.key)
        if let name { registries[name] = nil }
        guard record.value != nil else { return }
        let registry = try record.payload(RegistryRecord.self).registry
        registries[registry.name] = registry
    }

    private mutating func loadSettings(_ record: WholeRecord) throws {
        guard record.key == SettingsRecord.key else { return }
        hasSettings = record.value != nil
        settings = record.value == nil ? SettingsRecord() : try record.payload(SettingsRecord.self)
    }

    private mutating func loadPolicy(_ record: WholeRecord) throws {
        if let id = try? PolicyID(record.key) { policies[id] = nil }
        guard record.value != nil else { return }
        let policy = try record.payload(PolicyRecord.self).policy
        policyVersions[policy.id] = max(policyVersions[policy.id] ?? 0, policy.version)
        if record.key == policy.id.text { policies[policy.id] = policy }
    }

    private mutating func loadImage(_ record: WholeRecord, _ now: Date) throws {
        guard record.value != nil else {
            if let name = try? ImageName(record.key) { forget(name) }
            return
        }
        let image = try record.payload(ImageRecord.self)
        set(image)
        if case .waiting(let failure?) = image.resolution, failure.kind == .unreachable {
            missed(image.name.registry, at: now)
        }
    }

    private mutating func loadScanStatus(_ record: WholeRecord) throws {
        guard record.value != nil else {
            if let digest = try? Digest(record.key) {
                scans[digest] = nil
                beyond.remove(digest)
            }
            return
        }
        take(try record.payload(ScanStatusRecord.self))
    }

    /// What a newer version reported. An older program cannot tell what it says, and does not have it said again.
    mutating func passOver(_ record: WholeRecord) {
        guard record.id.topic == Topics.scanStatus.name, let digest = try? Digest(record.key) else { return }
        scans[digest] = nil
        beyond.insert(digest)
        for pool in books.keys { books[pool]?.close(digest) }
    }

    /// What this instance holds for a key of its topics, to write it again.
    func current(_ topic: TopicName, key: String) -> CatalogueOutput.Effect? {
        switch topic {
        case Topics.images.name:
            (try? ImageName(key)).map { name in images[name].map { .image($0) } ?? .dropImage(name) }
        case Topics.removals.name:
            (try? ImageName(key)).map { name in removals[name].map { .removal($0) } ?? .dropRemoval(name) }
        case Topics.unnamed.name:
            (try? Digest(key)).map { digest in
                unnamed[digest].map { .unnamed(UnnamedRecord(digest: digest, since: $0)) } ?? .dropUnnamed(digest)
            }
        case Topics.registries.name:
            (try? RegistryName(key)).map { name in registries[name].map { .registry($0) } ?? .dropRegistry(name) }
        case Topics.policies.name:
            if let id = try? PolicyID(key) {
                policies[id].map { .policy($0) } ?? .dropPolicy(id)
            } else {
                policies.values.first { PolicyRecord.versionKey($0) == key }.map { .policy($0) }
            }
        case Topics.settings.name: key == SettingsRecord.key && hasSettings ? .settings(settings) : nil
        case Topics.access.name: tokens[key].map { .token($0) } ?? .dropToken(id: key)
        case Topics.alarms.name: alarms[key].map { .alarm($0) } ?? .dropAlarm(key: key)
        case Topics.candidates.name: candidates[key].map { .candidate($0) } ?? .dropCandidate(key: key)
        default: nil
        }
    }
}
