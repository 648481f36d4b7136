import Foundation
import Testing

/// Holds the manifests to the code, and the check itself to what it must catch.
@Suite("The Kubernetes manifests")
struct KubernetesTests {
    static let folder = "Services/deploy/kubernetes"

    private let texts: [String: String]
    private let executables: Set<String>
    private let user: String

    init() throws {
        let paths = try ["", "keda/"].flatMap { below in
            try Checkout.files(in: "\(Self.folder)/\(below)").filter { $0.hasSuffix(".yaml") }.map { below + $0 }
        }
        texts = Dictionary(uniqueKeysWithValues: try paths.map { ($0, try Checkout.text("\(Self.folder)/\($0)")) })
        executables = try Checkout.executables()
        let dockerfile = Dockerfile(try Checkout.text(DockerfileTests.path))
        user = dockerfile.all("USER", in: "scanner").last?.rest ?? ""
    }

    private func problems(_ texts: [String: String]) throws -> [String] {
        let files = try texts.sorted { $0.key < $1.key }.map { path, text in
            KubernetesCheck.File(path: path, documents: try Field.documents(text))
        }
        return KubernetesCheck(files, executables: executables, user: user).problems
    }

    @Test("name only what there is in the code")
    func truth() throws {
        #expect(texts.count >= 13)
        let problems = try problems(texts)
        #expect(problems.isEmpty, "\(problems.joined(separator: "\n"))")
    }

    static let lies: [(file: String, lie: Lie)] = [
        // Names
        ("scanner.yaml", .init("image: pratique/scanner", "image: pratique/scaner", "there is no executable scaner")),
        ("cleanup.yaml", .init("image: pratique/cleanup", "image: pratique/scanner", "it runs scanner")),
        (
            "cleanup.yaml",
            .init(
                "matchLabels: { app.kubernetes.io/name: cleanup", "matchLabels: { app.kubernetes.io/name: clean",
                "does not find its pods")
        ),
        (
            "cleanup.yaml",
            .init("serviceAccountName: cleanup", "serviceAccountName: default", "no service account default")
        ),
        ("kustomization.yaml", .init("- cleanup.yaml", "- clean-up.yaml", "does not list cleanup.yaml")),
        ("kustomization.yaml", .init("name: pratique/cleanup", "name: pratique/clean-up", "which nothing runs")),
        ("keda/kustomization.yaml", .init("namespace: pratique", "namespace: keda", "is for the namespace keda")),
        // Settings
        (
            "settings.yaml",
            .init("PRATIQUE_LOG_FORMAT: json", "PRATIQUE_LOG_FORM: json", "it reads no PRATIQUE_LOG_FORM")
        ),
        ("settings.yaml", .init("PRATIQUE_LOG_FORMAT: json", "PRATIQUE_LOG_FORMAT: xml", "it must be one of")),
        ("settings.yaml", .init("PRATIQUE_KAFKA_BROKERS", "PRATIQUE_KAFKA_BROKER", "it has no PRATIQUE_KAFKA_BROKERS")),
        (
            "settings.yaml",
            .init("name: pratique-kafka", "name: pratique-kafqa", "there is no ConfigMap pratique-kafka")
        ),
        ("scanner.yaml", .init("PRATIQUE_SCANNER_POOLS", "PRATIQUE_SCANNER_POOL", "it reads no PRATIQUE_SCANNER_POOL")),
        ("secrets.template.yaml", .init("PRATIQUE_CREDENTIAL_KEYS", "PRATIQUE_CREDENTIAL_KEY", "it has no keys")),
        (
            "secrets.template.yaml",
            .init("PRATIQUE_KAFKA_SASL_USERNAME", "PRATIQUE_KAFKA_USER", "it reads no PRATIQUE_KAFKA_USER")
        ),
        (
            "cleanup.yaml",
            .init(
                "secretRef: { name: pratique-kafka", "secretRef: { name: pratique-credentials",
                "it has keys that it does not need")
        ),
        ("topics.yaml", .init("[admin, topics, apply]", "[admn, topics, apply]", "pratique has no command")),
        (
            "scanner.yaml",
            .init("          envFrom:", "          args: [scan]\n          envFrom:", "scanner has no command “scan”")
        ),
        // Ports and probes
        ("scanner.yaml", .init("containerPort: 8082", "containerPort: 8083", "nothing listens on its port operator")),
        (
            "webhook-gateway.yaml",
            .init("name: api, containerPort", "name: http, containerPort", "its port api is not named")
        ),
        ("webhook-gateway.yaml", .init("0.0.0.0:8080", "127.0.0.1:8080", "api is listened on inside the pod only")),
        ("settings.yaml", .init("0.0.0.0:8082", "127.0.0.1:8082", "operator is listened on inside the pod only")),
        ("webhook-gateway.yaml", .init("targetPort: api", "targetPort: http", "has no port http")),
        (
            "webhook-gateway.yaml",
            .init("clusterIP: None", "type: ClusterIP", "there is no headless service webhook-gateway-pods")
        ),
        ("scanner.yaml", .init("path: /ready", "path: /readyz", "its readinessProbe asks /readyz")),
        (
            "webhook-gateway.yaml",
            .init(
                "readinessProbe:\n            httpGet: { path: /health",
                "readinessProbe:\n            httpGet: { path: /ready", "its readinessProbe asks /ready")
        ),
        (
            "scanner.yaml",
            .init(
                "livenessProbe:\n            httpGet: { path: /health, port: operator",
                "livenessProbe:\n            httpGet: { path: /health, port: 80", "does not ask the operator's port")
        ),
        ("scanner.yaml", .init("startupProbe:", "startProbe:", "it has no startupProbe")),
        // Containment
        ("scanner.yaml", .init("runAsNonRoot: true", "runAsNonRoot: false", "it may run as root")),
        ("scanner.yaml", .init("runAsUser: 65532", "runAsUser: 1000", "another user than its image's")),
        (
            "scanner.yaml",
            .init("readOnlyRootFilesystem: true", "readOnlyRootFilesystem: false", "its root is not read-only")
        ),
        ("scanner.yaml", .init("drop: [ALL]", "drop: [NET_RAW]", "it keeps capabilities")),
        ("scanner.yaml", .init("type: RuntimeDefault", "type: Unconfined", "it has no seccomp profile")),
        (
            "scanner.yaml",
            .init("automountServiceAccountToken: false", "automountServiceAccountToken: true", "it has a token")
        ),
        (
            "service-accounts.yaml",
            .init(
                "automountServiceAccountToken: false", "automountServiceAccountToken: true",
                "no service account webhook-gateway without a token")
        ),
        ("scanner.yaml", .init("limits: { memory", "limits: { cpu", "its memory has no limit")),
        (
            "scanner.yaml",
            .init("terminationGracePeriodSeconds: 40", "terminationGracePeriodSeconds: 20", "it is killed after 20 s")
        ),
        // Storage
        ("scanner.yaml", .init("mountPath: /data", "mountPath: /date", "its data folder /data is on no volume")),
        (
            "scanner.yaml",
            .init(
                "- name: data\n          emptyDir", "- name: date\n          emptyDir",
                "it mounts data, which is no volume")
        ),
        ("webhook-gateway.yaml", .init("kind: StatefulSet", "kind: Deployment", "its spool is lost with its pod")),
        (
            "webhook-gateway.yaml",
            .init(
                "    - metadata:\n        name: data", "    - metadata:\n        name: spool",
                "its data folder does not stay")
        ),
        (
            "scanner.yaml",
            .init(
                "PRATIQUE_SCANNER_POOLS, value: default", "PRATIQUE_KAFKA_INSTANCE_NAME, value: \"\"",
                "its instance name")
        ),
        // What refers to workloads
        ("disruption-budgets.yaml", .init("name: scanner }", "name: scaner }", "budget scanner finds []")),
        (
            "network-policies.yaml",
            .init("scanner, policy-evaluator]", "scaner, policy-evaluator]", "finds no pods of [\"scaner\"]")
        ),
        ("network-policies.yaml", .init("port: webhooks", "port: hooks", "none of its pods has a port hooks")),
        (
            "network-policies.yaml",
            .init("metadata.name: monitoring", "metadata.name: default", "to others than monitoring")
        ),
        (
            "network-policies.yaml",
            .init(
                "    - from:\n        - namespaceSelector:\n            matchLabels: { kubernetes.io/metadata.name: ingress }\n      ports",
                "    - ports", "lets everybody in")
        ),
        (
            "network-policies.yaml",
            .init("except: [169.254.0.0/16]", "except: [10.0.0.0/8]", "the metadata of the cloud")
        ),
        (
            "network-policies.yaml",
            .init("policyTypes: [Ingress, Egress]", "policyTypes: [Ingress]", "no policy closes")
        ),
        // Scaling
        (
            "keda/scaled-object.yaml",
            .init("    name: scanner\n  min", "    name: cleanup\n  min", "what is scaled is no scanner")
        ),
        (
            "keda/scaled-object.yaml",
            .init(
                "topic: scan-requests.default.urgent", "topic: scan-requests.urgent",
                "nothing is scaled by the topic scan-requests.default.urgent")
        ),
        (
            "keda/scaled-object.yaml",
            .init(
                "consumerGroup: scanner.default.background", "consumerGroup: scanner", "is scanner.default.background")
        ),
        (
            "keda/scaled-object.yaml",
            .init("bootstrapServers: kafka-bootstrap.kafka:9092", "bootstrapServers: kafka:9092", "asks other brokers")
        ),
        ("keda/scaled-object.yaml", .init("maxReplicaCount: 8", "maxReplicaCount: 20", "more than 8 scanners")),
        ("scanner.yaml", .init("spec:\n  selector", "spec:\n  replicas: 2\n  selector", "two places say how many")),
        (
            "scanner.yaml",
            .init("value: default", "value: \"default,big\"", "nothing is scaled by the topic scan-requests.big.urgent")
        ),
    ]

    @Test("are caught in each kind of lie", arguments: lies)
    func caught(_ file: String, _ lie: Lie) throws {
        var texts = texts
        texts[file] = try lie.told(in: try #require(texts[file]))
        let problems = try problems(texts)
        #expect(problems.contains { $0.contains(lie.caught) }, "\(problems)")
    }
}
