import EventLogPort
import Testing

@Suite("Which partition a key lands in")
struct PartitionerTests {
    /// From Kafka's own `UtilsTest.testMurmur2`, brought into range as its default partitioner does.
    @Test(
        "the hash is Kafka's",
        arguments: [
            ("21", -973_932_308), ("foobar", -790_332_482), ("a-little-bit-long-string", -985_981_536),
            ("a-little-bit-longer-string", -1_486_304_829),
            ("lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58_897_971), ("abc", 479_470_107),
        ])
    func vectors(_ key: String, _ hash: Int) {
        let positive = hash & 0x7fff_ffff
        for count in [2, 7, 256] { #expect(Partitioner.partition(of: key, among: count) == positive % count) }
    }

    @Test("one partition takes every key")
    func single() {
        for key in ["", "a", "schlüssel"] { #expect(Partitioner.partition(of: key, among: 1) == 0) }
    }
}
