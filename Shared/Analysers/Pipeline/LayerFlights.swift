import Model

/// One read a layer at a time: who wants a layer that is being read waits for that read.
actor LayerFlights {
    private struct Flight {
        let number: UInt64
        let task: Task<LayerRecord, any Error>
        var waiters: Int
    }

    private var flights: [LayerKey: Flight] = [:]
    private var lastNumber: UInt64 = 0

    /// - Parameter read: reads the layer; runs in a task of its own, which is cancelled when nobody waits any more.
    /// - Returns: the record, and whether this call's `read` made it. A failure of somebody else's read is not this
    ///   one's: its source may have had other credentials. So the layer is then read again, once.
    func record(
        for key: LayerKey, read: @escaping @Sendable () async throws -> LayerRecord
    ) async throws -> (record: LayerRecord, isOwn: Bool) {
        if let flight = flights[key] {
            do { return (try await join(flight, key), false) } catch { try Task.checkCancellation() }
        }
        if let flight = flights[key] { return (try await join(flight, key), false) }
        lastNumber += 1
        let number = lastNumber
        let task = Task {
            defer { land(key, number) }
            return try await read()
        }
        flights[key] = Flight(number: number, task: task, waiters: 0)
        return (try await join(Flight(number: number, task: task, waiters: 0), key), true)
    }

    private func join(_ flight: Flight, _ key: LayerKey) async throws -> LayerRecord {
        flights[key]?.waiters += 1
        return try await withTaskCancellationHandler {
            let record = try await flight.task.value
            try Task.checkCancellation()
            return record
        } onCancel: {
            Task { await leave(key, flight.number) }
        }
    }

    /// How many wait for the layer's flight now; for tests.
    func waiters(for key: LayerKey) -> Int { flights[key]?.waiters ?? 0 }

    private func leave(_ key: LayerKey, _ number: UInt64) {
        guard flights[key]?.number == number else { return }
        flights[key]?.waiters -= 1
        if let flight = flights[key], flight.waiters <= 0 {
            flight.task.cancel()
            flights[key] = nil
        }
    }

    private func land(_ key: LayerKey, _ number: UInt64) {
        if flights[key]?.number == number { flights[key] = nil }
    }
}
