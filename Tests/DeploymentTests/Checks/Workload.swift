import ServiceRuntime

/// A Deployment, a StatefulSet or a Job, and what its executable makes of it.
struct Workload {
    let kind: String
    let name: String
    let field: Field
    let executable: String
    let reading: Reading
    /// The environment as the container has it; what a cluster fills in is empty.
    let environment: [String: String]
    /// References to what there is not.
    let dangling: [String]

    static let kinds: Set<String> = ["Deployment", "StatefulSet", "Job"]

    init(_ object: Field, objects: [Field]) {
        field = object
        kind = object["kind"].text ?? ""
        name = object["metadata"]["name"].text ?? ""
        let container = object["spec"]["template"]["spec"]["containers"].list.first ?? object["missing"]
        executable = container["image"].text?.split(separator: "/").last.map(String.init) ?? ""
        var environment: [String: String] = [:]
        var dangling: [String] = []
        for source in container["envFrom"].list {
            let (key, kind) = source["configMapRef"].exists ? ("configMapRef", "ConfigMap") : ("secretRef", "Secret")
            let wanted = source[key]["name"].text ?? ""
            let found = objects.first { $0["kind"].text == kind && $0["metadata"]["name"].text == wanted }
            if let found {
                let texts = found["data"].texts.merging(found["stringData"].texts) { $1 }
                // A secret's text stands for another.
                environment.merge(kind == "Secret" ? texts.mapValues { _ in "" } : texts) { $1 }
            } else {
                dangling.append("there is no \(kind) \(wanted)")
            }
        }
        for variable in container["env"].list {
            environment[variable["name"].text ?? ""] = variable["value"].text ?? ""
        }
        self.environment = environment
        self.dangling = dangling
        reading = Executables.read(
            executable, container["args"].words, environment: environment.filter { $0.value != "" })
    }

    var pod: Field { field["spec"]["template"]["spec"] }
    var labels: Field { field["spec"]["template"]["metadata"]["labels"] }
    var containers: [Field] { pod["containers"].list }
    var container: Field { containers.first ?? field["missing"] }
    var isProcess: Bool { Executables.services.contains(executable) }

    /// Its container's ports, by name.
    var ports: [String: Int] {
        Dictionary(
            container["ports"].list.compactMap { port in
                guard let name = port["name"].text, let number = port["containerPort"].text.flatMap({ Int($0) }) else {
                    return nil
                }
                return (name, number)
            }
        ) { $1 }
    }
}
