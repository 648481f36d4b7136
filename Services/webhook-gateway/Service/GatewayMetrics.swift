import ServiceRuntime

/// What the gateway counts and times, as `/metrics` and the README explain it.
enum GatewayMetrics {
    static let descriptions = [
        MetricDescription(
            "pratique.gateway.requests", .counter, dimensions: ["listener", "route", "method", "status"],
            "Requests answered."),
        MetricDescription(
            "pratique.gateway.request.duration", .histogram, dimensions: ["listener", "route"],
            "Time from a request's head to its answer."),
        MetricDescription(
            "pratique.gateway.deliveries", .counter, dimensions: ["place"],
            "Notifications made durable, in the log or in the spool."),
        MetricDescription(
            "pratique.gateway.webhooks.refused", .counter, "Notifications with an unknown registry or a wrong secret."),
        MetricDescription("pratique.gateway.spool.records", .gauge, "Notifications that wait in the spool."),
        MetricDescription("pratique.gateway.events.followers", .gauge, "Open streams of events."),
        MetricDescription(
            "pratique.gateway.events.dropped", .counter, "Streams ended because their reader was too slow."),
        MetricDescription("pratique.alarms", .gauge, dimensions: ["kind"], "What does not work by itself."),
        MetricDescription("pratique.dead_letters.open", .gauge, "Dead letters that were not put back."),
    ]
}
