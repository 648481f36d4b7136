import Foundation
import Model
import Testing

@testable import ServiceRuntime

@Suite("A file of settings")
struct SettingsFileTests {
    private enum Mode: String, CaseIterable, Sendable { case fast, careful }

    /// Settings that read a file with this text, and the path that it has.
    private func settings(
        _ yaml: String, options: [String: String] = [:], environment: [String: String] = [:]
    ) throws -> Settings {
        let file = FileManager.default.temporaryDirectory.appending(path: "settings-\(UUID().uuidString).yaml")
        try Data(yaml.utf8).write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }
        var environment = environment
        environment["PRATIQUE_CONFIG"] = file.path(percentEncoded: false)
        var settings = Settings(options: options, environment: environment)
        settings.readFile()
        return settings
    }

    private func problems(_ settings: Settings) -> [ConfigurationError.Problem] {
        do {
            try settings.finish()
            return []
        } catch { return error.problems }
    }

    @Test("comes after the command line and the environment, and before the default")
    func precedence() throws {
        var settings = try settings(
            "page: {size: 1, max: 2, min: 3}", options: ["page-size": "4"], environment: ["PRATIQUE_PAGE_MAX": "5"])
        #expect(settings.integer("page.size", default: 9, in: 1...9, help: "") == 4)
        #expect(settings.integer("page.max", default: 9, in: 1...9, help: "") == 5)
        #expect(settings.integer("page.min", default: 9, in: 1...9, help: "") == 3)
        #expect(settings.integer("page.most", default: 9, in: 1...9, help: "") == 9)
        try settings.finish()
        let sources = settings.entries.dropFirst().map(\.source.description)
        #expect(sources[0] == "command line")
        #expect(sources[1] == "environment")
        #expect(sources[2].hasPrefix("file ") && sources[2].hasSuffix(".yaml:1"))
        #expect(sources[3] == "default")
    }

    @Test(
        "nests keys or dots them",
        arguments: [
            "log:\n  level: debug\n", "log.level: debug", "log: {level: 'debug'}",
            "# a comment\n---\nlog.level: debug\n",
            "a: &a debug\nlog.level: *a\n",
        ])
    func keys(yaml: String) throws {
        var settings = try settings(yaml)
        #expect(settings.text("log.level", default: "info", help: "") == "debug")
        _ = settings.text("a", default: "", help: "")
        try settings.finish()
    }

    @Test("takes values as they are written")
    func values() throws {
        var settings = try settings(
            """
            count: 12
            on: yes
            wait: 30s
            size: 64KiB
            mode: fast
            empty: ''
            names: [a, ' b ', 3]
            more: c, d
            """)
        #expect(settings.integer("count", default: 1, in: 1...20, help: "") == 12)
        #expect(settings.flag("on", default: false, help: "") == true)
        #expect(settings.duration("wait", default: .zero, in: .zero ... .seconds(60), help: "") == .seconds(30))
        #expect(settings.bytes("size", default: 1, in: 1...(1 << 20), help: "") == 65_536)
        #expect(settings.choice("mode", default: Mode.careful, help: "") == .fast)
        #expect(settings.optionalText("empty", help: "") == nil)
        #expect(settings.list("names", help: "") == ["a", "b", "3"])
        #expect(settings.list("more", help: "") == ["c", "d"])
        try settings.finish()
    }

    @Test("has every problem reported at once, each with its key and line")
    func everyProblem() throws {
        var settings = try settings(
            """
            page: {size: many}
            mode: [fast]
            page.wait:
            name: {first: a}
            log.level: debug
            log: {level: info}
            lists: [[a], b]
            nothing: {}
            """)
        #expect(settings.integer("page.size", default: 1, in: 1...10, help: "") == 1)
        #expect(settings.choice("mode", default: Mode.careful, help: "") == .careful)
        #expect(settings.text("name", default: "x", help: "") == "x")
        #expect(settings.text("log.level", default: "x", help: "") == "debug")
        let found = problems(settings).map { problem in
            let place = problem.setting.split(separator: ".yaml:").last ?? ""
            return "\(place): \(problem.reason)"
        }
        let expected = [
            "3: page.wait: it has no value", "6: log.level: it is given twice, first in line 5",
            "7: lists: a list holds words", "8: nothing: there is nothing below it",
            "1: page.size: it must be a number from 1 to 10", "2: mode: it takes one value, not a list",
            "4: name.first: this process has no such setting",
        ]
        #expect(found.count == expected.count, "\(found)")
        for text in expected { #expect(found.contains { $0.hasPrefix(text) }, "\(text) is not in \(found)") }
    }

    @Test(
        "is refused whole where it is no mapping",
        arguments: [
            ("- a", "does not hold settings"), ("debug", "does not hold settings"), ("a: [", "no YAML"),
            ("a: 1\na: 2\n", "given twice: a"), ("a: 1\n---\nb: 2\n", "no YAML"), ("a: *b\n", "undefined alias"),
        ])
    func unusable(yaml: String, reason: String) throws {
        let found = try problems(settings(yaml))
        #expect(found.map(\.setting) == ["PRATIQUE_CONFIG"])
        #expect(found.first?.reason.contains(reason) == true, "\(found)")
    }

    @Test("may be empty", arguments: ["", "# nothing yet\n", "---\n", "{}"])
    func empty(yaml: String) throws {
        let found = try problems(settings(yaml))
        #expect(found.isEmpty)
    }

    @Test("is bounded in size, settings and depth")
    func bounds() throws {
        let large = try problems(settings("a: " + String(repeating: "x", count: SettingsFile.bytesMax)))
        #expect(large.first?.reason.contains("over \(SettingsFile.bytesMax) bytes") == true)
        let many = (0..<SettingsFile.settingsMax + 5).map { "a\($0): 1" }.joined(separator: "\n")
        #expect(try problems(settings(many)).contains { $0.reason.contains("more than") })
        let deep = (0..<20).map { String(repeating: " ", count: $0) + "a:" }.joined(separator: "\n") + " 1"
        #expect(try problems(settings(deep)).contains { $0.reason.contains("levels deep") })
    }

    @Test("that grows by its aliases is not followed without end")
    func aliases() throws {
        let levels = (1...7).map { level in
            "l\(level): &l\(level) {" + (0..<9).map { "k\($0): *l\(level - 1)" }.joined(separator: ", ") + "}"
        }
        let found = try problems(settings("l0: &l0 {a: 1}\n" + levels.joined(separator: "\n")))
        #expect(found.count <= SettingsFile.settingsMax + 1)
        #expect(found.contains { $0.reason.contains("more than \(SettingsFile.settingsMax)") })
    }

    @Test("names the file of a secret, never the secret")
    func secrets() throws {
        let file = FileManager.default.temporaryDirectory.appending(path: "secret-\(UUID().uuidString)")
        try Data("from a file\n".utf8).write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }
        let path = file.path(percentEncoded: false)
        var named = try settings("seal.key-file: \(path)")
        #expect(named.secret("seal.key", help: "")?.exposed == "from a file")
        try named.finish()
        var both = try settings("seal.key-file: \(path)", environment: ["PRATIQUE_SEAL_KEY": "from the environment"])
        #expect(both.secret("seal.key", help: "")?.exposed == "from the environment")
        try both.finish()
        var itself = try settings("seal: {key: seen-by-everyone}")
        #expect(itself.secret("seal.key", help: "") == nil)
        let found = problems(itself)
        #expect(found.count == 1)
        #expect(found.first?.reason.contains("seal.key-file") == true)
        #expect(!"\(found)".contains("seen-by"))
    }

    @Test("that cannot be read is told under the name that named it")
    func missing() {
        var byOption = Settings(options: ["config": "/nonexistent/a.yaml"])
        byOption.readFile()
        #expect(problems(byOption).map(\.setting) == ["--config"])
        var folder = Settings(environment: ["PRATIQUE_CONFIG": "/"])
        folder.readFile()
        #expect(problems(folder).first?.reason.contains("cannot read") == true)
    }

    @Test("does not name another file")
    func itself() throws {
        let found = try problems(settings("config: other.yaml"))
        #expect(found.first?.setting.hasSuffix(":1: config") == true)
    }
}
