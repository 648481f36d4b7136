/// Takes the bytes of a tar archive in pieces of any size, and tells what is in it.
///
/// Formats: V7, ustar, GNU (long names, base 256, old sparse headers), PAX. Bodies that nobody wants are stepped over.
struct TarParser {
    private enum State {
        case header
        /// What follows the body: its bytes left, then padding to 512.
        case body(left: Int64, padding: Int)
        case sparseExtension
        /// The last of `count` zero blocks was seen.
        case zeros(count: Int)
    }
    /// Where a body goes.
    private enum Use {
        case skip
        case extensionHeader(type: UInt8)
        case content(TarEntry)
        /// A file that nobody wants as a whole: by its first bytes it is decided whether it is read.
        case beginning(TarEntry)
        case pieces(any EntryReading)
        /// A file that is put together; `isWanted` as a whole, else it is looked at from its beginning.
        case sparse(TarEntry, isWanted: Bool)
    }

    /// Less data in a large sparse file is no program.
    private static let sparseDataBytesMin: Int64 = 64 << 10

    private let limits: LayerLimits
    private var state = State.header
    private var use = Use.skip
    /// A header that came in pieces.
    private var block: [UInt8] = []
    /// A body that is collected: an extension header or a wanted file that came in pieces.
    private var collected: [UInt8] = []
    private var longName: [UInt8]?
    private var longLink: [UInt8]?
    private var pax: PAXRecords?
    private var headers = 0
    private var keptBytes: Int64 = 0
    /// The sparse file whose map is still coming, and what becomes of it.
    private var mapped: (use: Use, storedBytes: Int64, file: SparseFile)?
    /// The sparse file that is being put together.
    private var sparse: SparseBody?
    /// The offset in the archive, for messages.
    private(set) var offset: Int64 = 0
    private(set) var ignored = IgnoredEntries()

    init(limits: LayerLimits) { self.limits = limits }

    /// Feeds the next bytes.
    mutating func feed(
        _ bytes: UnsafeRawBufferPointer, into output: inout LayerContentsBuilder, _ selector: (any EntrySelector)?
    ) throws {
        var position = 0
        while position < bytes.count {
            let rest = UnsafeRawBufferPointer(rebasing: bytes[position...])
            let step: Int
            switch state {
            case .body(let left, let padding):
                step = try body(rest, left: left, padding: padding, &output, selector)
            case .header, .zeros, .sparseExtension:
                step = try blockStep(rest, &output, selector)
            }
            position += step
            offset += Int64(step)
        }
    }

    /// The archive is over: was it complete?
    ///
    /// One without its end marker is, and without the padding of its last body, too: runtimes take it (Go's
    /// archive/tar), and builders make it (umoci 0.4). What was lost on the way is told by the layer's digests.
    func finish() throws(TarError) {
        let isComplete =
            switch state {
            case .zeros(let count): count >= 2 || block.isEmpty
            case .header: headers > 0 && block.isEmpty
            case .body(let left, _): left == 0
            case .sparseExtension: false
            }
        guard isComplete else {
            throw TarError(headers == 0 ? "it holds no entry and no end marker" : "it is cut off")
        }
        if pax != nil || longName != nil || longLink != nil { throw TarError("an extension header has no entry") }
    }

    // MARK: Blocks

    /// Completes one block of 512 bytes and reads it.
    private mutating func blockStep(
        _ bytes: UnsafeRawBufferPointer, _ output: inout LayerContentsBuilder, _ selector: (any EntrySelector)?
    ) throws -> Int {
        let size = TarHeader.blockBytes
        if block.isEmpty, bytes.count >= size {
            try read(UnsafeRawBufferPointer(rebasing: bytes[..<size]), &output, selector)
            return size
        }
        let step = min(size - block.count, bytes.count)
        block.append(contentsOf: bytes[..<step])
        guard block.count == size else { return step }
        let whole = block
        block.removeAll(keepingCapacity: true)
        try whole.withUnsafeBytes { try read($0, &output, selector) }
        return step
    }

    private mutating func read(
        _ block: UnsafeRawBufferPointer, _ output: inout LayerContentsBuilder, _ selector: (any EntrySelector)?
    ) throws {
        let isZero = block.allSatisfy { $0 == 0 }
        switch state {
        case .zeros(let count):
            // After two zero blocks the archive is over, whatever follows (runtimes stop there, too).
            if count >= 2 { return }
            guard isZero else { throw TarError("an entry follows a lone zero block") }
            state = .zeros(count: count + 1)
        case .sparseExtension:
            try mapped?.file.extend(block)
            if block[504] == 0 { try beginMapped(&output, selector) }
        case .header, .body:
            if isZero { state = .zeros(count: 1) } else { try header(TarHeader(block), &output, selector) }
        }
    }

    private mutating func header(
        _ header: TarHeader, _ output: inout LayerContentsBuilder, _ selector: (any EntrySelector)?
    ) throws {
        headers += 1
        guard headers <= limits.entriesMax else {
            throw CauseError(.overLimit("entriesMax", limit: Int64(limits.entriesMax), value: nil))
        }
        switch header.type {
        case UInt8(ascii: "x"), UInt8(ascii: "X"), UInt8(ascii: "L"), UInt8(ascii: "K"):
            guard header.sizeBytes <= Int64(limits.extensionBytesMax) else {
                throw CauseError(
                    .overLimit("extensionBytesMax", limit: Int64(limits.extensionBytesMax), value: header.sizeBytes))
            }
            try begin(.extensionHeader(type: header.type), bytes: header.sizeBytes, &output, selector)
        case UInt8(ascii: "g"):
            // Global PAX headers are skipped, as runtimes do; they carry comments in practice.
            guard header.sizeBytes <= Int64(limits.extensionBytesMax) else {
                throw CauseError(
                    .overLimit("extensionBytesMax", limit: Int64(limits.extensionBytesMax), value: header.sizeBytes))
            }
            try begin(.skip, bytes: header.sizeBytes, &output, selector)
        case UInt8(ascii: "M"): throw TarError("it is one volume of several")
        case UInt8(ascii: "V"), UInt8(ascii: "A"), UInt8(ascii: "I"), UInt8(ascii: "N"):
            try begin(.skip, bytes: header.sizeBytes, &output, selector)
        default: try entry(header, &output, selector)
        }
    }

    // MARK: Entries

    private mutating func entry(
        _ header: TarHeader, _ output: inout LayerContentsBuilder, _ selector: (any EntrySelector)?
    ) throws {
        var header = header
        let rawName = longName ?? pax?.path ?? header.name
        if header.isV7File, rawName.last == UInt8(ascii: "/") { header.type = UInt8(ascii: "5") }
        let rawLink = longLink ?? pax?.linkPath ?? header.linkName
        let stored = pax?.sizeBytes ?? header.sizeBytes
        let sparseFile = try pax?.sparse() ?? header.sparse
        (longName, longLink, pax) = (nil, nil, nil)

        guard rawName.count <= limits.pathBytesMax, rawLink.count <= limits.pathBytesMax else {
            throw CauseError(
                .overLimit(
                    "pathBytesMax", limit: Int64(limits.pathBytesMax), value: Int64(max(rawName.count, rawLink.count))))
        }
        let kind = try Self.kind(header, link: rawLink)
        // Only files have bodies; what other kinds state as their size is not followed by data (as in Go's
        // archive/tar).
        let bodyBytes = header.type == UInt8(ascii: "D") || Self.isFile(header.type) ? stored : 0
        guard bodyBytes <= limits.uncompressedBytesMax - offset else {
            throw CauseError(.overLimit("uncompressedBytesMax", limit: limits.uncompressedBytesMax, value: bodyBytes))
        }
        guard let path = EntryPath(rawName), let kind, !(path.isRoot && kind != .directory) else {
            ignored.add(rawName, "its path or link target leaves the image root")
            return try beginBody(header, .skip, bodyBytes, sparseFile, &output, selector)
        }
        let sizeBytes = kind == .file ? sparseFile?.realBytes ?? bodyBytes : 0
        let entry = TarEntry(path: path, kind: kind, mode: header.mode, sizeBytes: sizeBytes)
        let isReal = try output.add(entry)
        guard isReal, kind == .file, let selector else {
            return try beginBody(header, .skip, bodyBytes, sparseFile, &output, selector)
        }
        let use = try use(of: entry, sparseBytes: sparseFile == nil ? nil : bodyBytes, selector)
        try beginBody(header, use, bodyBytes, sparseFile, &output, selector)
    }

    /// What becomes of a file's content.
    ///
    /// - Parameter sparseBytes: what is stored of a sparse file; nil for others.
    private mutating func use(
        of entry: TarEntry, sparseBytes: Int64?, _ selector: any EntrySelector
    ) throws -> Use {
        let fits = entry.sizeBytes <= limits.keptFileBytesMax
        guard selector.wants(entry) else {
            guard entry.sizeBytes >= Int64(EntryBeginning.bytes) else { return .skip }
            guard let sparseBytes else { return .beginning(entry) }
            // Put together for a look at its beginning, as long as that costs little. Beyond, one with data could be a
            // program; what has nearly none is a log of the last logins and the like.
            guard fits, keptBytes + entry.sizeBytes <= limits.keptBytesMax else {
                if sparseBytes >= Self.sparseDataBytesMin {
                    ignored.add(entry.path.bytes, "it is a sparse file, and too large to be put together")
                }
                return .skip
            }
            keptBytes += entry.sizeBytes
            return .sparse(entry, isWanted: false)
        }
        guard fits else {
            selector.take(
                entry,
                .unread(
                    reason:
                        "it has \(entry.sizeBytes) bytes, over the limit keptFileBytesMax = \(limits.keptFileBytesMax)")
            )
            return .skip
        }
        keptBytes += entry.sizeBytes
        guard keptBytes <= limits.keptBytesMax else {
            throw CauseError(.overLimit("keptBytesMax", limit: limits.keptBytesMax, value: keptBytes))
        }
        return sparseBytes != nil ? .sparse(entry, isWanted: true) : .content(entry)
    }

    private static func isFile(_ type: UInt8) -> Bool {
        switch type {
        case UInt8(ascii: "0"), UInt8(ascii: "7"), UInt8(ascii: "S"): true
        case UInt8(ascii: "1")...UInt8(ascii: "6"), UInt8(ascii: "D"): false
        // POSIX: unknown types are regular files.
        default: true
        }
    }

    /// - Returns: nil for a hard link whose target leaves the root.
    private static func kind(_ header: TarHeader, link: [UInt8]) throws(TarError) -> TarEntry.Kind? {
        switch header.type {
        case UInt8(ascii: "1"): return EntryPath(link).flatMap { $0.isRoot ? nil : .hardLink(target: $0) }
        case UInt8(ascii: "2"):
            guard !link.isEmpty else { throw TarError("a symbolic link has no target") }
            return .symlink(target: link)
        case UInt8(ascii: "3"), UInt8(ascii: "4"), UInt8(ascii: "6"): return .device
        case UInt8(ascii: "5"), UInt8(ascii: "D"): return .directory
        default: return .file
        }
    }

    // MARK: Bodies

    private mutating func beginBody(
        _ header: TarHeader, _ use: Use, _ bytes: Int64, _ sparse: SparseFile?, _ output: inout LayerContentsBuilder,
        _ selector: (any EntrySelector)?
    ) throws {
        if header.hasSparseExtension, let sparse {
            mapped = (use, bytes, sparse)
            state = .sparseExtension
            return
        }
        try begin(use, bytes: bytes, &output, selector, sparse: sparse)
    }

    private mutating func beginMapped(
        _ output: inout LayerContentsBuilder, _ selector: (any EntrySelector)?
    ) throws {
        guard let (use, bytes, file) = mapped else { preconditionFailure("blocks of a map follow a sparse header") }
        mapped = nil
        try begin(use, bytes: bytes, &output, selector, sparse: file)
    }

    private static func padding(_ bytes: Int64) -> Int { Int((512 - bytes % 512) % 512) }

    private mutating func begin(
        _ use: Use, bytes: Int64, _ output: inout LayerContentsBuilder, _ selector: (any EntrySelector)?,
        sparse file: SparseFile? = nil
    ) throws {
        self.use = use
        collected = []
        if case .sparse = use, let file { sparse = try SparseBody(file, storedBytes: bytes) }
        if bytes > 0 {
            state = .body(left: bytes, padding: Self.padding(bytes))
        } else {
            state = .header
            try [UInt8]().withUnsafeBytes { try deliver($0, selector) }
        }
    }

    /// Takes what there is of a body and of the padding behind it.
    private mutating func body(
        _ bytes: UnsafeRawBufferPointer, left: Int64, padding: Int, _ output: inout LayerContentsBuilder,
        _ selector: (any EntrySelector)?
    ) throws -> Int {
        let step = Int(min(left, Int64(bytes.count)))
        if step > 0 {
            let piece = UnsafeRawBufferPointer(rebasing: bytes[..<step])
            if case .beginning(let entry) = use { look(at: piece, of: entry, selector) }
            if case .sparse = use {
                try sparse?.take(piece)
                if Int64(step) == left { try deliver(piece, selector) }
            } else if case .pieces(let reading) = use {
                read(piece, isLast: Int64(step) == left, reading)
            } else if case .beginning = use {
                // So few bytes came that they do not tell yet.
            } else if Int64(step) == left, collected.isEmpty {
                // The whole body lies in this piece: no copy.
                try deliver(piece, selector)
            } else if !isSkipping {
                // Exactly: growing by doubling would take twice the memory of a large file.
                if collected.isEmpty { collected.reserveCapacity(Int(left)) }
                collected.append(contentsOf: piece)
                if Int64(step) == left { try deliverCollected(selector) }
            }
        }
        let padded = left == Int64(step) ? min(padding, bytes.count - step) : 0
        if left == Int64(step), padded == padding {
            state = .header
        } else {
            state = .body(left: left - Int64(step), padding: padding - padded)
        }
        return step + padded
    }

    /// Decides, once there are enough bytes, whether a file is read in pieces. Those that came before are in
    /// `collected`, which is given first.
    private mutating func look(at piece: UnsafeRawBufferPointer, of entry: TarEntry, _ selector: (any EntrySelector)?) {
        if collected.isEmpty, piece.count >= EntryBeginning.bytes {
            use = selector?.reading(entry, piece).map { .pieces($0) } ?? .skip
            return
        }
        let missing = EntryBeginning.bytes - collected.count
        guard piece.count >= missing else {
            collected.append(contentsOf: piece)
            return
        }
        let before = collected
        collected = []
        let reading = (before + piece.prefix(missing)).withUnsafeBytes { selector?.reading(entry, $0) }
        guard let reading else { return use = .skip }
        use = before.withUnsafeBytes { reading.take($0) } ? .pieces(reading) : .skip
        if isSkipping { reading.finish() }
    }

    private mutating func read(_ piece: UnsafeRawBufferPointer, isLast: Bool, _ reading: any EntryReading) {
        guard !reading.take(piece) || isLast else { return }
        reading.finish()
        use = .skip
    }

    private var isSkipping: Bool { if case .skip = use { true } else { false } }

    private mutating func deliverCollected(_ selector: (any EntrySelector)?) throws {
        let whole = collected
        collected = []
        try whole.withUnsafeBytes { try deliver($0, selector) }
    }

    private mutating func deliver(_ bytes: UnsafeRawBufferPointer, _ selector: (any EntrySelector)?) throws {
        switch use {
        case .skip, .beginning, .pieces: break
        case .content(let entry): selector?.take(entry, .bytes(bytes))
        case .sparse(let entry, let isWanted): try deliverSparse(entry, isWanted, selector)
        case .extensionHeader(UInt8(ascii: "L")): longName = Array(bytes.prefix { $0 != 0 })
        case .extensionHeader(UInt8(ascii: "K")): longLink = Array(bytes.prefix { $0 != 0 })
        case .extensionHeader: pax = try PAXRecords(Array(bytes))
        }
        // Delivered once, even if padding follows in another piece.
        use = .skip
    }

    private mutating func deliverSparse(
        _ entry: TarEntry, _ isWanted: Bool, _ selector: (any EntrySelector)?
    ) throws(TarError) {
        guard let whole = try sparse?.finish() else { return }
        sparse = nil
        whole.withUnsafeBytes { whole in
            if isWanted {
                selector?.take(entry, .bytes(whole))
            } else if let reading = selector?.reading(entry, whole) {
                _ = reading.take(whole)
                reading.finish()
            }
        }
    }
}

/// Entries that were left out, for the report: how many, and the first few.
public struct IgnoredEntries: Hashable, Sendable, Codable {
    public private(set) var count = 0
    public private(set) var examples: [String] = []
    static let examplesMax = 3

    mutating func add(_ rawName: [UInt8], _ reason: String) {
        count += 1
        guard examples.count < Self.examplesMax else { return }
        examples.append("\(EntryPath(unchecked: Array(rawName.prefix(200)))): \(reason)")
    }
}
