/// What a service does with one record of a group, and what it makes of its own errors.
public protocol RecordHandler: Sendable {
    /// Does everything that the record causes and returns when all of it is durable: then the record is acknowledged.
    /// Runs again for the same record after a crash or a revocation, so it must be idempotent by content.
    func handle(_ record: WholeRecord) async throws

    /// Maps every error that `handle` throws. A cancellation by the processor does not come here.
    func disposition(of error: any Error, for record: WholeRecord) -> Disposition
}

/// What becomes of a record whose handler threw.
public enum Disposition: Sendable, Equatable {
    /// Try again after at least this long (more by the processor's own back-off), until its attempts are used up.
    case retry(after: Duration)
    /// The log, a view or a file is away or late: try again after at least this long, as often as it takes. No attempt
    /// is used up, since the record is not at fault.
    case wait(after: Duration)
    /// Set it aside with its reason: the same bytes would fail again.
    case deadLetter(cause: DeadLetterCause = .refused, reason: String)
    /// End the processor: nothing would work (the disk is full, the configuration is wrong).
    case fatal
}

extension Disposition {
    /// What an error of the log makes of the record whose handler met it. A name, a key or a value that the log does
    /// not take comes of the record: ending the processor would end it again at each start.
    public static func of(_ error: EventLogError) -> Disposition {
        switch error {
        case .badName, .keyTooLong, .valueTooLarge: .deadLetter(reason: "\(error)")
        default: error.isTransient ? .wait(after: .seconds(1)) : .fatal
        }
    }
}
