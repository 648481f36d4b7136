/// Numbers of a file that may say anything: every place is checked.
struct StoreBytes {
    let bytes: UnsafeRawBufferPointer
    let isBigEndian: Bool

    func u16(_ offset: Int) throws(AnalysisError) -> Int { Int(try number(offset, UInt16.self)) }
    func u32(_ offset: Int) throws(AnalysisError) -> Int { Int(try number(offset, UInt32.self)) }

    func u8(_ offset: Int) throws(AnalysisError) -> Int {
        guard bytes.indices.contains(offset) else { throw Self.cutOff }
        return Int(bytes[offset])
    }

    private func number<Number: FixedWidthInteger>(_ offset: Int, _: Number.Type) throws(AnalysisError) -> Number {
        guard offset >= 0, offset <= bytes.count - MemoryLayout<Number>.size else { throw Self.cutOff }
        let number = bytes.loadUnaligned(fromByteOffset: offset, as: Number.self)
        return isBigEndian ? Number(bigEndian: number) : Number(littleEndian: number)
    }

    func slice(_ offset: Int, _ count: Int) throws(AnalysisError) -> UnsafeRawBufferPointer {
        guard offset >= 0, count >= 0, offset <= bytes.count, count <= bytes.count - offset else { throw Self.cutOff }
        return UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + count])
    }

    /// Hands over what was gathered from several places.
    static func with(
        _ whole: [UInt8], _ body: (UnsafeRawBufferPointer) throws(AnalysisError) -> Void
    ) throws(AnalysisError) {
        try whole.withUnsafeBytes { bytes in
            Result { () throws(AnalysisError) in try body(bytes) }
        }.get()
    }

    static let cutOff = AnalysisError("the database is cut off, or a place in it lies outside")
}

/// The bounds of what a store of rpm may say.
enum RpmLimits {
    /// One header: those of packages with tens of thousands of files have a few MiB.
    static let headerBytesMax = 32 << 20

    static func check(headerBytes: Int) throws(AnalysisError) {
        guard headerBytes <= headerBytesMax else {
            throw AnalysisError("a header of \(headerBytes) bytes is over the limit headerBytesMax = \(headerBytesMax)")
        }
    }
}
