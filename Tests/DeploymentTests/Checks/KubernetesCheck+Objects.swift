import EventLogPort
import Events
import ScannerService

/// What refers to the workloads.
extension KubernetesCheck {
    /// Each file is listed in the kustomization of its folder, and each that is listed is there.
    var listing: [String] {
        let kustomizations = files.filter { $0.path.hasSuffix(Self.kustomization) }
        return kustomizations.flatMap { file -> [String] in
            let folder = file.path.dropLast(Self.kustomization.count)
            let listed = file.documents.first?["resources"].words ?? []
            let there = files.map(\.path).filter { $0.hasPrefix(folder) && $0 != file.path }
                .map { String($0.dropFirst(folder.count)) }.filter { !$0.contains("/") && $0 != Self.template }
            let namespace = file.documents.first?["namespace"].text
            let images = file.documents.first?["images"].list.compactMap { $0["name"].text } ?? []
            let used = Set(workloads.compactMap { $0.container["image"].text })
            return listed.filter { !there.contains($0) }.map { "\(file.path) lists \($0), which there is not" }
                + there.filter { !listed.contains($0) }.map { "\(file.path) does not list \($0)" }
                + images.filter { !used.contains($0) }.map { "\(file.path) names the image \($0), which nothing runs" }
                + (folder.isEmpty ? used.subtracting(images).sorted().map { "\(file.path) does not name \($0)" } : [])
                + (namespace == all("Namespace").first?["metadata"]["name"].text
                    ? [] : ["\(file.path) is for the namespace \(namespace ?? "default")"])
        }
    }

    /// Services, budgets and policies find pods, and ports that these have.
    var selectors: [String] {
        services + budgets + policies
    }

    private func found(_ selector: [String: String]) -> [Workload] { workloads.filter { $0.labels.contains(selector) } }

    private var services: [String] {
        let all = all("Service")
        let headless = workloads.filter { $0.kind == "StatefulSet" }.compactMap { workload -> String? in
            let name = workload.field["spec"]["serviceName"].text
            return all.contains { $0["metadata"]["name"].text == name && $0["spec"]["clusterIP"].text == "None" }
                ? nil : "\(workload.name): there is no headless service \(name ?? "")"
        }
        return headless
            + all.flatMap { service -> [String] in
                let name = "service \(service["metadata"]["name"].text ?? "")"
                let found = found(service["spec"]["selector"].texts)
                guard found.count == 1, let workload = found.first else {
                    return ["\(name) finds \(found.map(\.name))"]
                }
                return service["spec"]["ports"].list.compactMap { port in
                    let target = port["targetPort"].text ?? port["port"].text ?? ""
                    return workload.ports[target] == nil && !workload.ports.values.map(String.init).contains(target)
                        ? "\(name): \(workload.name) has no port \(target)" : nil
                }
            }
    }

    private var budgets: [String] {
        all("PodDisruptionBudget").flatMap { budget -> [String] in
            let name = "budget \(budget["metadata"]["name"].text ?? "")"
            let found = found(budget["spec"]["selector"]["matchLabels"].texts)
            guard found.count == 1 else { return ["\(name) finds \(found.map(\.name))"] }
            return found[0].field["spec"]["replicas"].text == "1" ? ["\(name) is for one pod"] : []
        }
    }

    private var policies: [String] {
        let all = all("NetworkPolicy")
        let closed = all.contains { policy in
            policy["spec"]["podSelector"].keys.isEmpty && !policy["spec"]["ingress"].exists
                && Set(policy["spec"]["policyTypes"].words) == ["Ingress", "Egress"]
        }
        return (closed ? [] : ["no policy closes what no other one opens"]) + all.flatMap(problems)
    }

    private func problems(_ policy: Field) -> [String] {
        let name = "policy \(policy["metadata"]["name"].text ?? "")"
        let selector = policy["spec"]["podSelector"]
        guard !selector.keys.isEmpty else { return [] }
        let named = selector["matchExpressions"].list.flatMap { $0["values"].words }
        let strangers = named.filter { name in !workloads.contains { $0.name == name } }
        let found = named.isEmpty ? found(selector["matchLabels"].texts) : workloads.filter { named.contains($0.name) }
        if found.isEmpty || !strangers.isEmpty { return ["\(name) finds no pods of \(strangers)"] }
        var problems: [String] = []
        for rule in policy["spec"]["ingress"].list {
            if !rule["from"].exists { problems.append("\(name) lets everybody in") }
            let ports = rule["ports"].list.compactMap { $0["port"].text }
            problems += ports.filter { port in !found.contains { $0.ports[port] != nil } }
                .map { "\(name): none of its pods has a port \($0)" }
            if ports.contains("operator"), ports.count > 1 || !isMonitoring(rule) {
                problems.append("\(name) opens the operator's port to others than monitoring")
            }
        }
        let blocks = policy["spec"]["egress"].list.flatMap { $0["to"].list }.map { $0["ipBlock"] }
        if blocks.contains(where: { $0["cidr"].text == "0.0.0.0/0" && !$0["except"].words.contains("169.254.0.0/16") })
        {
            problems.append("\(name) opens the way to the metadata of the cloud")
        }
        return problems
    }

    private func isMonitoring(_ rule: Field) -> Bool {
        rule["from"].list.allSatisfy {
            $0["namespaceSelector"]["matchLabels"]["kubernetes.io/metadata.name"].text == "monitoring"
        }
    }

    /// Scanners are scaled by both lanes of each pool that they serve, on the brokers that they use.
    var scaling: [String] {
        guard let scaler = all("ScaledObject").first, all("ScaledObject").count == 1 else {
            return ["nothing is scaled"]
        }
        guard let scanner = workloads.first(where: { $0.name == scaler["spec"]["scaleTargetRef"]["name"].text }),
            scanner.executable == ScannerRunner.name
        else { return ["what is scaled is no scanner"] }
        var problems = scanner.field["spec"]["replicas"].exists ? ["two places say how many scanners there are"] : []
        let triggers = scaler["spec"]["triggers"].list.map { $0["metadata"] }
        for pool in scanner.reading.pools {
            for lane in Topics.Lane.allCases {
                let topic = try? Topics.scanRequests(pool: pool, lane).name.rawValue
                let group = try? ScannerRunner.group(pool: pool, lane).rawValue
                guard let trigger = triggers.first(where: { $0["topic"].text == topic }) else {
                    problems.append("nothing is scaled by the topic \(topic ?? "")")
                    continue
                }
                if trigger["consumerGroup"].text != group {
                    problems.append("the group of \(topic ?? "") is \(group ?? "")")
                }
            }
        }
        if triggers.count != scanner.reading.pools.count * Topics.Lane.allCases.count {
            problems.append("something is scaled by a topic of no pool")
        }
        let brokers = scanner.environment["PRATIQUE_KAFKA_BROKERS"]
        if triggers.contains(where: { $0["bootstrapServers"].text != brokers }) {
            problems.append("the scaler asks other brokers than \(brokers ?? "")")
        }
        let most = scaler["spec"]["maxReplicaCount"].text.flatMap { Int($0) } ?? .max
        if most > Topics.scanRequestPartitions {
            problems.append("more than \(Topics.scanRequestPartitions) scanners have no partition to read")
        }
        return problems
    }
}
