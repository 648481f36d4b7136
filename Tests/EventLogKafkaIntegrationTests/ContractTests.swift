import EventLogContract
import EventLogKafka
import EventLogPort
import Foundation
import TestSupport
import Testing

/// Over librdkafka's own cluster, or the brokers that `PRATIQUE_TEST_KAFKA=host:port` names.
@Suite("The Kafka log keeps the port's promises")
struct KafkaContractTests {
    @Test("promise", arguments: Contract.cases)
    func promise(_ contractCase: ContractCase) async throws {
        let cluster = try TestKafka()
        try await contractCase.run { try cluster.log() }
    }
}
