import Foundation

/// A random number generator with a seed (SplitMix64), so that a failing property test can be run again.
///
/// The seed is `PRATIQUE_TEST_SEED` if it is set, else a new one; `init` prints it with the test's name.
public struct SeededGenerator: RandomNumberGenerator {
    public let seed: UInt64
    private var state: UInt64

    public init(for test: String) {
        let given = ProcessInfo.processInfo.environment["PRATIQUE_TEST_SEED"].flatMap { UInt64($0) }
        self.init(seed: given ?? UInt64.random(in: 0...UInt64.max))
        print("seed of “\(test)”: \(seed) (PRATIQUE_TEST_SEED=\(seed) runs it again)")
    }

    public init(seed: UInt64) {
        self.seed = seed
        state = seed
    }

    public mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }

    /// One of several; `choices` is not empty.
    public mutating func pick<Choice>(_ choices: [Choice]) -> Choice {
        choices[Int.random(in: 0..<choices.count, using: &self)]
    }

    /// Text of up to `most` characters out of `alphabet`.
    public mutating func text(from alphabet: String, most: Int) -> String {
        let characters = Array(alphabet)
        return String((0..<Int.random(in: 0...most, using: &self)).map { _ in pick(characters) })
    }

    /// Up to `most` random bytes read as UTF-8.
    public mutating func bytes(most: Int) -> String {
        let bytes = (0..<Int.random(in: 0...most, using: &self)).map { _ in UInt8.random(in: 0...255, using: &self) }
        return String(decoding: bytes, as: UTF8.self)
    }
}
