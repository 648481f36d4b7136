/// How often and after which waits a request is repeated.
public struct RetryPolicy: Sendable, Hashable {
    /// All tries, the first included.
    public var attemptsMax: Int
    public var firstDelay: Duration
    public var delayMax: Duration
    /// The longest `Retry-After` that is waited for in place; beyond it the caller gets an error that carries it.
    public var retryAfterMax: Duration

    /// Statuses that a later try may change (what clients of registries agree on).
    public static let transientStatuses: Set<Int> = [408, 429, 500, 502, 503, 504, 522]

    public init(
        attemptsMax: Int = 4, firstDelay: Duration = .milliseconds(500), delayMax: Duration = .seconds(20),
        retryAfterMax: Duration = .seconds(30)
    ) {
        precondition(attemptsMax >= 1, "at least one try")
        self.attemptsMax = attemptsMax
        self.firstDelay = firstDelay
        self.delayMax = delayMax
        self.retryAfterMax = retryAfterMax
    }

    public static let never = RetryPolicy(attemptsMax: 1)

    /// The wait after try number `attempt` (from 1): doubled each time, capped, then a random half taken off at most.
    public func delay(after attempt: Int, using generator: inout some RandomNumberGenerator) -> Duration {
        let doubled = firstDelay * Double(1 << min(attempt - 1, 20))
        return min(doubled, delayMax) * Double.random(in: 0.5...1, using: &generator)
    }
}

/// `Retry-After`: seconds or an HTTP date (RFC 9110 §10.2.3).
public enum RetryAfter {
    /// The wait from `unixNow` (seconds), never negative, or nil where the text is neither form.
    public static func parse(_ text: String, unixNow: Int64) -> Duration? {
        let bare = text.filter { $0 != "\r" && $0 != "\n" }
        let trimmed = String(bare.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
        if !trimmed.isEmpty, trimmed.utf8.allSatisfy({ (48...57).contains($0) }) {
            // A number with more digits than a century has seconds is a century.
            return .seconds(min(Int64(trimmed) ?? .max, 3_155_760_000))
        }
        return unixTime(ofDate: trimmed).map { .seconds(max(0, $0 - unixNow)) }
    }

    /// `Sun, 06 Nov 1994 08:49:37 GMT` (IMF-fixdate). The two obsolete forms are not read.
    static func unixTime(ofDate text: String) -> Int64? {
        let parts = text.split(separator: " ")
        guard parts.count == 6, parts[0].hasSuffix(","), parts[5] == "GMT" || parts[5] == "UTC" else { return nil }
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        let clock = parts[4].split(separator: ":").compactMap { Int64($0) }
        guard let day = Int64(parts[1]), (1...31).contains(day), let month = months.firstIndex(of: String(parts[2])),
            let year = Int64(parts[3]), (1970...9999).contains(year), clock.count == 3,
            (0...23).contains(clock[0]), (0...59).contains(clock[1]), (0...60).contains(clock[2])
        else { return nil }
        return days(year: year, month: Int64(month) + 1, day: day) * 86_400 + clock[0] * 3600 + clock[1] * 60 + clock[2]
    }

    /// Days from 1970-01-01 in the proleptic Gregorian calendar.
    private static func days(year: Int64, month: Int64, day: Int64) -> Int64 {
        let shifted = month <= 2 ? year - 1 : year
        let era = shifted / 400
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        return era * 146_097 + dayOfEra - 719_468
    }
}
