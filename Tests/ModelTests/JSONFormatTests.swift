import Foundation
import Model
import TestSupport
import Testing

@Suite("JSON as Pratique writes it")
struct JSONFormatTests {
    @Test("a time is written as Foundation writes it, with milliseconds")
    func timesAgreeWithFoundation() {
        let seed = UInt64.random(in: .min ... .max)
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<20_000 {
            let seconds = Int64.random(in: -62_000_000_000..<253_402_300_800, using: &generator)
            let date = Date(timeIntervalSince1970: Double(seconds))
            let foundation = date.formatted(Date.ISO8601FormatStyle())
            #expect(date.rfc3339 == foundation.dropLast() + ".000Z", "seed \(seed)")
        }
    }

    @Test(
        "a time is rounded to milliseconds, also over the end of a year",
        arguments: [
            (0, "1970-01-01T00:00:00.000Z"), (951_782_400.5, "2000-02-29T00:00:00.500Z"),
            (1_735_689_599.9994, "2024-12-31T23:59:59.999Z"), (1_735_689_599.9996, "2025-01-01T00:00:00.000Z"),
            (4_107_542_400, "2100-03-01T00:00:00.000Z"), (253_402_300_799.999, "9999-12-31T23:59:59.999Z"),
        ])
    func timesAreRounded(_ seconds: Double, _ text: String) {
        #expect(Date(timeIntervalSince1970: seconds).rfc3339 == text)
    }
}
