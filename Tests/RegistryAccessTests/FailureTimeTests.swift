import Events
import Foundation
import Model
import RegistryAccess
import TestSupport
import Testing

@Suite("When a failure is tried again")
struct FailureTimeTests {
    private let now = Date(timeIntervalSince1970: 1_800_000_000)

    private func waits(
        _ kind: Failure.Kind, attempt: Int, asked: Duration? = nil, _ random: inout SeededGenerator
    ) -> [Double?] {
        (0..<50).map { _ in
            RegistryFailure.failure(kind, "down", asked: asked, attempt: attempt, now: now, using: &random)
                .nextAttemptAt?.timeIntervalSince(now)
        }
    }

    @Test("after a time that grows to its bound and is never the same for all", arguments: Failure.Kind.allCases)
    func spread(kind: Failure.Kind) {
        var random = SeededGenerator.printed("\(kind)")
        for attempt in [1, 2, 5, 20, 1_000_000] {
            let waits = waits(kind, attempt: attempt, &random)
            switch kind {
            case .unsupported, .tooLarge, .notAnImage: #expect(waits.allSatisfy { $0 == nil })
            default:
                let found = waits.compactMap(\.self)
                #expect(found.count == 50 && Set(found).count > 40)
                #expect(found.allSatisfy { $0 >= 15 && $0 <= RegistryFailure.delayMaxSeconds * 1.2 })
                if kind == .unauthorized { #expect(found.allSatisfy { $0 >= 3_600 }) }
                if attempt == 1, kind != .unauthorized { #expect(found.allSatisfy { $0 <= 30 }) }
                if attempt >= 20 { #expect(found.allSatisfy { $0 >= RegistryFailure.delayMaxSeconds / 2 }) }
            }
        }
    }

    @Test("no sooner than the registry asks for, and not all at that moment")
    func asked() {
        var random = SeededGenerator.printed("asked")
        let waits = waits(.rateLimited, attempt: 1, asked: .seconds(600), &random).compactMap(\.self)
        #expect(waits.allSatisfy { $0 >= 600 && $0 <= 661 } && Set(waits).count > 40)
        let long = self.waits(.rateLimited, attempt: 1, asked: .seconds(1_000_000), &random).compactMap(\.self)
        #expect(long.allSatisfy { $0 <= RegistryFailure.delayMaxSeconds * 1.1 + 1 })
    }
}
