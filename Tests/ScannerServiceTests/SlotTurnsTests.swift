import Events
import TestSupport
import Testing

@testable import ScannerService

@Suite("Whose request is read next")
struct SlotTurnsTests {
    private struct Wait: Equatable {
        let number: Int
        let lane: Topics.Lane
        var pool = "default"
    }

    /// Everybody begins when it is his turn and ends when the test says so.
    private struct Bench {
        var turns: SlotTurns<Wait>
        var reading: [Wait] = []
        var begun: [Wait] = []

        init(width: Int, backgroundMax: Int? = nil) { turns = SlotTurns(width: width, backgroundMax: backgroundMax) }

        mutating func ask(_ number: Int, _ lane: Topics.Lane, pool: String = "default") {
            begin(turns.take(Wait(number: number, lane: lane, pool: pool), lane, pool: pool))
        }

        mutating func end(_ index: Int = 0) {
            guard reading.indices.contains(index) else {
                Issue.record("number \(index) is not being read")
                return
            }
            begin(turns.give(reading.remove(at: index).lane))
        }

        private mutating func begin(_ waits: [Wait]) {
            reading += waits
            begun += waits
        }
    }

    @Test(
        "where both lanes wait, three urgent ones go for each one of the background, whoever floods", arguments: 1...4)
    func shares(width: Int) {
        var bench = Bench(width: width)
        for number in 0..<width { bench.ask(number, .urgent) }
        for number in 100..<200 {
            bench.ask(number, .urgent)
            bench.ask(number, .background)
        }
        let before = bench.begun.count
        for _ in 0..<80 { bench.end() }
        let lanes = bench.begun.dropFirst(before).map(\.lane)
        #expect(lanes.count == 80 && lanes.count { $0 == .background } == 20)
        for start in lanes.indices.dropLast(3) {
            #expect(lanes[start..<start + 4].count { $0 == .background } == 1)
        }
    }

    @Test("an urgent request is read at once, though the background has every place and waits")
    func beyondWidth() {
        var bench = Bench(width: 2)
        for number in 0..<10 { bench.ask(number, .background) }
        bench.ask(100, .urgent)
        #expect(bench.reading.map(\.number) == [0, 1, 100])
        bench.ask(101, .urgent)
        #expect(bench.reading.count == 3, "one beyond the width, not more")
        bench.end(2)
        #expect(bench.reading.map(\.number) == [0, 1, 101])
    }

    @Test("the background never has more places than its cap, also while nobody else waits")
    func cap() {
        var bench = Bench(width: 3, backgroundMax: 1)
        for number in 0..<5 { bench.ask(number, .background) }
        #expect(bench.reading.count == 1)
        for number in 100..<105 { bench.ask(number, .urgent) }
        #expect(bench.turns.reading(.background) == 1 && bench.turns.reading(.urgent) == 2)
        bench.end(0)
        #expect(bench.reading.map(\.number) == [100, 101, 102])
        bench.end(0)
        #expect(bench.reading.map(\.number) == [101, 102, 1], "three urgent ones have begun in a row")
    }

    @Test("pools take turns within a lane, however many requests one of them has", arguments: Topics.Lane.allCases)
    func pools(lane: Topics.Lane) {
        var bench = Bench(width: 1)
        bench.ask(0, lane, pool: "large")
        for number in 1...50 { bench.ask(number, lane, pool: "large") }
        for number in 100...102 { bench.ask(number, lane, pool: "small") }
        for _ in 0..<6 { bench.end() }
        #expect(bench.begun.dropFirst().map(\.number) == [1, 100, 2, 101, 3, 102])
    }

    @Test("whatever comes and ends: the bounds hold, nobody waits for nothing, everybody has his turn")
    func always() {
        var random = SeededGenerator.printed("turns")
        for _ in 0..<50 {
            let width = Int.random(in: 1...5, using: &random)
            let cap = Bool.random(using: &random) ? Int.random(in: 1...5, using: &random) : nil
            var bench = Bench(width: width, backgroundMax: cap)
            var asked: [Wait] = []
            for number in 0..<300 {
                if random.chance(0.5) || bench.reading.isEmpty {
                    let lane: Topics.Lane = random.chance(0.6) ? .background : .urgent
                    let pool = random.chance(0.7) ? "a" : "b"
                    asked.append(Wait(number: number, lane: lane, pool: pool))
                    bench.ask(number, lane, pool: pool)
                } else {
                    bench.end(Int.random(in: bench.reading.indices, using: &random))
                }
                let urgent = bench.reading.count { $0.lane == .urgent }
                let background = bench.reading.count - urgent
                #expect(background <= min(cap ?? width, width))
                #expect(bench.reading.count <= width || (bench.reading.count == width + 1 && urgent == 1))
                let waits = asked.filter { !bench.begun.contains($0) }
                #expect(urgent > 0 || !waits.contains { $0.lane == .urgent }, "one urgent request is always read")
                if bench.reading.count < width {
                    #expect(waits.allSatisfy { $0.lane == .background } && (waits.isEmpty || background == cap))
                }
            }
            while !bench.reading.isEmpty { bench.end() }
            #expect(bench.begun.count == asked.count)
            for pool in ["a", "b"] {
                for lane in Topics.Lane.allCases {
                    let numbers = bench.begun.filter { $0.pool == pool && $0.lane == lane }.map(\.number)
                    #expect(numbers == numbers.sorted(), "first come, first served")
                }
            }
        }
    }

    /// Time goes by in steps; each image takes `work` of them. As in the scanner, each lane offers as many requests as
    /// it is wide and has the others behind them.
    private static func latencies(width: Int, backlog: Int, urgentEvery: Int, count: Int) -> [Int] {
        let work = 10
        var bench = Bench(width: width)
        var left = backlog
        var offered = 0
        var ends: [Int: Int] = [:]
        var cameAt: [Int: Int] = [:]
        var latencies: [Int] = []
        var now = 0
        func note(_ bench: Bench) {
            for wait in bench.reading where ends[wait.number] == nil { ends[wait.number] = now + work }
        }
        while latencies.count < count {
            while left > 0, offered < width {
                bench.ask(1_000_000 + left, .background)
                left -= 1
                offered += 1
            }
            if now % urgentEvery == 0 {
                cameAt[now] = now
                bench.ask(now, .urgent)
            }
            note(bench)
            now += 1
            while let index = bench.reading.firstIndex(where: { ends[$0.number] ?? .max <= now }) {
                let ended = bench.reading[index]
                if let came = cameAt[ended.number] { latencies.append(now - came) } else { offered -= 1 }
                bench.end(index)
                note(bench)
            }
        }
        return latencies.sorted()
    }

    @Test("100,000 requests in the background do not double the latency of urgent ones", arguments: 1...4)
    func flood(width: Int) {
        let (every, count) = (5 + 12 / width, 2_000)
        let idle = Self.latencies(width: width, backlog: 0, urgentEvery: every, count: count)
        let loaded = Self.latencies(width: width, backlog: 100_000, urgentEvery: every, count: count)
        for share in [0.5, 0.99, 1] {
            let index = Int(Double(count - 1) * share)
            #expect(loaded[index] <= 2 * idle[index], "\(share): \(loaded[index]) against \(idle[index])")
        }
    }
}
