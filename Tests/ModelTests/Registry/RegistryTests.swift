import Foundation
import Model
import TestSupport
import Testing

@Suite("Registries, schedules and filters")
struct RegistryTests {
    @Test("times of day", arguments: [("00:00", 0, 0), ("23:59", 23, 59), ("07:05", 7, 5)])
    func times(text: String, hour: Int, minute: Int) throws {
        let time = try TimeOfDay(text)
        #expect(time.hour == hour && time.minute == minute)
        #expect(time.text == text)
    }

    @Test(
        "bad times are refused",
        arguments: [
            "", "24:00", "12:60", "7:05", "07:5", "0705", "07.05", "07:05:00", "-1:00", "+1:00", "aa:bb", "٠٧:٠٥",
            " 7:05",
        ])
    func badTimes(text: String) {
        #expect(throws: ParseError.self) { try TimeOfDay(text) }
    }

    @Test("times sort by the clock and survive JSON")
    func timeOrder() throws {
        #expect(try TimeOfDay("09:59") < TimeOfDay("10:00"))
        let schedule = Schedule(at: try TimeOfDay("03:30"), timeZone: "Europe/Berlin")
        #expect(try JSONDecoder().decode(Schedule.self, from: JSONEncoder().encode(schedule)) == schedule)
    }

    @Test("a filter takes what an include names and no exclude does")
    func filter() throws {
        let filter = ImageFilter(
            includeRepositories: ["team/*"], excludeRepositories: ["*/old"], includeTags: ["v*"], excludeTags: ["*-rc*"]
        )
        let app = try RepositoryName("team/app")
        #expect(filter.contains(app))
        #expect(!filter.contains(try RepositoryName("team/old")))
        #expect(!filter.contains(try RepositoryName("other/app")))
        #expect(filter.contains(app, .tag(try TagName("v1"))))
        #expect(!filter.contains(app, .tag(try TagName("v1-rc1"))))
        #expect(!filter.contains(app, .tag(try TagName("latest"))))
        #expect(filter.contains(app, .digest(try Digest(DigestTests.sha256))))
        #expect(ImageFilter().contains(app, .tag(.latest)))
    }

    @Test("a registry survives JSON")
    func coding() throws {
        let registry = Registry(
            name: try RegistryName("prod"), url: "https://registry.example.com",
            enumeration: Schedule(at: try TimeOfDay("01:00")),
            webhook: WebhookAuthentication(header: "Authorization", valueSHA256: try Digest(DigestTests.sha256)),
            credential: .sealed(keyID: "k1", box: [1, 2, 3]))
        #expect(try JSONDecoder().decode(Registry.self, from: JSONEncoder().encode(registry)) == registry)
    }

    @Test("random bytes are never a crash")
    func hostile() {
        var random = SeededGenerator.printed("random times")
        for _ in 0..<3_000 {
            let text = Bool.random(using: &random) ? random.bytes(most: 8) : random.text(from: "0123456789:", most: 5)
            if let time = try? TimeOfDay(text) { #expect(time.text == text) }
        }
    }
}
