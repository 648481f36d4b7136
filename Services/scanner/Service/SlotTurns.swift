import Events

/// Whose request is read next: a value, so that it can be tested without tasks.
///
/// * At most `width` requests are read at a time, at most `backgroundMax` of them of the background.
/// * Where both lanes wait, three urgent requests go for each one of the background: neither starves.
/// * One urgent request may always be read: while the background has every place it gets one beyond the width, so that
///   it never waits for the end of somebody else's image.
/// * Within a lane the pools take turns.
struct SlotTurns<Waiter> {
    static var urgentShare: Int { 3 }

    /// What waits in one lane.
    private struct Line {
        /// Pools in which somebody waits; the first one is next.
        var order: [String] = []
        var waiting: [String: [Waiter]] = [:]

        mutating func add(_ waiter: Waiter, _ pool: String) {
            if waiting[pool]?.isEmpty ?? true { order.append(pool) }
            waiting[pool, default: []].append(waiter)
        }

        mutating func next() -> Waiter? {
            guard !order.isEmpty else { return nil }
            let pool = order.removeFirst()
            let waiter = waiting[pool]?.removeFirst()
            if waiting[pool]?.isEmpty == false { order.append(pool) }
            return waiter
        }
    }

    private let width: Int
    private let backgroundMax: Int
    private var lines: [Topics.Lane: Line] = [.urgent: Line(), .background: Line()]
    private var reading: [Topics.Lane: Int] = [:]
    private var urgentInARow = 0

    /// - Parameter backgroundMax: nil for no cap below the width.
    init(width: Int, backgroundMax: Int? = nil) {
        precondition(width > 0 && backgroundMax ?? 1 > 0, "a scanner reads at least one image at a time")
        self.width = width
        self.backgroundMax = min(backgroundMax ?? width, width)
    }

    /// How many requests of the lane are being read.
    func reading(_ lane: Topics.Lane) -> Int { reading[lane] ?? 0 }

    /// - Returns: who begins now: the one that asked, or nobody.
    mutating func take(_ waiter: Waiter, _ lane: Topics.Lane, pool: String) -> [Waiter] {
        lines[lane]?.add(waiter, pool)
        return start()
    }

    /// A request of the lane has ended.
    /// - Returns: who begins now.
    mutating func give(_ lane: Topics.Lane) -> [Waiter] {
        reading[lane, default: 1] -= 1
        return start()
    }

    private mutating func start() -> [Waiter] {
        var started: [Waiter] = []
        while let lane = next(), let waiter = lines[lane]?.next() {
            reading[lane, default: 0] += 1
            urgentInARow = lane == .urgent ? urgentInARow + 1 : 0
            started.append(waiter)
        }
        return started
    }

    private func next() -> Topics.Lane? {
        let isFree = reading(.urgent) + reading(.background) < width
        let urgent = waits(.urgent) && (isFree || reading(.urgent) == 0)
        let background = waits(.background) && isFree && reading(.background) < backgroundMax
        if background && (!urgent || urgentInARow >= Self.urgentShare) { return .background }
        return urgent ? .urgent : nil
    }

    private func waits(_ lane: Topics.Lane) -> Bool { lines[lane]?.order.isEmpty == false }
}
