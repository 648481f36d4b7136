import EventLogPort
import Testing

@testable import Events

@Suite("What the program knows of schemas")
struct SchemaTests {
    private struct Old: EventPayload { static let eventType = "test.old" }
    private struct New: EventPayload {
        static let eventType = "test.new"
        static let schemaVersion = 3
    }

    @Test("a view's version differs when a schema that it reads has grown, and when its own rows have")
    func versions() {
        let before = EventSchemas.version(2, of: [Old.self])
        #expect(before == 2)
        #expect(EventSchemas.version(3, of: [Old.self]) != before)
        let after = EventSchemas.version(2, of: [Old.self, New.self])
        #expect(after != before && after != EventSchemas.version(3, of: [Old.self]))
    }

    @Test("every topic of state and every journal says what it holds")
    func topics() {
        // Payloads that live with the evaluator; a topic without records yet.
        let others = [Topics.advisories, Topics.exceptions]
        for topic in Topics.fixed where !Topics.isWork(topic.name) && !others.contains(topic) {
            #expect(!EventSchemas.payloads(of: topic.name).isEmpty, "\(topic.name)")
        }
        for type in EventSchemas.all { #expect(EventSchemas.known(type.eventType) == type.schemaVersion) }
        #expect(EventSchemas.known("pratique.unheard-of") == nil)
    }
}
