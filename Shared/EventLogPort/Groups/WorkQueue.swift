/// The processor's memory: which records wait, run or sleep. A value, so it can be tested without tasks.
struct WorkQueue {
    struct Job: Sendable {
        /// As it lies in the log: its parts are put together when it starts.
        let record: Record
        let attempt: Int
        /// How often in a row it waited for something else since its last attempt.
        let waits: Int
        /// The assignment that it came with: after a revocation the number of its partition differs.
        let tenure: Int
    }

    let width: Int
    let ordered: Bool
    private(set) var running = 0
    private(set) var sleeping = 0
    private var waiting: [Job] = []
    private var busyKeys: Set<String> = []
    private var tenures: [TopicPartition: Int] = [:]
    private var tenureCount = 0

    init(width: Int, ordered: Bool) {
        precondition(width >= 1)
        self.width = width
        self.ordered = ordered
    }

    mutating func assign(_ partitions: Set<TopicPartition>) {
        for partition in partitions {
            tenureCount += 1
            tenures[partition] = tenureCount
        }
    }

    /// Drops what waits in these partitions; what runs goes on, what sleeps is dropped when it wakes.
    mutating func revoke(_ partitions: Set<TopicPartition>) {
        for partition in partitions { tenures[partition] = nil }
        waiting.removeAll { partitions.contains($0.record.id.topicPartition) }
    }

    mutating func add(_ record: Record) {
        guard let tenure = tenures[record.id.topicPartition] else { return }
        waiting.append(Job(record: record, attempt: 1, waits: 0, tenure: tenure))
    }

    /// The next jobs that may start now: at most `width` run, and per key one at a time if the order counts.
    mutating func start() -> [Job] {
        var started: [Job] = []
        var index = 0
        while running < width, index < waiting.count {
            let key = waiting[index].record.key
            if ordered, busyKeys.contains(key) {
                index += 1
                continue
            }
            let job = waiting.remove(at: index)
            if ordered { busyKeys.insert(key) }
            running += 1
            started.append(job)
        }
        return started
    }

    mutating func finish(_ job: Job) {
        running -= 1
        busyKeys.remove(job.record.key)
    }

    /// The job leaves its place for others while it waits for its next attempt; its key stays busy if the order counts.
    mutating func sleep(_ job: Job) {
        running -= 1
        sleeping += 1
    }

    /// A job whose wait is over stands first in the line, if its partition is still ours.
    /// - Parameter usesAttempt: whether what made it wait was an attempt of its own.
    mutating func wakeUp(_ job: Job, usesAttempt: Bool) {
        sleeping -= 1
        busyKeys.remove(job.record.key)
        guard tenures[job.record.id.topicPartition] == job.tenure else { return }
        let next = Job(
            record: job.record, attempt: job.attempt + (usesAttempt ? 1 : 0), waits: usesAttempt ? 0 : job.waits + 1,
            tenure: job.tenure)
        waiting.insert(next, at: 0)
    }

    mutating func dropWaiting() { waiting = [] }
}
