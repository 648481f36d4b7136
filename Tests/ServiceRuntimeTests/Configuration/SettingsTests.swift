import Foundation
import Model
import ServiceRuntime
import Testing

@Suite("Settings")
struct SettingsTests {
    private enum Mode: String, CaseIterable, Sendable { case fast, careful }

    @Test("come from the command line before the environment before the default")
    func precedence() throws {
        var settings = Settings(
            options: ["page-size": "3"], environment: ["PRATIQUE_PAGE_SIZE": "2", "PRATIQUE_PAGE_MAX": "20"])
        #expect(settings.integer("page.size", default: 1, in: 1...10, help: "") == 3)
        #expect(settings.integer("page.max", default: 10, in: 1...100, help: "") == 20)
        #expect(settings.integer("page.min", default: 1, in: 1...10, help: "") == 1)
        try settings.finish()
        #expect(settings.entries.map(\.source) == [.commandLine, .environment, .defaults])
    }

    @Test("report every problem at once, each with its name as it was written")
    func everyProblem() throws {
        var settings = Settings(
            options: ["page-size": "many", "no-such-thing": "1"],
            environment: ["PRATIQUE_MODE": "quick", "PRATIQUE_WAIT": "5 minutes"])
        #expect(settings.integer("page.size", default: 1, in: 1...10, help: "") == 1)
        #expect(settings.choice("mode", default: Mode.careful, help: "") == .careful)
        #expect(settings.duration("wait", default: .seconds(1), in: .zero ... .seconds(600), help: "") == .seconds(1))
        #expect(settings.requiredText("name", help: "") == "")
        let error = #expect(throws: ConfigurationError.self) { try settings.finish() }
        #expect(
            error?.problems.map(\.setting) == [
                "--page-size", "PRATIQUE_MODE", "PRATIQUE_WAIT", "name", "--no-such-thing",
            ])
        #expect(error?.problems[1].reason.contains("fast, careful") == true)
    }

    @Test("outside their range are refused with the range")
    func range() throws {
        var settings = Settings(environment: ["PRATIQUE_A": "11", "PRATIQUE_B": "2GiB", "PRATIQUE_C": "2h"])
        _ = settings.integer("a", default: 1, in: 1...10, help: "")
        _ = settings.bytes("b", default: 1, in: 1...(1 << 30), help: "")
        _ = settings.duration("c", default: .seconds(1), in: .zero ... .seconds(3_600), help: "")
        let error = #expect(throws: ConfigurationError.self) { try settings.finish() }
        let reasons = error?.problems.map(\.reason) ?? []
        #expect(reasons.count == 3)
        #expect(zip(reasons, ["1 to 10", "1B to 1GiB", "0s to 1h"]).allSatisfy { $0.contains($1) }, "\(reasons)")
    }

    @Test(
        "take durations with a unit",
        arguments: [
            ("500ms", Duration.milliseconds(500)), ("30s", .seconds(30)), ("5m", .seconds(300)),
            ("2h", .seconds(7_200)),
            ("7d", .seconds(604_800)), ("0s", .zero),
        ])
    func durations(text: String, expected: Duration) throws {
        var settings = Settings(environment: ["PRATIQUE_WAIT": text])
        #expect(
            settings.duration("wait", default: .seconds(1), in: .zero ... .seconds(1_000_000), help: "") == expected)
        try settings.finish()
        #expect(settings.entries[0].shown == text)
    }

    @Test(
        "refuse what is not a duration",
        arguments: ["", "5", "s", "-5s", "5 s", "1.5s", "5w", "99999999999999999999s", "9223372036854775807d", "٥s"])
    func badDurations(text: String) {
        var settings = Settings(environment: ["PRATIQUE_WAIT": text])
        _ = settings.duration("wait", default: .seconds(1), in: .zero ... .seconds(1_000_000), help: "")
        #expect(throws: ConfigurationError.self) { try settings.finish() }
    }

    @Test(
        "take sizes with and without a unit",
        arguments: [("65536", 65_536), ("64KiB", 65_536), ("16MiB", 1 << 24), ("1GiB", 1 << 30), ("7B", 7)])
    func sizes(text: String, expected: Int) throws {
        var settings = Settings(environment: ["PRATIQUE_SIZE": text])
        #expect(settings.bytes("size", default: 1, in: 0...(1 << 40), help: "") == expected)
        try settings.finish()
    }

    @Test("read a secret from the environment or a file, and never show it")
    func secrets() throws {
        let file = FileManager.default.temporaryDirectory.appending(path: "secret-\(UUID().uuidString)")
        try Data("from a file\n".utf8).write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }
        let path = file.path(percentEncoded: false)
        var settings = Settings(
            options: ["other-key-file": path], environment: ["PRATIQUE_SEAL_KEY": "from the environment"])
        let first = settings.secret("seal.key", help: "")
        let second = settings.secret("other.key", help: "")
        #expect(settings.secret("third.key", help: "") == nil)
        try settings.finish()
        #expect(first?.exposed == "from the environment")
        #expect(second?.exposed == "from a file")
        #expect(!"\(settings.entries) \(String(describing: first)) \(String(reflecting: second))".contains("from "))
    }

    @Test("do not take a secret itself from the command line")
    func secretOption() {
        var settings = Settings(options: ["seal-key": "seen by everyone"])
        #expect(settings.secret("seal.key", help: "") == nil)
        let error = #expect(throws: ConfigurationError.self) { try settings.finish() }
        #expect(error.map { "\($0)".contains("seen by") } == false)
    }

    @Test("say which file of a secret cannot be read")
    func missingSecretFile() {
        var settings = Settings(environment: ["PRATIQUE_SEAL_KEY_FILE": "/nonexistent/key"])
        #expect(settings.secret("seal.key", help: "") == nil)
        let error = #expect(throws: ConfigurationError.self) { try settings.finish() }
        #expect(error?.problems.first?.setting == "PRATIQUE_SEAL_KEY_FILE")
        #expect(error?.problems.first?.reason.contains("/nonexistent/key") == true)
    }

    @Test("warn of a variable that nothing reads, and look at no other programs' variables")
    func unreadVariables() {
        var settings = Settings(
            environment: ["PRATIQUE_LOG_LEVLE": "debug", "PRATIQUE_LOG_LEVEL": "debug", "HOME": "/root"])
        _ = settings.text("log.level", default: "info", help: "")
        #expect(settings.unreadVariables == ["PRATIQUE_LOG_LEVLE"])
        settings.reads(variable: "PRATIQUE_LOG_LEVLE")
        #expect(settings.unreadVariables.isEmpty)
    }

    @Test("name their option and variable after the key")
    func names() {
        var settings = Settings()
        _ = settings.text("crawl.page-size", default: "", help: "")
        _ = settings.secret("seal.key", help: "")
        #expect(settings.entries.map(\.option) == ["--crawl-page-size", "--seal-key-file"])
        #expect(settings.entries.map(\.variable) == ["PRATIQUE_CRAWL_PAGE_SIZE", "PRATIQUE_SEAL_KEY"])
    }

    @Test(
        "take yes and no in the usual words", arguments: [("true", true), ("YES", true), ("0", false), ("off", false)])
    func flags(text: String, expected: Bool) throws {
        var settings = Settings(environment: ["PRATIQUE_ON": text])
        #expect(settings.flag("on", default: !expected, help: "") == expected)
        try settings.finish()
    }
}
