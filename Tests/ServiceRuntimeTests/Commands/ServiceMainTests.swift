import Foundation
import ServiceLifecycle
import Testing

@testable import ServiceRuntime

@Suite("The commands of a service")
struct ServiceMainTests {
    private struct Example: ServiceProcess {
        static let name = "example"
        static let summary = "Shows how a service is put together."

        static func configuration(from settings: inout Settings) -> Int {
            settings.integer("example.width", default: 4, in: 1...64, help: "How much is done at once.")
        }

        static func services(_ configuration: Int, _ runtime: Runtime) async throws -> [any Service] { [] }
    }

    private func status(_ arguments: String...) async -> ServiceRuntime.ExitStatus {
        await ServiceMain<Example>.status(arguments: arguments)
    }

    @Test("end with 0 when there was nothing to complain about")
    func success() async {
        #expect(await status("config", "check", "--example-width", "8", "--log-level=debug") == .success)
        #expect(await status("--help") == .success)
        #expect(await status("run", "--help") == .success)
    }

    @Test("end with 2 for a wrong setting, an unknown one, and a wrong command line")
    func usage() async {
        #expect(await status("config", "check", "--example-width", "0") == .usage)
        #expect(await status("config", "check", "--example-wdith", "8") == .usage)
        #expect(await status("config", "check", "--example-width") == .usage)
        #expect(await status("config", "check", "--log-level", "a", "--log-level", "b") == .usage)
        #expect(await status("run", "--example-width", "0") == .usage)
        #expect(await status("config", "cheque") == .usage)
    }

    @Test("take a file of settings, and end with 2 for one that is wrong")
    func file() async throws {
        let file = FileManager.default.temporaryDirectory.appending(path: "settings-\(UUID().uuidString).yaml")
        defer { try? FileManager.default.removeItem(at: file) }
        let path = file.path(percentEncoded: false)
        try Data("example: {width: 8}\nlog.level: debug\n".utf8).write(to: file)
        #expect(await status("config", "check", "--config", path) == .success)
        try Data("example: {width: 8, wdith: 9}\n".utf8).write(to: file)
        #expect(await status("config", "check", "--config", path) == .usage)
        #expect(await status("config", "check", "--config", path + ".missing") == .usage)
    }

    @Test("end with 1 when the process does not answer")
    func health() async {
        // Port 1 on loopback is privileged and closed.
        #expect(await status("health", "--operator-listen", "127.0.0.1:1") == .failure)
    }

    @Test("explain every setting of the process and of the runtime")
    func reference() {
        let text = ProcessSettings<Example>.reference
        for option in ["--example-width", "PRATIQUE_EXAMPLE_WIDTH", "--log-level", "--operator-listen"] {
            #expect(text.contains(option))
        }
        #expect(text.contains("number, 1 to 64, default 4"))
    }
}

@Suite("Options of a command line")
struct OptionListTests {
    @Test("are written with a space or an equals sign")
    func forms() throws {
        #expect(try OptionList.parse(["--a", "1", "--b=2", "--c="]) == ["a": "1", "b": "2", "c": ""])
        #expect(try OptionList.parse(["--a", "--b"]) == ["a": "--b"])
    }

    @Test("are nothing else", arguments: [["a"], ["-a", "1"], ["--"], ["--a"], ["--a", "1", "--a", "2"]])
    func bad(words: [String]) {
        #expect(throws: (any Error).self) { try OptionList.parse(words) }
    }
}
