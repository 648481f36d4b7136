import EventLogPort
import Events
import Foundation
import GatewayAPI
import HTTPCurl
import HTTPPort
import Model
import TestSupport

/// The images of a round, made once.
struct WorkImages: Sendable {
    /// Pushed under `team/app`, tags 1 to 3, oldest first.
    let versions = (1...3).map { SmallImage.debian(packages: [.init("openssl", "3.0.\($0)-1")]) }
    /// Its inventory does not fit into one record, where that is wanted: it costs a few seconds.
    let large: ImageFixture
    /// In a registry that notifies nobody.
    let quiet = SmallImage.debian(packages: [.init("zlib1g", "1:1.2.13-1")])

    init(needsParts: Bool) {
        large = SmallImage.debian(packages: (needsParts ? Self.manyPackages : []) + [.init("bash", "5.2-1")])
    }

    /// Names that do not compress, so that few of them make more than a record holds.
    private static var manyPackages: [SmallImage.DebianPackage] {
        var random = SeededGenerator(seed: 42)
        return (0..<12_000).map { _ in
            let name = (0..<10).map { _ in String(random.next(), radix: 36) }.joined()
            return SmallImage.DebianPackage("p" + name, "1.\(random.next() % 1_000_000)-1")
        }
    }
}

/// Everything that Pratique does for its users, in steps that may be repeated: each is done when its effect is there.
struct KillWork: Sendable {
    let images: WorkImages
    let notifying: DistributionRegistry
    let quiet: DistributionRegistry
    let folder: URL
    /// Whether the log is locked for a while, so that deliveries go through the spool.
    let needsSpool: Bool

    static let junk = "this is no notification"

    init(
        images: WorkImages, notifying: DistributionRegistry, quiet: DistributionRegistry, folder: URL, needsSpool: Bool
    ) throws {
        self.images = images
        self.notifying = notifying
        self.quiet = quiet
        self.folder = folder
        self.needsSpool = needsSpool
        // The second set changes one advisory and takes another away.
        try AdvisoryFolder.write(
            [
                .init(id: "DSA-1", ecosystem: "Debian:12", package: "openssl", fixed: "3.0.2-1"),
                .init(id: "DSA-2", ecosystem: "Debian:12", package: "bash", fixed: "9"),
            ], in: advisories(1))
        try AdvisoryFolder.write(
            [.init(id: "DSA-1", ecosystem: "Debian:12", package: "openssl", fixed: "3.0.3-1")], in: advisories(2))
    }

    private func advisories(_ set: Int) -> URL { folder.appending(path: "osv-\(set)") }

    func run(on instance: PratiqueInstance) async throws {
        try await connect("demo", notifying, webhook: true, instance)
        try await connect("quiet", quiet, webhook: false, instance)
        try await ImagePusher(instance.transport, address: quiet.address).push(images.quiet, "team/quiet", tag: "1")
        try await importAdvisories(1, instance)
        try await push(instance)
        _ = try await deliver(Self.junk, instance)
        if needsSpool { try await deliverThroughSpool(instance) }
        let listed = try await instance.command("registries/quiet/enumerate")
        guard listed.state == .done else {
            throw PratiqueInstance.Refused(description: "enumeration: \(listed.message)")
        }
        for name in ["demo/team/app:2", "demo/team/app:3", "demo/team/large:1", "quiet/team/quiet:1"] {
            try await instance.image(name)
        }
        try await importAdvisories(2, instance)
        let rule = CleanupRequest(registry: try RegistryName("demo"), repositories: ["team/app"], keepNewest: 2)
        let cleaned = try await instance.command("cleanup/apply", body: rule)
        guard cleaned.state == .done else { throw PratiqueInstance.Refused(description: "cleanup: \(cleaned.message)") }
        try await instance.image("demo/team/app:1", "is in the trash") { $0.restorableUntil != nil }
    }

    /// Every image has the verdict of the digest that its registry has; nothing is there twice, nothing is left over.
    func check(_ instance: PratiqueInstance) async throws {
        let wanted: [String: (Digest, ImageSummary.Status)] = [
            "demo/team/app:2": (images.versions[1].digest, .nonCompliant),
            "demo/team/app:3": (images.versions[2].digest, .compliant),
            "demo/team/large:1": (images.large.digest, .compliant),
            "quiet/team/quiet:1": (images.quiet.digest, .compliant),
        ]
        for (name, (digest, status)) in wanted {
            try await instance.image(name, "is \(status.rawValue) for \(digest.short)") {
                $0.digest == digest && $0.status == status
            }
        }
        let page = try await instance.call(.get, "images", query: [("limit", "1000")], as: Page<ImageSummary>.self)
        let listed = page.items.filter { $0.restorableUntil == nil }.map(\.name.text).sorted()
        guard listed == wanted.keys.sorted() else { throw PratiqueInstance.Refused(description: "listed: \(listed)") }
        let status = try await instance.call(.get, "advisories/status", as: AdvisoryStatus.self)
        guard status.active?.advisories == 1 else {
            throw PratiqueInstance.Refused(description: "advisories: \(status)")
        }
    }

    /// What the log of the stopped instance holds: what nobody could read is set aside once, as it came, and no verdict
    /// is written twice.
    func checkLog(_ data: URL) async throws {
        let topics = [Topics.webhookDeliveries.name, Topics.deadLetters.name, Topics.verdictHistory.name]
        let found = try await StoredRecords.all(of: topics, in: data)
        let junk = try (found[Topics.webhookDeliveries.name] ?? []).filter {
            $0.payloadIsWebhook(try $0.payload(Delivery.self), of: Self.junk)
        }
        let letters = Dictionary(grouping: found[Topics.deadLetters.name] ?? []) {
            $0.header(DeadLetter.origin) ?? ""
        }
        for record in junk {
            guard let letter = letters[record.id.description]?.first, letter.value == record.value,
                letter.header(DeadLetter.reason)?.isEmpty == false
            else { throw PratiqueInstance.Refused(description: "no dead letter for \(record.id)") }
        }
        guard letters.count == junk.count else {
            let reasons = letters.mapValues { $0.first?.header(DeadLetter.reason) ?? "" }
            throw PratiqueInstance.Refused(description: "dead letters: \(reasons); unreadable: \(junk.map(\.id))")
        }
        let history = Dictionary(grouping: found[Topics.verdictHistory.name] ?? [], by: \.key)
        for (key, records) in history {
            let verdicts = try records.map { try $0.payload(VerdictRecord.self) }
            for (earlier, later) in zip(verdicts, verdicts.dropFirst())
            where earlier.digest == later.digest && earlier.verdict == later.verdict {
                throw PratiqueInstance.Refused(
                    description: "a verdict on \(key) was written twice, \(earlier.judgedAt) and \(later.judgedAt)")
            }
        }
    }

    // MARK: Steps

    private func importAdvisories(_ set: Int, _ instance: PratiqueInstance) async throws {
        let answer = try await instance.command(
            "advisories/import", body: ImportRequest(origin: advisories(set).path))
        guard answer.state == .done else {
            throw PratiqueInstance.Refused(description: "import \(set): \(answer.message)")
        }
    }

    private func connect(_ name: String, _ registry: DistributionRegistry, webhook: Bool, _ instance: PratiqueInstance)
        async throws
    {
        var request = RegistryRequest(name: try RegistryName(name), url: registry.address)
        if webhook { request.webhook = .init(header: "Authorization", value: Harbour.secret) }
        let response = try await instance.request(.post, "registries", body: request)
        guard response.head.isSuccess || response.head.status == 409 else {
            throw PratiqueInstance.Refused(description: "registry \(name): \(response.head.status)")
        }
    }

    private func push(_ instance: PratiqueInstance) async throws {
        let pusher = try ImagePusher(instance.transport, address: notifying.address)
        for (index, image) in images.versions.enumerated() {
            let name = "demo/team/app:\(index + 1)"
            if try await instance.request(.get, "images/\(name)").head.isSuccess { continue }
            try await pusher.push(image, "team/app", tag: "\(index + 1)")
            // One after the other, so that "newest" means the same in every round.
            try await instance.image(name, "is known") { $0.digest != nil }
        }
        try await pusher.push(images.large, "team/large", tag: "1")
    }

    private func deliver(_ body: String, _ instance: PratiqueInstance) async throws -> Int {
        let url = try WebURL(instance.addresses.webhooks + "/webhooks/demo")
        let request = OutboundRequest(
            .post, url, headers: ["Content-Type": "application/vnd.docker.distribution.events.v2+json"],
            body: Array(body.utf8),
            credential: OriginCredential(origin: url.origin, headers: ["Authorization": Harbour.secret]),
            allowsPlainHTTP: true)
        let status = try await instance.transport.collect(request).head.status
        guard status == 202 else { throw PratiqueInstance.Refused(description: "a delivery got \(status)") }
        return status
    }

    /// Holds the log's file, as a backup that is too thorough would, until a delivery was accepted all the same.
    private func deliverThroughSpool(_ instance: PratiqueInstance) async throws {
        let log = folder.appending(path: "data/log/log.sqlite")
        let script = """
            import sqlite3, sys, time
            log = sqlite3.connect(sys.argv[1], timeout=60, isolation_level=None)
            log.execute("BEGIN EXCLUSIVE")
            print("locked", flush=True)
            time.sleep(60)
            """
        let lock = try RunningProgram(
            RootFolder.program("python3"), ["-c", script, log.path], log: folder.appending(path: "lock.log"))
        defer { lock.kill() }
        try await eventually("the log is locked", every: .milliseconds(20)) {
            guard lock.isRunning else { throw PratiqueInstance.Refused(description: "no lock: \(lock.lastWords)") }
            return lock.lastWords.contains("locked")
        }
        let event = DistributionEvent.push(repository: "team/app", tag: "3", digest: images.versions[2].digest)
        _ = try await deliver(event, instance)
        _ = try await deliver(event, instance)
    }
}

extension WholeRecord {
    fileprivate func payloadIsWebhook(_ delivery: Delivery, of body: String) -> Bool {
        guard case .webhook(_, let found) = delivery.content else { return false }
        return found == Data(body.utf8)
    }
}
