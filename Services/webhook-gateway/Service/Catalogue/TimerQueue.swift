import Foundation

/// Dates with what is due then, the earliest first (a binary heap). Entries are not removed when they become void:
/// whoever takes one checks whether it still holds.
struct TimerQueue<Key: Sendable>: Sendable {
    private var heap: [(at: Date, key: Key)] = []

    var isEmpty: Bool { heap.isEmpty }
    var next: Date? { heap.first?.at }

    mutating func add(_ key: Key, at date: Date) {
        heap.append((date, key))
        var index = heap.count - 1
        while index > 0, heap[index].at < heap[(index - 1) / 2].at {
            heap.swapAt(index, (index - 1) / 2)
            index = (index - 1) / 2
        }
    }

    /// The earliest entry, if it is due.
    mutating func take(dueAt now: Date) -> Key? {
        guard let first = heap.first, first.at <= now else { return nil }
        heap.swapAt(0, heap.count - 1)
        heap.removeLast()
        var index = 0
        while true {
            var least = index
            for child in [2 * index + 1, 2 * index + 2] where child < heap.count && heap[child].at < heap[least].at {
                least = child
            }
            if least == index { break }
            heap.swapAt(index, least)
            index = least
        }
        return first.key
    }
}
