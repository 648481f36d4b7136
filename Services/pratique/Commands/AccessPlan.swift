import EventLogPort
import Events

/// Access control lists as commands of Kafka's own tool, one principal a service.
enum AccessPlan {
    static func lines(_ access: [TopicAccess]) -> [String] { access.flatMap(lines) }

    private static func lines(_ access: TopicAccess) -> [String] {
        var lines = ["# \(access.service)"]
        lines += access.writes.map { add(access, ["Write"], "--topic \($0.name)") }
        lines += access.reads.map { add(access, ["Read"], "--topic \($0.name)") }
        lines += access.groups.map { group in
            group.hasSuffix("*")
                ? add(access, ["Read"], "--group \(group.dropLast()) --resource-pattern-type prefixed")
                : add(access, ["Read"], "--group \(group)")
        }
        // Topics are compared with the declared ones at start.
        lines.append(add(access, ["Describe", "DescribeConfigs"], "--topic '*'"))
        return lines
    }

    private static func add(_ access: TopicAccess, _ operations: [String], _ resource: String) -> String {
        let allowed = operations.map { "--operation \($0)" }.joined(separator: " ")
        return "kafka-acls.sh --bootstrap-server \"$BROKERS\" --command-config \"$ADMIN\" --add "
            + "--allow-principal User:\(access.service) \(allowed) \(resource)"
    }
}
