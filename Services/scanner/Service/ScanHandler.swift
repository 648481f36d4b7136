import EventLogPort
import Events
import Foundation
import Storage

/// Takes the requests of one lane, one slot each.
struct ScanHandler: RecordHandler {
    let pool: String
    let lane: Topics.Lane
    let slots: ScanSlots
    let jobs: ScanJobs

    func handle(_ record: WholeRecord) async throws {
        let request = try record.payload(ScanRequest.self)
        await slots.take(lane, pool: pool)
        do {
            try await jobs.run(request, lane: lane, context: record.context)
            await slots.give(lane)
        } catch {
            await slots.give(lane)
            throw error
        }
    }

    /// What a scan itself runs into is state and not an error; what comes here is the log, the view, or the record.
    func disposition(of error: any Error, for record: WholeRecord) -> Disposition {
        switch error {
        case let error as EventError: error.disposition
        case let error as EventLogError: .of(error)
        case let error as ViewError: error.isTransient ? .wait(after: .seconds(1)) : .fatal
        case let error as StorageError: error.isTransient ? .wait(after: .seconds(1)) : .fatal
        default: .retry(after: .seconds(1))
        }
    }
}
