extension Rule {
    static let calls = [
        banned(
            "try!", "handle the error, or let it through", exampleCall: "let a = try! b()",
            allowedIn: []),
        banned("as!", "use `as?` and say what is wrong otherwise", exampleCall: "let a = b as! C", allowedIn: []),
        banned(
            "fatalError(", "throw; `preconditionFailure` is for programmer errors only",
            exampleCall: "fatalError(\"no\")", allowedIn: []),
        banned(
            "print(", "log it; only commands write to standard output", exampleCall: "print(\"hello\")",
            allowedIn: [
                "Services/pratique/Commands/", "Shared/ServiceRuntime/Commands/", "Benchmarks/", "Tests/",
            ]),
        banned(
            "Task.sleep", "wait on the clock that was passed in, or for a state with a deadline",
            exampleCall: "try await Task.sleep(for: .seconds(1))",
            allowedIn: ["Tests/TestSupport/"]),
        banned(
            "Thread.sleep", "wait for a state with a deadline", exampleCall: "Thread.sleep(forTimeInterval: 1)",
            allowedIn: []),
        banned("usleep(", "wait for a state with a deadline", exampleCall: "usleep(100)", allowedIn: []),
        banned("nanosleep(", "wait for a state with a deadline", exampleCall: "nanosleep(a, b)", allowedIn: []),
        banned(
            "Date()", "take the time that was passed in (`TimeSource`)", exampleCall: "let now = Date()",
            allowedIn: wallClockPlaces),
        banned(
            "Date.now", "take the time that was passed in (`TimeSource`)", exampleCall: "let now = Date.now",
            allowedIn: wallClockPlaces),
        banned(
            "URLSession", "send it through `HTTPTransport`", exampleCall: "URLSession.shared.data(from: a)",
            allowedIn: []),
    ]

    /// Where the machine's clock is read: the source of time itself, the stamp of a log line, commands that a
    /// person runs, programs that measure.
    private static let wallClockPlaces = [
        "Shared/EventLogPort/Time/TimeSource.swift", "Shared/ServiceRuntime/Logs/", "Services/pratique/Commands/",
        "Benchmarks/", "Tests/",
    ]

    /// A call that is not made, except in the folders named.
    private static func banned(_ call: String, _ advice: String, exampleCall: String, allowedIn: [String]) -> Rule {
        Rule(
            name: "`\(call)` is not used", advice: advice,
            bad: [Example("Shared/Model/A.swift", exampleCall)],
            good: [
                Example("Shared/Model/A.swift", "// \(exampleCall)\nlet a = \"\"\"\n  \(exampleCall)\n  \"\"\"\n"),
                Example(allowedIn.first.map { $0.hasSuffix("/") ? $0 + "A.swift" : $0 } ?? "docs/a.md", exampleCall),
            ]
        ) { file in
            guard file.isSwift, !file.isUnder(allowedIn) else { return [] }
            return file.offsets(of: call).map { Place(line: file.line(at: $0), what: "`\(call)` is used") }
        }
    }

    /// These switch a check of the compiler off, so the reason stands beside them.
    static let justified = Rule(
        name: "an unchecked promise to the compiler has a comment", advice: "say in a comment why it holds",
        bad: [
            Example("Shared/A/B.swift", "\nfinal class Box: @unchecked Sendable {}\n"),
            Example("Shared/A/B.swift", "\nTask.detached { }\n"),
            Example("Shared/A/B.swift", "\nnonisolated(unsafe) var count = 0\n"),
        ],
        good: [
            Example("Shared/A/B.swift", "/// Guarded by `lock`.\nfinal class Box: @unchecked Sendable {}\n"),
            Example("Shared/A/B.swift", "// The C library calls this once.\nnonisolated(unsafe) var count = 0\n"),
        ]
    ) { file in
        guard file.isSwift else { return [] }
        let lines = file.lines
        return ["@unchecked Sendable", "nonisolated(unsafe)", "Task.detached"].flatMap { promise in
            file.offsets(of: promise).map { file.line(at: $0) }
                .filter { line in
                    let nearby = lines[max(0, line - 4)..<line]
                    return !nearby.contains { $0.contains("//") }
                }
                .map { Place(line: $0, what: "`\(promise)` has no comment") }
        }
    }
}
