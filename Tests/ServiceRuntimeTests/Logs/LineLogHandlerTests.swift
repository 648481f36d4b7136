import Foundation
import Logging
import Model
import ServiceRuntime
import Synchronization
import Testing

@Suite("A log line")
struct LineLogHandlerTests {
    private final class Sink: Sendable {
        let lines = Mutex<[String]>([])

        func logger(_ format: LogFormat, level: Logger.Level = .info) -> Logger {
            Logger(label: "scanner") { label in
                LineLogHandler(label: label, level: level, format: format) { line in
                    self.lines.withLock { $0.append(line) }
                }
            }
        }

        var all: [String] { lines.withLock { $0 } }
    }

    private func object(_ line: String) throws -> [String: Any] {
        try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
    }

    @Test("is one JSON object with its metadata beside the message")
    func json() throws {
        let sink = Sink()
        var logger = sink.logger(.json)
        logger[metadataKey: "image.ref"] = "team/app:1"
        logger.info("layer read", metadata: ["attempt": "\(2)", "layers": ["a", "b"], "facts": ["size": "1"]])
        let object = try object(try #require(sink.all.first))
        #expect(object["message"] as? String == "layer read")
        #expect(object["level"] as? String == "info")
        #expect(object["label"] as? String == "scanner")
        #expect(object["image.ref"] as? String == "team/app:1")
        #expect(object["attempt"] as? String == "2")
        #expect(object["layers"] as? [String] == ["a", "b"])
        #expect((object["time"] as? String)?.hasSuffix("Z") == true)
    }

    @Test("keeps its own fields when metadata has the same names")
    func reserved() throws {
        let sink = Sink()
        sink.logger(.json).info("layer read", metadata: ["message": "forged", "level": "critical"])
        let object = try object(try #require(sink.all.first))
        #expect(object["message"] as? String == "layer read")
        #expect(object["level"] as? String == "info")
    }

    @Test("stays one line, whatever a value holds", arguments: [LogFormat.json, .text])
    func oneLine(format: LogFormat) throws {
        let sink = Sink()
        sink.logger(format).info("layer read", metadata: ["name": "a\nforged\r\u{1B}[31m\u{0}"])
        let line = try #require(sink.all.first)
        #expect(!line.unicodeScalars.contains { $0.properties.generalCategory == .control })
        #expect(line.contains("forged"))
    }

    @Test("cuts long values", arguments: [LogFormat.json, .text])
    func long(format: LogFormat) throws {
        let sink = Sink()
        sink.logger(format).info("layer read", metadata: ["name": "\(String(repeating: "x", count: 1_000_000))"])
        #expect(try #require(sink.all.first).utf8.count < 10_000)
    }

    @Test("has the chain of its error")
    func error() throws {
        let sink = Sink()
        sink.logger(.json).error("cannot read", error: ParseError("tag", in: "a b", "it has a space"))
        let object = try object(try #require(sink.all.first))
        #expect(object["error.chain"] as? String == "bad tag “a b”: it has a space")
    }

    @Test("below the level is not written")
    func level() {
        let sink = Sink()
        sink.logger(.text, level: .warning).info("quiet")
        #expect(sink.all.isEmpty)
    }

    @Test("reads well on a terminal")
    func text() throws {
        let sink = Sink()
        sink.logger(.text).info("layer read", metadata: ["b": "2", "a": "1"])
        #expect(try #require(sink.all.first).hasSuffix(" info scanner: layer read (a=1, b=2)"))
    }
}
