import EventLogKafka
import EventLogPort
import Events
import Foundation
import GatewayAPI
import HTTPPort
import KafkaTestCluster
import Model
import TestSupport
import Testing

/// The five executables over Kafka do what `pratique serve` does.
@Suite("Five processes over Kafka", .enabled(if: DistributionRegistry.isInstalled, "docker-registry is not installed"))
struct FleetIntegrationTests {
    private func image(_ number: Int, openssl: String = "3.0.9-1") -> ImageFixture {
        SmallImage.debian(packages: [.init("openssl", openssl), .init("app", "1.\(number)-1")])
    }

    @Test("a push becomes a verdict; commands are carried out and answered; all stop in order")
    func everyday() async throws {
        try await withFleet { harbour in
            let fleet = harbour.fleet
            try await harbour.importAdvisories()
            try await harbour.push(image(1), "team/app", tag: "1")
            #expect(try await fleet.image("demo/team/app:1").status == .compliant)
            try await harbour.push(image(2, openssl: "3.0.8-1"), "team/app", tag: "2")
            #expect(try await fleet.image("demo/team/app:2").status == .nonCompliant)
            #expect(try await fleet.reports("demo/team/app:2").first?.findings.map(\.advisory) == ["DSA-1"])
            let rule = CleanupRequest(registry: try RegistryName("demo"), repositories: ["team/app"], keepNewest: 1)
            let preview = try await fleet.command("cleanup/preview", body: rule)
            #expect(preview.state == .done, "\(preview.message)")
            let applied = try await fleet.command("cleanup/apply", body: rule)
            #expect(applied.state == .done, "\(applied.message)")
            try await fleet.image("demo/team/app:1", "is in the trash") { $0.restorableUntil != nil }
            let listed = try await fleet.command("registries/demo/enumerate")
            #expect(listed.state == .done, "\(listed.message)")
            try await fleet.image("demo/team/app:2", "is listed") { $0.sources.contains("enumeration") }
            for (name, ending) in fleet.stop() { #expect(ending == .exited(0), "\(name): \(whereEnded(fleet, name))") }
        }
    }

    @Test("killed at random moments, with and without their views, the services end with every verdict, once")
    func kills() async throws {
        var random = SeededGenerator.printed("fleet kills")
        let rounds = 50
        try await withFleet(scanners: 2) { harbour in
            let fleet = harbour.fleet
            try await harbour.importAdvisories()
            var wanted: [String: Digest] = [:]
            for round in 0..<rounds {
                let image = image(round)
                try await harbour.push(image, "team/app", tag: "\(round % 20)")
                wanted["demo/team/app:\(round % 20)"] = image.digest
                guard let member = fleet.members.randomElement(using: &random), let program = member.program else {
                    continue
                }
                program.kill()
                if round % 2 == 0, let view = member.views.randomElement(using: &random) { try member.delete(view) }
                try member.start()
                // The next kill meets it at any point of its start, or after it.
                if random.chance(0.5) { try await fleet.untilReady(member) }
            }
            try await fleet.untilReady()
            for (name, digest) in wanted {
                try await fleet.image(name, within: .seconds(300), "is judged for what the registry has") {
                    $0.digest == digest && $0.status == .compliant
                }
            }
            let images = try await harbour.images()
            #expect(images.mapValues(\.digest) == wanted.mapValues { Optional($0) })
            let letters = try await fleet.call(.get, "dead-letters", as: Page<DeadLetterSummary>.self)
            #expect(letters.items.isEmpty, "\(letters.items)")
        }
    }

    @Test(
        "an instance that was paused and comes back changes nothing: the standby has taken over",
        arguments: ["registry-enumerator", "policy-evaluator", "cleanup", "webhook-gateway"])
    func takeOver(_ service: String) async throws {
        try await withFleet { harbour in
            let fleet = harbour.fleet
            try await harbour.importAdvisories()
            try await harbour.push(image(1), "team/app", tag: "1")
            try await fleet.image("demo/team/app:1")
            let first = try #require(fleet.members.first { $0.service == service }?.program)
            // Its API is asked from here on; a gateway that is paused answers nobody.
            let standby = try fleet.add(service)
            try await fleet.untilReady(standby)
            first.pause(true)
            let driver: any GatewayDriver = service == "webhook-gateway" ? SecondGateway(fleet, standby) : fleet
            try await ImagePusher(fleet.transport, address: harbour.registry.address)
                .push(image(2, openssl: "3.0.8-1"), "team/app", tag: "2")
            let name = RegistrationRequest(images: ["demo/team/app:2"])
            _ = try await driver.request(.post, "images", body: name)
            try await driver.image("demo/team/app:2", "is judged by the standby") { $0.status == .nonCompliant }
            let listed = try await driver.command("registries/demo/enumerate")
            #expect(listed.state == .done, "\(listed.message)")
            let rule = CleanupRequest(registry: try RegistryName("demo"), repositories: ["team/app"], keepNewest: 2)
            let preview = try await driver.command("cleanup/preview", body: rule)
            #expect(preview.state == .done, "\(preview.message)")
            let before = try await harbour.images(driver)
            first.pause(false)
            try await fleet.untilReady()
            // The one that came back has been told by now: a command goes through whoever is active.
            let again = try await driver.command("registries/demo/enumerate")
            #expect(again.state == .done, "\(again.message)")
            let after = try await harbour.images(driver)
            #expect(after.mapValues(judgement) == before.mapValues(judgement))
            for (name, image) in before { #expect(after[name].map { $0.revision >= image.revision } == true) }
        }
    }

    /// An image without who has reported it: the registry may deliver its webhook again to a gateway that was paused.
    private func judgement(_ image: ImageSummary) -> ImageSummary {
        var image = image
        image.sources = []
        image.revision = 0
        return image
    }

    @Test(
        "while the brokers are away the gateway goes on accepting; everything arrives when they are back",
        .enabled(if: TestKafka.address == nil, "real brokers are not stopped by a test"))
    func brokersAway() async throws {
        try await withFleet { harbour in
            let fleet = harbour.fleet
            let cluster = try #require(fleet.kafka.cluster)
            try await harbour.importAdvisories()
            try await harbour.push(image(1), "team/app", tag: "1")
            try await fleet.image("demo/team/app:1")
            cluster.set(up: false)
            let outage = ContinuousClock.now
            var last = 1
            while ContinuousClock.now - outage < Self.outage, last < Self.pushesMax {
                last += 1
                try await harbour.push(image(last), "team/app", tag: "\(last)")
                let body = DistributionEvent.push(repository: "team/app", tag: "\(last)", digest: image(last).digest)
                // Each waits for the log before it goes to the spool, so this comes at a pace of its own.
                #expect(try await harbour.deliver(body) == 202)
                if last == 4 { try await restartGateway(of: harbour) }
            }
            try await eventually("the outage has lasted", within: Self.outage * 2) {
                ContinuousClock.now - outage >= Self.outage
            }
            cluster.set(up: true)
            for number in 1...last {
                let digest = image(number).digest
                try await fleet.image("demo/team/app:\(number)", within: .seconds(240)) {
                    $0.digest == digest && $0.status == .compliant
                }
            }
            try await fleet.untilReady()
        }
    }

    /// How long brokers are away: longer than any wait of the services.
    private static let outage = Duration.seconds(60)
    /// Each is delivered by the registry, too. Of thousands the test cluster would drop some unread: it keeps 5 MiB
    /// of a partition.
    private static let pushesMax = 300

    /// Kills the gateway and starts it again; returns when it takes webhooks.
    private func restartGateway(of harbour: FleetHarbour) async throws {
        let gateway = try #require(harbour.fleet.members.first { $0.service == "webhook-gateway" })
        gateway.program?.kill()
        try gateway.start()
        let body = DistributionEvent.push(repository: "team/app", tag: "1", digest: image(1).digest)
        try await eventually("the gateway takes webhooks", within: PratiqueInstance.patience) {
            (try? await harbour.deliver(body)) == 202
        }
    }

    @Test("scanners come and go under load: each digest ends with one inventory, and no scanner fetches a layer twice")
    func scanners() async throws {
        let count = 1_000
        try await withFleet(scanners: 2) { harbour in
            let fleet = harbour.fleet
            for number in 0..<count { try await harbour.push(image(number), "load/app", tag: "\(number)") }
            let added = try fleet.add("scanner")
            fleet.members.first { $0.service == "scanner" }?.program?.kill()
            try await fleet.untilReady(added)
            for number in 0..<count {
                try await fleet.image("demo/load/app:\(number)", within: .seconds(300), "is inventoried") {
                    $0.packages == 2
                }
            }
            // The one that was killed may have read what another one then read again.
            let scanners = fleet.members.count { $0.service == "scanner" }
            for (path, times) in try harbour.registry.requests("GET", holding: "/load/app/blobs/") {
                #expect(times <= scanners, "\(path) was fetched \(times) times")
            }
        }
    }

    private func whereEnded(_ fleet: Fleet, _ name: String) -> String {
        fleet.members.first { $0.data.lastPathComponent == name }?.program?.lastWords ?? ""
    }
}
