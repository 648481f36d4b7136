import TestSupport
import Testing

@testable import EventLogSQLite

@Suite("A group's partitions and positions")
struct GroupMachineTests {
    /// Takes every control step of every member and returns who owns what, as they were told.
    private func settle(_ machine: inout GroupMachine, _ owned: inout [Int: Set<Int64>]) {
        var moved = true
        while moved {
            moved = false
            for id in machine.memberIDs {
                while let control = machine.nextControl(id) {
                    moved = true
                    switch control {
                    case .assigned(let slots):
                        for (other, theirs) in owned where other != id { #expect(theirs.isDisjoint(with: slots)) }
                        owned[id, default: []].formUnion(slots)
                    case .revoked(let slots): owned[id, default: []].subtract(slots)
                    }
                }
            }
        }
    }

    @Test("whatever joins and leaves, partitions are shared evenly, one owner each")
    func even() {
        var dice = SeededGenerator.printed("group machine")
        for _ in 0..<50 {
            var machine = GroupMachine()
            var owned: [Int: Set<Int64>] = [:]
            let slots = Set((1...Int64.random(in: 1...12, using: &dice)))
            for _ in 0..<20 {
                if dice.chance(0.6) || machine.memberCount == 0 {
                    _ = machine.join(slots, positions: [:])
                } else if let id = machine.memberIDs.randomElement(using: &dice) {
                    machine.leave(id)
                    owned[id] = nil
                }
                settle(&machine, &owned)
                guard machine.memberCount > 0 else { continue }
                let counts = machine.memberIDs.map { owned[$0]?.count ?? 0 }
                #expect(counts.reduce(0, +) == slots.count)
                #expect((counts.max() ?? 0) - (counts.min() ?? 0) <= 1)
            }
        }
    }

    @Test("the next owner waits until the old one was told")
    func toldFirst() {
        var machine = GroupMachine()
        let one = machine.join([1], positions: [:])
        let toldOne = machine.nextControl(one)
        #expect(toldOne == .assigned([1]))
        let two = machine.join([1, 2], positions: [:])
        let toldTwo = machine.nextControl(two)
        #expect(toldTwo == .assigned([2]))
        // One cannot read slot 2, so slot 1 stays; when it leaves, two gets it.
        machine.leave(one)
        let toldTwoLater = machine.nextControl(two)
        #expect(toldTwoLater == .assigned([1]))
    }

    @Test("a member that does not notice its revocation is passed over in the end")
    func passedOver() {
        var machine = GroupMachine()
        let one = machine.join([1, 2], positions: [:])
        let toldOne = machine.nextControl(one)
        #expect(toldOne == .assigned([1, 2]))
        let two = machine.join([1, 2], positions: [:])
        let toldTwo = machine.nextControl(two)
        #expect(toldTwo == nil)
        #expect(machine.isRevoking)
        machine.passOverLeaving()
        guard case .assigned(let slots)? = machine.nextControl(two) else {
            Issue.record("two was not assigned anything")
            return
        }
        #expect(slots.count == 1)
    }

    @Test("the position is below the lowest unfinished record, in whatever order they finish")
    func positions() {
        var dice = SeededGenerator.printed("group positions")
        for _ in 0..<100 {
            var machine = GroupMachine()
            let id = machine.join([1], positions: [1: 9])
            _ = machine.nextControl(id)
            guard let want = machine.want(id, ends: { _ in 200 }) else {
                Issue.record("nothing wanted")
                return
            }
            #expect(want.after == 9)
            #expect(want.limit == GroupMachine.unfinishedMax)
            // Gaps between the positions.
            var positions: [Int64] = []
            for position in Int64(10)...40 where dice.chance(0.7) { positions.append(position) }
            let isMine = machine.handOut(positions, reached: 40, for: want, to: id)
            #expect(isMine)
            var unfinished = positions
            for position in positions.shuffled(using: &dice) {
                let before = unfinished.min() ?? 0
                unfinished.removeAll { $0 == position }
                let moved = machine.acknowledge(position, in: 1, by: id)
                let expected = unfinished.min().map { $0 - 1 } ?? 40
                if position == before { #expect(moved == expected) } else { #expect(moved == nil) }
                let again = machine.acknowledge(position, in: 1, by: id)
                #expect(again == nil)
            }
        }
    }

    @Test("what was read for a partition that was taken away meanwhile is not handed out")
    func readTooLate() {
        var machine = GroupMachine()
        let one = machine.join([1], positions: [:])
        _ = machine.nextControl(one)
        let want = machine.want(one, ends: { _ in 5 })
        machine.leave(one)
        let two = machine.join([1], positions: [:])
        _ = machine.nextControl(two)
        guard let want else {
            Issue.record("nothing wanted")
            return
        }
        let forOne = machine.handOut([0, 1], reached: 5, for: want, to: one)
        #expect(!forOne)
        let forTwo = machine.handOut([0, 1], reached: 5, for: want, to: two)
        #expect(!forTwo)
        let moved = machine.acknowledge(0, in: 1, by: one)
        #expect(moved == nil)
    }
}
