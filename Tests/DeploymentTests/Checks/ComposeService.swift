import ServiceRuntime

/// One service of a compose file, and what its executable makes of it.
struct ComposeService {
    let name: String
    let field: Field
    /// The executable that it runs; nil for a program of others.
    let target: String?
    let reading: Reading

    init(name: String, field: Field) {
        self.name = name
        self.field = field
        target = field["build"]["target"].text
        reading =
            target.map {
                Executables.read($0, field["command"].words, environment: field["environment"].texts)
            } ?? Reading()
    }

    var isEmbedded: Bool { target == "pratique" && field["command"].words.first == "serve" }
    /// It runs until it is stopped, and keeps something.
    var isProcess: Bool { target.map(Executables.services.contains) == true || isEmbedded }
    var importsAdvisories: Bool { target == "policy-evaluator" || isEmbedded }
    /// It runs once.
    var isStep: Bool { field["restart"].text == "no" }
    var isOptional: Bool { field["profiles"].exists }
    var environment: [String: String] { field["environment"].texts }

    struct Port {
        let text: String
        let host: String?
        let container: Int?
    }

    /// `127.0.0.1:8080:8080`
    var ports: [Port] {
        field["ports"].list.compactMap(\.text).map { text in
            let parts = text.split(separator: ":").map(String.init)
            return Port(text: text, host: parts.count == 3 ? parts[0] : nil, container: parts.last.flatMap { Int($0) })
        }
    }

    struct Mount {
        let source: String?
        let path: String
        let isReadOnly: Bool
    }

    /// `keys:/keys:ro`, `/data`
    var mounts: [Mount] {
        field["volumes"].list.compactMap(\.text).map { text in
            let parts = text.split(separator: ":").map(String.init)
            return parts.count == 1
                ? Mount(source: nil, path: parts[0], isReadOnly: false)
                : Mount(source: parts[0], path: parts[1], isReadOnly: parts.dropFirst(2).contains("ro"))
        }
    }

    /// The names of services that it waits for, with the condition.
    var waitsFor: [String: String] {
        let field = field["depends_on"]
        return Dictionary(uniqueKeysWithValues: field.keys.map { ($0, field[$0]["condition"].text ?? "") })
    }

    /// Something asks it whether it is well.
    var isAsked: Bool { field["healthcheck"]["test"].exists }
    /// As many of it may run as one likes.
    var isScaled: Bool { target == ScalableServices.name }
}

enum ScalableServices {
    static let name = "scanner"
}
