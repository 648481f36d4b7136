import Foundation
import ServiceRuntime
import Testing

/// Holds `docker-compose.yml` to the code, and the check itself to what it must catch.
@Suite("The compose file")
struct ComposeTests {
    static let path = "docker-compose.yml"

    private let yaml: String
    private let dockerfile: Dockerfile
    private let executables: Set<String>

    init() throws {
        yaml = try Checkout.text(Self.path)
        dockerfile = Dockerfile(try Checkout.text(DockerfileTests.path))
        executables = try Checkout.executables()
    }

    private func problems(_ yaml: String) throws -> [String] {
        ComposeCheck(
            try Field(yaml), dockerfile: dockerfile, executables: executables, exists: Checkout.exists
        ).problems
    }

    @Test("names only what there is in the code")
    func truth() throws {
        let problems = try problems(yaml)
        #expect(problems.isEmpty, "\(problems.joined(separator: "\n"))")
    }

    static let lies = [
        // Images and stages
        Lie("target: scanner", "target: scaner", "the Dockerfile has no stage scaner"),
        Lie("target: cleanup", "target: runtime", "there is no executable runtime"),
        Lie("target: cleanup", "target: scanner", "its image localhost/pratique/cleanup:local is not scanner"),
        Lie(
            "dockerfile: Services/Dockerfile, target: scanner", "dockerfile: Dockerfile, target: scanner",
            "there is no Dockerfile"),
        Lie("image: apache/kafka:3.9.0", "image: apache/kafka:latest", "is not apache/kafka with a version"),
        Lie("  kafka:\n    <<", "  kafqa:\n    <<", "it is neither built nor known"),
        Lie("  cleanup:\n    <<", "  clean-up:\n    <<", "cleanup is not run"),
        // Commands
        Lie("[admin, topics, apply]", "[admn, topics, apply]", "pratique has no command"),
        Lie("- --data=/data", "- --date=/data", "pratique has no command"),
        Lie("/usr/bin/scanner, health", "/usr/bin/scanner, heath", "scanner has no command “heath --ready”"),
        Lie("/usr/bin/scanner, health", "/bin/scanner, health", "does not run the executable"),
        // Variables
        Lie("PRATIQUE_WEBHOOKS_LISTEN:", "PRATIQUE_WEBHOOK_LISTEN:", "it reads no PRATIQUE_WEBHOOK_LISTEN"),
        Lie("  PRATIQUE_LOG_LEVEL:", "  PRATIQUE_LOGLEVEL:", "scanner: it reads no PRATIQUE_LOGLEVEL"),
        Lie("PRATIQUE_API_LISTEN: 0.0.0.0:8080", "PRATIQUE_API_LISTEN: 8080", "it has no port"),
        Lie("PRATIQUE_LOG_LEVEL:-info", "PRATIQUE_LOG_LEVEL:-loud", "it must be one of"),
        Lie("PRATIQUE_KAFKA_BROKERS: kafka:9092", "PRATIQUE_KAFKA_BROKERS: kafka:9093", "nothing serves kafka:9093"),
        Lie("PRATIQUE_KAFKA_BROKERS: kafka:9092", "PRATIQUE_SCANNER_POOLS: a", "it has no PRATIQUE_KAFKA_BROKERS"),
        Lie(
            "PRATIQUE_REGISTRIES_PLAIN_HTTP: registry", "PRATIQUE_REGISTRIES_PLAIN_HTTP: harbor",
            "there is no service harbor"),
        // Ports
        Lie("127.0.0.1:${PRATIQUE_API_PORT:-8080}:8080", "${PRATIQUE_API_PORT:-8080}:8080", "is open to the network"),
        Lie("-8080}:8080", "-8080}:8088", "nothing listens on 8088"),
        Lie("-8080}:8080", "-8080}:8082", "8082 is listened on inside the container only"),
        Lie("PRATIQUE_API_LISTEN: 0.0.0.0", "PRATIQUE_API_LISTEN: 127.0.0.1", "inside the container only"),
        Lie("PRATIQUE_REGISTRY_PORT:-5000}:5000", "PRATIQUE_REGISTRY_PORT:-5000}:80", "nothing listens on 80"),
        // Volumes and keys
        Lie("gateway-data:/data", "gateway-date:/data", "the volume gateway-date is not declared"),
        Lie("gateway-data:/data", "gateway-data:/var/data", "it keeps nothing in /var/data"),
        Lie("gateway-data:/data", "gateway-data:/data:ro", "its data folder /data is on no volume"),
        Lie("  kafka-data:\n  keys:", "  kafka-data:\n  more:\n  keys:", "the volume more is not used"),
        Lie("PRATIQUE_CREDENTIALS_KEY_FILE: /keys/", "PRATIQUE_CREDENTIALS_KEY_FILE: /key/", "is on no volume"),
        Lie(
            "PRATIQUE_CREDENTIALS_CREATE_KEYS: \"true\"", "PRATIQUE_CREDENTIALS_CREATE_KEYS: \"false\"",
            "the keys are made by []"),
        Lie("- keys:/keys:ro", "- gateway-data:/keys:ro", "its keys are not those of webhook-gateway"),
        Lie("- cleanup-data:/data", "- cleanup-data:/data\n      - keys:/keys", "cleanup: it keeps nothing in /keys"),
        Lie("scripts/demo-data/advisories}", "scripts/advisories}", "there is no ./scripts/advisories to mount"),
        Lie(
            "- cleanup-data:/data", "- cleanup-data:/data\n      - ./scripts:/advisories:ro",
            "cleanup: it keeps nothing in /advisories"),
        // Order and health
        Lie(
            "kafka: { condition: service_healthy }", "kafka: { condition: service_started }",
            "does not wait until kafka is well"),
        Lie(
            "topics: { condition: service_completed_successfully }", "topics: { condition: service_healthy }",
            "which has no check"),
        Lie(
            "webhook-gateway: { condition: service_healthy }", "gateway: { condition: service_healthy }",
            "which there is not"),
        Lie("    depends_on: *after-topics\n", "", "it does not wait for the topics"),
        Lie("stop_grace_period: 40s", "stop_grace_period: 10s", "it is killed after 10 s"),
        // Containment
        Lie("read_only: true", "read_only: false", "its root is not read-only"),
        Lie("cap_drop: [ALL]", "cap_drop: [NET_RAW]", "it keeps capabilities"),
        Lie("no-new-privileges:true", "label:disable", "it may gain privileges"),
        Lie("mem_limit: 512m", "cpus: 1", "its memory has no limit"),
        Lie("tmpfs: [/tmp]", "tmpfs: [/run]", "it has no /tmp"),
        // More than one scanner
        Lie("      - /data\n", "      - cleanup-data:/data\n", "all of it share one data folder"),
        Lie("target: scanner }", "target: scanner }\n    container_name: scanner", "there can be only one"),
        Lie("target: scanner }", "target: scanner }\n    ports: [\"127.0.0.1:1:8082\"]", "there can be only one"),
    ]

    @Test("is caught in each kind of lie", arguments: lies)
    func caught(_ lie: Lie) throws {
        let problems = try problems(lie.told(in: yaml))
        #expect(problems.contains { $0.contains(lie.caught) }, "\(problems)")
    }

    @Test("has the registry's notifications go where webhooks are received")
    func notifications() throws {
        let file = try Field(yaml).interpolated
        let services = file["services"]
        let endpoints = try Field(services["registry"]["environment"]["REGISTRY_NOTIFICATIONS_ENDPOINTS"].text ?? "")
        let url = try #require(endpoints.list.first?["url"].text)
        let gateway = ComposeService(name: "webhook-gateway", field: services["webhook-gateway"])
        let port = try #require(gateway.reading.listeners["webhooks"]?.port)
        #expect(url == "http://webhook-gateway:\(port)/webhooks/demo")
        #expect(endpoints.list.first?["headers"]["Authorization"].list.first?.text?.hasPrefix("Bearer ") == true)
        #expect(services["embedded"]["networks"]["default"]["aliases"].words == ["webhook-gateway"])
    }

    @Test("creates no topic by itself")
    func autoCreate() throws {
        let kafka = try Field(yaml)["services"]["kafka"]["environment"]
        #expect(kafka["KAFKA_AUTO_CREATE_TOPICS_ENABLE"].text == "false")
    }
}
