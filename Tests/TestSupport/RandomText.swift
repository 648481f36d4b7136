extension SeededGenerator {
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
