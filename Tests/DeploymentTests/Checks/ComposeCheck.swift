import ServiceRuntime

/// Whether a compose file tells the truth about the code, and keeps to what containers are run with.
struct ComposeCheck {
    /// Programs of others that may be used, with the ports that they listen on.
    private static let others: [String: (image: String, ports: Set<Int>)] = [
        "kafka": ("apache/kafka", [9092]), "registry": ("registry", [5000]),
    ]
    /// Where the evaluator is given files to import.
    private static let advisories = "/advisories"
    private static let prefix = "localhost/pratique/"

    private let file: Field
    private let dockerfile: Dockerfile
    private let executables: Set<String>
    private let exists: (String) -> Bool
    private let services: [String: ComposeService]

    init(_ file: Field, dockerfile: Dockerfile, executables: Set<String>, exists: @escaping (String) -> Bool) {
        let file = file.interpolated
        self.file = file
        self.dockerfile = dockerfile
        self.executables = executables
        self.exists = exists
        services = Dictionary(
            uniqueKeysWithValues: file["services"].fields.map {
                ($0.key, ComposeService(name: $0.key, field: $0.field))
            })
    }

    var problems: [String] {
        let each = services.values.sorted { $0.name < $1.name }.flatMap { service in
            [
                image(service), command(service), environment(service), ports(service), volumes(service),
                hardening(service), order(service), scaling(service),
            ].flatMap { $0 }.map { "\(service.name): \($0)" }
        }
        return missing + each + keys + declaredVolumes
    }

    /// Each service of the product runs here under its own name.
    private var missing: [String] {
        Executables.services.sorted().filter { services[$0]?.target != $0 }.map { "\($0) is not run" }
    }

    // MARK: One service

    private func image(_ service: ComposeService) -> [String] {
        let image = service.field["image"].text ?? ""
        guard let target = service.target else {
            guard let other = Self.others[service.name] else { return ["it is neither built nor known"] }
            let parts = image.split(separator: ":").map(String.init)
            return parts.count == 2 && parts[0] == other.image && parts[1] != "latest"
                ? [] : ["its image \(image) is not \(other.image) with a version"]
        }
        var problems: [String] = []
        let build = service.field["build"]
        let path = build["dockerfile"].text ?? "Dockerfile"
        if build["context"].text != "." || !exists(path) { problems.append("there is no \(path)") }
        if dockerfile.stage(target) == nil { problems.append("the Dockerfile has no stage \(target)") }
        if !executables.contains(target) { problems.append("there is no executable \(target)") }
        if !image.hasPrefix("\(Self.prefix)\(target):") { problems.append("its image \(image) is not \(target)") }
        return problems
    }

    private func command(_ service: ComposeService) -> [String] {
        guard let target = service.target else { return [] }
        var problems: [String] = []
        if let problem = Executables.problem(with: service.field["command"].words, of: target) {
            problems.append(problem)
        }
        if service.field["entrypoint"].exists { problems.append("it has another entrypoint than its image") }
        let test = service.field["healthcheck"]["test"].words
        if service.isProcess, test.prefix(2) != ["CMD", "\(DockerfileCheck.folder)/\(target)"] {
            problems.append("its health check does not run the executable")
        } else if service.isProcess, let problem = Executables.problem(with: Array(test.dropFirst(2)), of: target) {
            problems.append("health check: \(problem)")
        }
        return problems
    }

    private func environment(_ service: ComposeService) -> [String] {
        guard service.target != nil else { return [] }
        let unknown = service.environment.keys.sorted().filter { !service.reading.variables.contains($0) }
        var problems = unknown.map { "it reads no \($0)" } + service.reading.problems
        if !service.isEmbedded, let brokers = service.environment["PRATIQUE_KAFKA_BROKERS"] {
            problems += brokers.split(separator: ",").filter { !isServed(String($0)) }.map { "nothing serves \($0)" }
        } else if !service.isEmbedded {
            problems.append("it has no PRATIQUE_KAFKA_BROKERS, so it has a log of its own")
        }
        let hosts = ["PRATIQUE_HTTP_ALLOWED_ADDRESSES", "PRATIQUE_REGISTRIES_PLAIN_HTTP"]
            .flatMap { service.environment[$0]?.split(separator: ",").map(String.init) ?? [] }
        return problems + hosts.filter { services[$0] == nil }.map { "there is no service \($0)" }
    }

    /// `kafka:9092`
    private func isServed(_ address: String) -> Bool {
        guard let address = try? ListenAddress(address), let service = services[address.host] else { return false }
        let own = service.reading.listeners.values.filter { $0.loopback == $0 }.map(\.port)
        let reachable = service.reading.listeners.values.map(\.port).filter { !own.contains($0) }
        return (Self.others[service.name]?.ports ?? Set(reachable)).contains(address.port)
    }

    private func ports(_ service: ComposeService) -> [String] {
        service.ports.flatMap { port in
            var problems: [String] = []
            if port.host != "127.0.0.1" { problems.append("\(port.text) is open to the network; write 127.0.0.1:…") }
            guard let number = port.container else { return problems + ["\(port.text) is no port"] }
            if let other = Self.others[service.name] {
                return problems + (other.ports.contains(number) ? [] : ["nothing listens on \(number)"])
            }
            guard let listener = service.reading.listeners.values.first(where: { $0.port == number }) else {
                return problems + ["nothing listens on \(number)"]
            }
            if listener.loopback == listener { problems.append("\(number) is listened on inside the container only") }
            if service.reading.listeners["operator"]?.port == number {
                problems.append("the operator's port is published")
            }
            return problems
        }
    }

    private func volumes(_ service: ComposeService) -> [String] {
        var problems: [String] = []
        for mount in service.mounts {
            guard let source = mount.source else { continue }
            if source.hasPrefix(".") || source.hasPrefix("/") {
                if !exists(source) { problems.append("there is no \(source) to mount") }
            } else if !file["volumes"].keys.contains(source) {
                problems.append("the volume \(source) is not declared")
            }
        }
        guard service.isProcess else { return problems }
        let folder = service.reading.dataFolder ?? ""
        let keyFolder = service.reading.opensCredentials ? folderName(of: service.reading.keyFile ?? "") : nil
        for mount in service.mounts where mount.path != folder && mount.path != keyFolder {
            let isGiven = mount.isReadOnly && mount.path == Self.advisories && service.importsAdvisories
            if !isGiven { problems.append("it keeps nothing in \(mount.path)") }
        }
        if !service.mounts.contains(where: { $0.path == folder && !$0.isReadOnly }) {
            problems.append("its data folder \(folder) is on no volume")
        }
        if let keyFolder, !service.mounts.contains(where: { $0.path == keyFolder }) {
            problems.append("its key file \(service.reading.keyFile ?? "") is on no volume")
        }
        return problems
    }

    private func hardening(_ service: ComposeService) -> [String] {
        let field = service.field
        var problems: [String] = []
        func expect(_ isRight: Bool, _ what: String) {
            if !isRight { problems.append(what) }
        }
        expect(field["read_only"].text == "true" || service.name == "kafka", "its root is not read-only")
        expect(field["tmpfs"].words.contains("/tmp"), "it has no /tmp")
        expect(field["cap_drop"].words == ["ALL"] && !field["cap_add"].exists, "it keeps capabilities")
        expect(field["security_opt"].words.contains("no-new-privileges:true"), "it may gain privileges")
        expect(field["mem_limit"].exists, "its memory has no limit")
        expect(!field["privileged"].exists && !field["network_mode"].exists, "it is not contained")
        if service.target != nil { expect(!field["user"].exists, "it runs as another user than its image's") }
        if service.isProcess {
            let grace = field["stop_grace_period"].text.flatMap { Int($0.dropLast()) } ?? 10
            expect(
                .seconds(grace) >= service.reading.stopsWithin,
                "it is killed after \(grace) s, and may need \(service.reading.stopsWithin) to stop")
        }
        return problems
    }

    private func order(_ service: ComposeService) -> [String] {
        var problems = service.waitsFor.sorted { $0.key < $1.key }.compactMap { name, condition -> String? in
            guard let other = services[name] else { return "it waits for \(name), which there is not" }
            switch condition {
            case "service_healthy":
                return other.isAsked ? nil : "it waits for the health of \(name), which has no check"
            case "service_completed_successfully": return other.isStep ? nil : "it waits for the end of \(name)"
            default: return "it does not wait until \(name) is well"
            }
        }
        if service.isProcess, !service.isEmbedded, service.waitsFor["topics"] == nil {
            problems.append("it does not wait for the topics")
        }
        if service.isProcess || service.target == nil, !service.isAsked { problems.append("it has no health check") }
        return problems
    }

    private func scaling(_ service: ComposeService) -> [String] {
        guard service.isScaled else { return [] }
        let data = service.mounts.first { $0.path == service.reading.dataFolder }
        return [
            (service.field["container_name"].exists, "it has one name, so there can be only one"),
            (service.field["hostname"].exists, "it has one host name, so there can be only one"),
            (!service.ports.isEmpty, "it has a port of the host, so there can be only one"),
            (data?.source != nil, "all of it share one data folder"),
            (service.environment["PRATIQUE_KAFKA_INSTANCE_NAME"] != nil, "all of it have one instance name"),
        ].filter(\.0).map(\.1)
    }

    // MARK: All services

    /// Those that open credentials share one volume with the keys, which one of them makes, before the others start.
    private var keys: [String] {
        let sharing = services.values.filter { $0.isProcess && !$0.isEmbedded && $0.reading.opensCredentials }
        let makers = sharing.filter(\.reading.createsKeys).map(\.name)
        guard makers.count == 1, let maker = makers.first else { return ["the keys are made by \(makers.sorted())"] }
        func volume(_ service: ComposeService) -> String? {
            service.mounts.first { $0.path == folderName(of: service.reading.keyFile ?? "") }?.source
        }
        let home = services[maker].flatMap(volume)
        return sharing.sorted { $0.name < $1.name }.flatMap { service in
            var problems: [String] = []
            if volume(service) != home { problems.append("\(service.name): its keys are not those of \(maker)") }
            if service.name != maker, service.waitsFor[maker] != "service_healthy" {
                problems.append("\(service.name): it does not wait until \(maker) has made the keys")
            }
            return problems
        }
    }

    private var declaredVolumes: [String] {
        let used = Set(services.values.flatMap(\.mounts).compactMap(\.source))
        return file["volumes"].keys.filter { !used.contains($0) }.map { "the volume \($0) is not used" }
    }

    private func folderName(of path: String) -> String {
        let parts = path.split(separator: "/").dropLast()
        return "/" + parts.joined(separator: "/")
    }
}
