import Events

/// Gives the process's places to the lanes of its pools, as `SlotTurns` says.
actor ScanSlots {
    private var turns: SlotTurns<CheckedContinuation<Void, Never>>

    init(width: Int, backgroundMax: Int? = nil) { turns = SlotTurns(width: width, backgroundMax: backgroundMax) }

    /// Waits for a place. The waits are bounded by the processors' widths.
    func take(_ lane: Topics.Lane, pool: String) async {
        await withCheckedContinuation { continuation in
            for begun in turns.take(continuation, lane, pool: pool) { begun.resume() }
        }
    }

    func give(_ lane: Topics.Lane) {
        for begun in turns.give(lane) { begun.resume() }
    }
}
