import EventLogPort
import Foundation
import TestSupport
import Testing

@testable import EventLogKafka

@Suite("What one partition of a member has")
struct PartitionWindowTests {
    private let topic = TopicName(constant: "work")

    private func record(_ position: Int64) -> Record {
        Record(
            id: RecordID(topic: topic, partition: 0, position: position), key: "k\(position)", value: nil, headers: [],
            appendedAt: Date(timeIntervalSince1970: 0))
    }

    @Test("the place of a new owner is the lowest unfinished record, whatever is finished first")
    func lowest() {
        var window = PartitionWindow()
        for position in [10, 11, 15, 20] { window.receive(record(Int64(position))) }
        #expect(window.take().map(\.position) == [10, 11, 15, 20])
        #expect(window.finish(11) == nil)
        #expect(window.finish(20) == nil)
        #expect(window.finish(10) == 15)
        #expect(window.finish(10) == nil, "finished once")
        #expect(window.finish(15) == 21)
    }

    @Test("64 are handed out, 64 more wait and the partition is paused until few do")
    func bounded() {
        var window = PartitionWindow()
        for position in 0..<128 { window.receive(record(Int64(position))) }
        #expect(window.take().count == 64)
        #expect(!window.isReady && window.take().isEmpty)
        #expect(window.wantsPause)
        window.paused(true)
        for position in 0..<40 { _ = window.finish(Int64(position)) }
        #expect(window.take().map(\.position) == Array(64..<104))
        #expect(window.wantsPause, "24 wait")
        for position in 40..<48 { _ = window.finish(Int64(position)) }
        _ = window.take()
        #expect(!window.wantsPause)
    }

    @Test("any order of arrivals, takings and ends keeps the place right")
    func property() {
        var random = SeededGenerator.printed("partition window")
        for _ in 0..<200 {
            var window = PartitionWindow()
            var (next, last): (Int64, Int64) = (0, 0)
            var unfinished: Set<Int64> = []
            var waiting: [Int64] = []
            var place: Int64?
            for _ in 0..<300 {
                switch Int.random(in: 0..<3, using: &random) {
                case 0:
                    next += Int64.random(in: 1...3, using: &random)
                    last = next
                    window.receive(record(next))
                    waiting.append(next)
                    if place == nil { place = next }
                case 1:
                    let room = PartitionWindow.handedMax - unfinished.count
                    let taken = window.take().map(\.position)
                    #expect(taken == Array(waiting.prefix(room)))
                    waiting.removeFirst(taken.count)
                    unfinished.formUnion(taken)
                default:
                    guard let one = unfinished.randomElement(using: &random) else { continue }
                    unfinished.remove(one)
                    let lowest = (unfinished.min() ?? waiting.first) ?? last + 1
                    #expect(window.finish(one) == (lowest == place ? nil : lowest))
                    place = lowest
                }
            }
        }
    }
}
