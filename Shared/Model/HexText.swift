extension String {
    /// Lower-case hexadecimal digits, two a byte.
    public init(hex bytes: some Collection<UInt8>) {
        self.init(unsafeUninitializedCapacity: bytes.count * 2) { text in
            var end = 0
            for byte in bytes {
                text[end] = Self.digit(byte >> 4)
                text[end + 1] = Self.digit(byte & 15)
                end += 2
            }
            return end
        }
    }

    private static func digit(_ nibble: UInt8) -> UInt8 {
        nibble < 10 ? UInt8(ascii: "0") + nibble : UInt8(ascii: "a") - 10 + nibble
    }
}
