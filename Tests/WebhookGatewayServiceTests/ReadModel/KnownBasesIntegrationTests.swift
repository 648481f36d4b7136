import EventLogPort
import Events
import GatewayAPI
import HTTPPort
import Model
import TestSupport
import Testing

@testable import WebhookGatewayService

@Suite("The base of an image, by what the catalogue knows")
struct KnownBasesIntegrationTests {
    private static func digest(_ name: String) -> Digest {
        Digest(sha256: Array(name.utf8) + [UInt8](repeating: 0, count: 32 - name.utf8.count))
    }

    /// Each letter is a layer; a registry may store the same layer twice, compressed otherwise.
    private static func layers(_ letters: String, stored: String = "") -> [Inventory.Layer] {
        letters.map { .init(digest: digest("\($0)\(stored)"), diffID: digest("\($0)"), sizeBytes: 1) }
    }

    private static func inventory(_ name: String, _ letters: String, stored: String = "") -> Inventory {
        var inventory = SampleImages.inventory(digest(name))
        inventory.layers = layers(letters, stored: stored)
        return inventory
    }

    @Test("layers have an identity where all are known, and share it up to where they differ")
    func chain() {
        let one = KnownBases.chain(of: Self.layers("abc"))
        let other = KnownBases.chain(of: Self.layers("abd", stored: "2"))
        #expect(one.prefix(2) == other.prefix(2) && one[2] != other[2])
        #expect(one[0] == Self.digest("a"))
        #expect(KnownBases.identity(of: Self.layers("abc")) == one[2])
        var open = Self.layers("abc")
        open[1].diffID = nil
        #expect(KnownBases.chain(of: open) == [one[0]])
        #expect(KnownBases.identity(of: open) == nil)
        #expect(KnownBases.identity(of: []) == nil)
    }

    private func base(_ gateway: Gateway, _ name: String, token: String? = nil) async throws -> BaseImage? {
        let answer = try await gateway.call(.get, "images/\(name)/report", token: token)
        return try answer.json(ScanReports.self).platforms[0].baseImage
    }

    @Test("is the largest image whose layers it begins with; the stated one first; a longer history counts more")
    func bases() async throws {
        try await Gateway.run { gateway in
            try await gateway.addRegistry()
            func add(_ name: String, _ inventory: Inventory) async throws {
                try await gateway.addImage(name, inventory.digest, .compliant, inventory: inventory)
            }
            try await add("demo/library/debian:12", Self.inventory("debian", "a"))
            try await add("demo/library/python:3", Self.inventory("python", "ab"))
            // An upload says of an image what its layers are not.
            let lie = Self.inventory("debian", "abc")
            let key = InventoryRecord.uploadKey(lie.digest, uploader: "t", candidate: "demo/library/debian:12")
            try await gateway.append([
                try RecordDraft(Topics.inventories, key: key, InventoryRecord.platform(lie), gateway.context())
            ])
            var guessed = BaseImage(layers: [Self.digest("a2")])
            var app = Self.inventory("app", "abcd", stored: "2")
            app.baseImage = guessed
            try await add("demo/team/app:1", app)
            var stated = Self.inventory("stated", "abx")
            stated.baseImage = BaseImage(name: "debian:12", digest: Self.digest("debian").text)
            try await add("demo/team/stated:1", stated)
            var long = Self.inventory("long", "abcx")
            guessed.layers = ["a", "b", "c"].map(Self.digest)
            long.baseImage = guessed
            try await add("demo/team/long:1", long)
            let viewer = try await gateway.token(
                role: "viewer", scope: #"{"registries":["demo"],"repositories":["team/*"]}"#)
            try await eventually("all are judged") {
                let page = try await gateway.call(.get, "images").json(Page<ImageSummary>.self)
                return page.items.count == 5 && page.items.allSatisfy { $0.status == .compliant && $0.packages == 1 }
            }

            let python = try ImageName("demo/library/python:3")
            #expect(
                try await base(gateway, "demo/team/app:1")
                    == BaseImage(layers: [Self.digest("a2"), Self.digest("b2")], image: python))
            #expect(
                try await base(gateway, "demo/team/stated:1")
                    == BaseImage(
                        name: "debian:12", digest: Self.digest("debian").text, layers: [Self.digest("a")],
                        image: ImageName("demo/library/debian:12")))
            #expect(try await base(gateway, "demo/team/long:1") == guessed)
            #expect(try await base(gateway, "demo/library/debian:12") == nil)
            // Who may not see the base is not told its name.
            #expect(try await base(gateway, "demo/team/app:1", token: viewer) == app.baseImage)
        }
    }

    @Test("of an index is named by the index")
    func index() async throws {
        try await Gateway.run { gateway in
            try await gateway.addRegistry()
            let index = Self.digest("index")
            let child = Self.inventory("child", "a")
            let context = gateway.context()
            try await gateway.observe("demo/library/alpine:3", index)
            try await gateway.append([
                try RecordDraft(
                    Topics.inventories, key: index.text,
                    InventoryRecord.index(
                        .init(digest: index, children: [.init(platform: .linuxAMD64, digest: child.digest)])),
                    context),
                try RecordDraft(
                    Topics.inventories, key: InventoryRecord.childKey(child.digest, ofIndex: index.text),
                    InventoryRecord.platform(child), context),
            ])
            let app = Self.inventory("app", "ab")
            try await gateway.addImage("demo/team/app:1", app.digest, .compliant, inventory: app)
            try await eventually("the base is known") {
                let answer = try await gateway.call(.get, "images/demo/team/app:1/report")
                guard answer.status == 200 else { return false }
                return try answer.json(ScanReports.self).platforms[0].baseImage?.image?.text == "demo/library/alpine:3"
            }
        }
    }
}
