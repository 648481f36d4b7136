import ServiceRuntime

/// Whether Kubernetes manifests tell the truth about the code, and keep to what pods are run with.
struct KubernetesCheck {
    struct File {
        /// From the folder of the manifests: `keda/scaled-object.yaml`.
        let path: String
        let documents: [Field]
    }

    static let kustomization = "kustomization.yaml"
    static let template = "secrets.template.yaml"

    let files: [File]
    let executables: Set<String>
    /// Of the image: `65532:65532`.
    let user: String
    let objects: [Field]
    let workloads: [Workload]

    init(_ files: [File], executables: Set<String>, user: String) {
        self.files = files
        self.executables = executables
        self.user = user
        let objects = files.filter { !$0.path.hasSuffix(Self.kustomization) }.flatMap(\.documents)
        self.objects = objects
        workloads = objects.filter { Workload.kinds.contains($0["kind"].text ?? "") }
            .map { Workload($0, objects: objects) }
    }

    var problems: [String] {
        let run = Set(workloads.filter(\.isProcess).map(\.name))
        let missing = Executables.services.subtracting(run).sorted().map { "\($0) is not run" }
        let each = workloads.flatMap { workload in
            [
                names(workload), settings(workload), ports(workload), probes(workload), containment(workload),
                storage(workload), running(workload),
            ].flatMap { $0 }.map { "\(workload.name): \($0)" }
        }
        return missing + each + listing + selectors + scaling
    }

    func all(_ kind: String) -> [Field] { objects.filter { $0["kind"].text == kind } }

    // MARK: One workload

    private func names(_ workload: Workload) -> [String] {
        var problems: [String] = []
        if !executables.contains(workload.executable) {
            problems.append("there is no executable \(workload.executable)")
        }
        if workload.isProcess, workload.name != workload.executable {
            problems.append("it runs \(workload.executable)")
        }
        if workload.containers.count != 1 || workload.container["name"].text != workload.name {
            problems.append("its container has another name")
        }
        let selector = workload.field["spec"]["selector"]["matchLabels"].texts
        if workload.kind != "Job", selector.isEmpty || !workload.labels.contains(selector) {
            problems.append("its selector does not find its pods")
        }
        let account = workload.pod["serviceAccountName"].text ?? ""
        let isThere = all("ServiceAccount").contains {
            $0["metadata"]["name"].text == account && $0["automountServiceAccountToken"].text == "false"
        }
        if !isThere { problems.append("there is no service account \(account) without a token") }
        return problems
    }

    private func settings(_ workload: Workload) -> [String] {
        var problems = workload.dangling + workload.reading.problems
        problems += workload.environment.keys.sorted().filter { !workload.reading.variables.contains($0) }
            .map { "it reads no \($0)" }
        let words = workload.container["args"].words
        if workload.container["command"].exists { problems.append("it has another entrypoint than its image") }
        if let problem = Executables.problem(with: words, of: workload.executable) { problems.append(problem) }
        if workload.environment["PRATIQUE_KAFKA_BROKERS"] == nil { problems.append("it has no PRATIQUE_KAFKA_BROKERS") }
        let hasKeys = workload.environment["PRATIQUE_CREDENTIAL_KEYS"] != nil
        if hasKeys != workload.reading.opensCredentials {
            problems.append(hasKeys ? "it has keys that it does not need" : "it has no keys")
        }
        return problems
    }

    private func ports(_ workload: Workload) -> [String] {
        let listeners = workload.reading.listeners
        guard workload.isProcess else { return [] }
        let wrong = workload.ports.filter { listeners[$0.key]?.port != $0.value }.keys.sorted()
        let missing = listeners.keys.filter { workload.ports[$0] == nil }.sorted()
        let closed = listeners.filter { $0.value.loopback == $0.value }.keys.sorted()
        return wrong.map { "nothing listens on its port \($0)" } + missing.map { "its port \($0) is not named" }
            + closed.map { "\($0) is listened on inside the pod only" }
    }

    private func probes(_ workload: Workload) -> [String] {
        guard workload.isProcess else { return [] }
        // One record that cannot be read must not close the gateway's door.
        let ready = workload.ports["webhooks"] == nil ? "/ready" : "/health"
        let wanted = [("startupProbe", "/health"), ("livenessProbe", "/health"), ("readinessProbe", ready)]
        return wanted.flatMap { name, path in
            let probe = workload.container[name]["httpGet"]
            guard probe.exists else { return ["it has no \(name)"] }
            var problems: [String] = []
            if probe["path"].text != path { problems.append("its \(name) asks \(probe["path"].text ?? "nothing")") }
            if probe["port"].text != "operator" { problems.append("its \(name) does not ask the operator's port") }
            return problems
        }
    }

    private func containment(_ workload: Workload) -> [String] {
        let pod = workload.pod["securityContext"]
        let container = workload.container["securityContext"]
        let numbers = user.split(separator: ":").map(String.init)
        let host = ["hostNetwork", "hostPID", "hostIPC"].filter { workload.pod[$0].exists }
        return [
            (pod["runAsNonRoot"].text == "true", "it may run as root"),
            ([pod["runAsUser"].text, pod["runAsGroup"].text] == numbers, "it runs as another user than its image's"),
            (pod["seccompProfile"]["type"].text == "RuntimeDefault", "it has no seccomp profile"),
            (container["allowPrivilegeEscalation"].text == "false", "it may gain privileges"),
            (container["readOnlyRootFilesystem"].text == "true", "its root is not read-only"),
            (container["capabilities"]["drop"].words == ["ALL"], "it keeps capabilities"),
            (!container["capabilities"]["add"].exists && host.isEmpty, "it is not contained"),
            (workload.pod["automountServiceAccountToken"].text == "false", "it has a token for the cluster"),
            (workload.container["resources"]["limits"]["memory"].exists, "its memory has no limit"),
            (workload.container["resources"]["requests"]["cpu"].exists, "it asks for no processor"),
        ].filter { !$0.0 }.map(\.1)
    }

    private func storage(_ workload: Workload) -> [String] {
        let mounts = workload.container["volumeMounts"].list
        let claims = workload.field["spec"]["volumeClaimTemplates"].list.compactMap { $0["metadata"]["name"].text }
        let volumes = workload.pod["volumes"].list.compactMap { $0["name"].text }
        let known = claims + volumes
        var problems = mounts.compactMap { $0["name"].text }.filter { !known.contains($0) }
            .map { "it mounts \($0), which is no volume" }
        let folder = workload.reading.dataFolder ?? "/data"
        guard let data = mounts.first(where: { $0["mountPath"].text == folder })?["name"].text else {
            return problems + ["its data folder \(folder) is on no volume"]
        }
        if !mounts.contains(where: { $0["mountPath"].text == "/tmp" }) { problems.append("it has no /tmp") }
        if workload.kind == "StatefulSet", !claims.contains(data) { problems.append("its data folder does not stay") }
        if workload.name == "webhook-gateway", workload.kind != "StatefulSet" {
            problems.append("its spool is lost with its pod")
        }
        return problems
    }

    private func running(_ workload: Workload) -> [String] {
        guard workload.isProcess else { return [] }
        var problems: [String] = []
        let grace = workload.pod["terminationGracePeriodSeconds"].text.flatMap { Int($0) } ?? 30
        if .seconds(grace) < workload.reading.stopsWithin {
            problems.append("it is killed after \(grace) s, and may need \(workload.reading.stopsWithin) to stop")
        }
        // Pods of a StatefulSet alone keep their names.
        let instance = workload.environment["PRATIQUE_KAFKA_INSTANCE_NAME"]
        if (workload.kind == "StatefulSet") != (instance == "") {
            problems.append("its instance name is not that of a pod that keeps it")
        }
        return problems
    }
}
