import Events

/// Gives the process's places to the lanes: where both wait, three urgent jobs for each one of the background, so
/// neither starves.
actor ScanSlots {
    static let urgentShare = 3

    private var free: Int
    private var waiting: [Topics.Lane: [CheckedContinuation<Void, Never>]] = [:]
    private var urgentInARow = 0

    init(width: Int) {
        precondition(width > 0, "a scanner reads at least one image at a time")
        free = width
    }

    /// Waits for a place. The waits are bounded by the processors' widths.
    func take(_ lane: Topics.Lane) async {
        if free > 0 {
            free -= 1
            return
        }
        await withCheckedContinuation { waiting[lane, default: []].append($0) }
    }

    func give() {
        guard let lane = next() else {
            free += 1
            return
        }
        urgentInARow = lane == .urgent ? urgentInARow + 1 : 0
        waiting[lane]?.removeFirst().resume()
    }

    private func next() -> Topics.Lane? {
        let urgent = waiting[.urgent]?.isEmpty == false
        let background = waiting[.background]?.isEmpty == false
        if background && (!urgent || urgentInARow >= Self.urgentShare) { return .background }
        return urgent ? .urgent : nil
    }
}
