/// `Packages.db` of rpm's own store ndb, which SUSE uses (rpm's `lib/backend/ndb/rpmpkg.c`; little-endian): pages of
/// slots, each with the place of a package's header.
enum NdbStore {
    private static let magic = 0x506D_7052  // RpmP
    private static let slotMagic = 0x746F_6C53  // Slot
    private static let blobMagic = 0x5362_6C42  // BlbS
    private static let pageBytes = 4096
    private static let blockBytes = 16

    static func headers(
        _ bytes: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer) throws(AnalysisError) -> Void
    ) throws(AnalysisError) {
        let file = StoreBytes(bytes: bytes, isBigEndian: false)
        guard try file.u32(0) == magic else { throw AnalysisError("it is no ndb database") }
        let version = try file.u32(4)
        guard version == 0 else { throw AnalysisError("it is an ndb database of version \(version)") }
        let pages = try file.u32(12)
        guard pages >= 1, pages <= bytes.count / pageBytes else { throw StoreBytes.cutOff }
        // The file's header takes the place of the first two slots.
        for slot in stride(from: 2 * blockBytes, to: pages * pageBytes, by: blockBytes) {
            guard try file.u32(slot) == slotMagic else { throw AnalysisError("the slot at \(slot) is none") }
            let package = try file.u32(slot + 4)
            if package == 0 { continue }
            let blob = try file.u32(slot + 8) * blockBytes
            guard try file.u32(blob) == blobMagic, try file.u32(blob + 4) == package else {
                throw AnalysisError("package \(package) is not where its slot says")
            }
            let count = try file.u32(blob + 12)
            try RpmLimits.check(headerBytes: count)
            try body(try file.slice(blob + 16, count))
        }
    }
}
