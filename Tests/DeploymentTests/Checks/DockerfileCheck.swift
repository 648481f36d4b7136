import ServiceRuntime

/// Whether a Dockerfile tells the truth about the executables.
struct DockerfileCheck {
    static let folder = "/usr/bin"

    let file: Dockerfile
    let executables: Set<String>
    /// Whether a path of the checkout exists.
    let exists: (String) -> Bool

    var problems: [String] {
        let made = Set(file.stages.map(\.name)).subtracting(["builder", "runtime"])
        return made.symmetricDifference(executables).sorted().map {
            executables.contains($0) ? "\($0) has no stage" : "there is no executable \($0)"
        } + builderProblems + executables.intersection(made).sorted().flatMap(problems)
    }

    private var builderProblems: [String] {
        guard let builder = file.stage("builder") else { return ["there is no stage builder"] }
        let run = builder.instructions.filter { $0.word == "RUN" }.map(\.rest).joined(separator: "\n")
        let looped = run.firstMatch(of: /for product in ([a-z -]+);/).map {
            $0.1.split(separator: " ").map(String.init)
        }
        var problems =
            Set(looped ?? []) == executables ? [] : ["builder builds \(looped ?? []), not \(executables.sorted())"]
        if !run.contains("--static-swift-stdlib") { problems.append("builder links Swift's libraries dynamically") }
        for copy in builder.instructions where copy.word == "COPY" {
            for source in copy.words.dropLast() where !exists(source) {
                problems.append("builder copies \(source), which does not exist")
            }
        }
        return problems
    }

    private func problems(_ name: String) -> [String] {
        let program = "\(Self.folder)/\(name)"
        var problems: [String] = []
        func expect(_ isRight: Bool, _ what: String) {
            if !isRight { problems.append("\(name): \(what)") }
        }
        let copies = file.all("COPY", in: name).map(\.rest)
        expect(copies.contains("--from=builder /out/bin/\(name) \(Self.folder)/"), "it does not copy the executable")
        expect(file.all("ENTRYPOINT", in: name).last?.exec == [program], "ENTRYPOINT is not [\"\(program)\"]")
        let user = file.all("USER", in: name).last?.rest.split(separator: ":").compactMap { Int($0) } ?? []
        expect(user.count == 2 && user.allSatisfy { $0 > 0 }, "USER is not a number, or root")
        expect(file.all("STOPSIGNAL", in: name).last?.rest == "SIGTERM", "STOPSIGNAL is not SIGTERM")
        let labels = file.all("LABEL", in: name).map(\.rest).joined(separator: " ")
        expect(labels.contains("org.opencontainers.image.title=\"\(name)\""), "its title is not \(name)")

        let health = file.all("HEALTHCHECK", in: name).last
        let command = health?.exec ?? []
        expect(
            health?.rest.contains("CMD [") == true && command.first == program, "HEALTHCHECK does not run \(program)")
        let words = Array(command.dropFirst())
        let unknown = Executables.problem(with: words, of: name)
        expect(words.first == "health" && unknown == nil, "HEALTHCHECK: \(unknown ?? "it does not ask for health")")

        let reading = Executables.read(name, Executables.services.contains(name) ? [] : ["serve"], environment: [:])
        let ports = Set(file.all("EXPOSE", in: name).flatMap(\.words).compactMap { Int($0) })
        let listened = Set(reading.listeners.values.map(\.port))
        expect(ports == listened, "it exposes \(ports.sorted()), and listens on \(listened.sorted())")
        let volumes = file.all("VOLUME", in: name).map(\.rest)
        let kept = Executables.services.contains(name) ? reading.dataFolder : "/data"
        expect(volumes == [kept], "its volumes are \(volumes), and it keeps its data in \(kept ?? "nothing")")
        return problems
    }
}
