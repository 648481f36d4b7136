import Advisories
import Foundation
import TestSupport
import Testing

@Suite("Version orders against the programs that define them", .serialized)
struct VersionOracleTests {
    @Test("dpkg agrees on every pair")
    func dpkg() throws {
        let script = """
            while read -r a b; do
              if dpkg --compare-versions "$a" lt "$b"; then echo -1
              elif dpkg --compare-versions "$a" gt "$b"; then echo 1; else echo 0; fi
            done 2>/dev/null
            """
        guard
            let answers = try Self.ask(
                ["/bin/bash", "-c", "command -v dpkg >/dev/null || exit 9\n" + script], .dpkg, pairs: 300)
        else {
            return Self.skip("dpkg is not installed")
        }
        try Self.check(answers, .dpkg)
    }

    @Test("Python's packaging agrees on every pair")
    func packaging() throws {
        let script = """
            import sys
            try: from packaging.version import Version
            except ImportError: sys.exit(9)
            for line in sys.stdin:
                a, b = map(Version, line.split())
                print((a > b) - (a < b))
            """
        // The first Python may be one of its own, without the system's modules.
        let start = """
            for python in python3 /usr/bin/python3; do
              "$python" -c 'import packaging' 2>/dev/null && exec "$python" -c "$0"
            done
            exit 9
            """
        guard let answers = try Self.ask(["/bin/bash", "-c", start, script], .pep440, pairs: 2_000) else {
            return Self.skip("python3 with packaging is not installed")
        }
        try Self.check(answers, .pep440)
    }

    /// Where everything is to be checked, a check that was left out is a failure; elsewhere it is said.
    private static func skip(_ reason: String) {
        if ProcessInfo.processInfo.environment["CI"] == nil {
            print("skipped: \(reason)")
        } else {
            Issue.record("\(reason), and CI is set: scripts/install-dependencies installs it")
        }
    }

    private static func check(_ answers: [(left: String, right: String, order: Int)], _ order: VersionOrder) throws {
        for answer in answers {
            let ours = try order.compare(answer.left, answer.right).signum()
            #expect(ours == answer.order, "\(answer.left) against \(answer.right)")
        }
    }

    /// Hands random pairs to a program that prints -1, 0 or 1 for each; nil when it exits with 9 or cannot be started.
    private static func ask(
        _ command: [String], _ order: VersionOrder, pairs: Int
    ) throws -> [(left: String, right: String, order: Int)]? {
        var random = SeededGenerator.printed("oracle of \(order)")
        let table = try #require(VersionTable.all.first { $0.order == order })
        let known = table.ascending.flatMap { $0 } + table.equal.flatMap { $0 }
        let asked = (0..<pairs).map { _ in (random.pick(known), random.pick(known)) }
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent(
            "pratique-oracle-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let input = folder.appendingPathComponent("pairs")
        try asked.map { "\($0.0) \($0.1)\n" }.joined().write(to: input, atomically: true, encoding: .utf8)
        let process = Process()
        process.executableURL = URL(fileURLWithPath: command[0])
        process.arguments = Array(command.dropFirst())
        let output = Pipe()
        process.standardInput = try FileHandle(forReadingFrom: input)
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        guard (try? process.run()) != nil else { return nil }
        let answer = try output.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        guard process.terminationStatus != 9, process.terminationStatus != 127 else { return nil }
        let lines = String(decoding: answer, as: UTF8.self).split(separator: "\n").compactMap { Int($0) }
        try #require(lines.count == pairs, "the program answered \(lines.count) of \(pairs) pairs")
        return zip(asked, lines).map { (left: $0.0, right: $0.1, order: $1) }
    }
}
