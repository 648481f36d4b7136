/// A package as rpm's databases hold it, and the stores that hold such headers.
struct RpmFixture {
    var name: String
    var version = "1.2"
    var release = "3.el9"
    var epoch: UInt32?
    var architecture = "x86_64"
    var license = "MIT"
    var source: String?
    /// Folder (with a slash at its end) and name of each file.
    var files: [(folder: String, name: String)] = []

    /// The package URL's version with its epoch, as inventories state it.
    var full: String { (epoch.map { $0 == 0 ? "" : "\($0):" } ?? "") + "\(version)-\(release)" }

    var header: [UInt8] {
        var tags: [(tag: UInt32, kind: UInt32, count: Int, data: [UInt8])] = [
            (1000, 6, 1, Self.text(name)), (1001, 6, 1, Self.text(version)), (1002, 6, 1, Self.text(release)),
            (1014, 6, 1, Self.text(license)), (1022, 6, 1, Self.text(architecture)),
        ]
        if let epoch { tags.append((1003, 4, 1, Self.big(epoch))) }
        if let source { tags.append((1044, 6, 1, Self.text(source))) }
        if !files.isEmpty {
            let folders = Array(Set(files.map(\.folder))).sorted()
            let indexes = files.flatMap { file in Self.big(UInt32(folders.firstIndex(of: file.folder) ?? 0)) }
            tags.append((1116, 4, files.count, indexes))
            tags.append((1117, 8, files.count, files.flatMap { Self.text($0.name) }))
            tags.append((1118, 8, folders.count, folders.flatMap { Self.text($0) }))
        }
        var index: [UInt8] = []
        var data: [UInt8] = []
        for tag in tags {
            if tag.kind == 4 { while data.count % 4 != 0 { data.append(0) } }
            index += Self.big(tag.tag) + Self.big(tag.kind) + Self.big(UInt32(data.count)) + Self.big(UInt32(tag.count))
            data += tag.data
        }
        return Self.big(UInt32(tags.count)) + Self.big(UInt32(data.count)) + index + data
    }

    static func text(_ text: String) -> [UInt8] { Array(text.utf8) + [0] }
    static func big(_ number: UInt32) -> [UInt8] { [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: number >> $0) } }
    static func little(_ number: UInt32) -> [UInt8] { big(number).reversed() }
}

/// Writes `Packages.db`.
enum NdbFixture {
    static func store(_ headers: [[UInt8]]) -> [UInt8] {
        let little = RpmFixture.little
        var slots: [UInt8] = little(0x506D_7052) + little(0) + little(1) + little(1) + [UInt8](repeating: 0, count: 16)
        var blobs: [UInt8] = []
        for (index, header) in headers.enumerated() {
            let place = (4096 + blobs.count) / 16
            let blob =
                little(0x5362_6C42) + little(UInt32(index + 1)) + little(1) + little(UInt32(header.count)) + header
            let padding = [UInt8](repeating: 0, count: (16 - (blob.count + 12) % 16) % 16)
            let whole = blob + padding + little(0) + little(UInt32(header.count)) + little(0x4562_6C42)
            blobs += whole
            slots +=
                little(0x746F_6C53) + little(UInt32(index + 1)) + little(UInt32(place))
                + little(
                    UInt32(whole.count / 16))
        }
        while slots.count < 4096 { slots += little(0x746F_6C53) + [UInt8](repeating: 0, count: 12) }
        return slots + blobs
    }
}

/// Writes `Packages` as BerkeleyDB does: one bucket, whose pages are a chain.
struct BerkeleyFixture {
    var pageBytes = 4096
    var isBigEndian = false

    private func u32(_ number: Int) -> [UInt8] {
        isBigEndian ? RpmFixture.big(UInt32(number)) : RpmFixture.little(UInt32(number))
    }

    private func u16(_ number: Int) -> [UInt8] {
        let bytes = [UInt8(number & 0xFF), UInt8(number >> 8)]
        return isBigEndian ? bytes.reversed() : bytes
    }

    func store(_ headers: [[UInt8]]) -> [UInt8] {
        // The counter of packages is a value beside its key; each header lies on overflow pages of its own.
        let perPage = 20
        let chunks = stride(from: 0, to: headers.count, by: perPage).map { first in
            (first..<min(first + perPage, headers.count))
        }
        let hashPages = max(1, chunks.count)
        var overflow: [[UInt8]] = []
        var firstPage: [Int] = []
        for header in headers {
            let room = pageBytes - 26
            let pieces = stride(from: 0, to: header.count, by: room).map { header[$0..<min($0 + room, header.count)] }
            firstPage.append(1 + hashPages + overflow.count)
            for (index, piece) in pieces.enumerated() {
                let number = 1 + hashPages + overflow.count
                let next = index + 1 < pieces.count ? number + 1 : 0
                overflow.append(
                    page(number, next: next, entries: 1, free: piece.count, type: 7, content: Array(piece)))
            }
        }
        var hash: [[UInt8]] = []
        for index in 0..<hashPages {
            var items: [[UInt8]] = index == 0 ? [[1] + u32(0), [1] + u32(headers.count + 1)] : []
            for header in chunks.isEmpty ? 0..<0 : chunks[index] {
                items.append([1] + u32(header + 1))
                items.append([3, 0, 0, 0] + u32(firstPage[header]) + u32(headers[header].count))
            }
            hash.append(hashPage(1 + index, next: index + 1 < hashPages ? 2 + index : 0, items))
        }
        let last = hash.count + overflow.count
        return metadata(last: last, count: headers.count) + (hash + overflow).flatMap { $0 }
    }

    private func page(
        _ number: Int, previous: Int = 0, next: Int, entries: Int, free: Int, type: UInt8, content: [UInt8]
    )
        -> [UInt8]
    {
        let header = [UInt8](repeating: 0, count: 8) + u32(number) + u32(previous) + u32(next) + u16(entries)
        let whole = header + u16(free) + [0, type] + content
        return whole + [UInt8](repeating: 0, count: pageBytes - whole.count)
    }

    private func hashPage(_ number: Int, next: Int, _ items: [[UInt8]]) -> [UInt8] {
        var places: [UInt8] = []
        var end = pageBytes
        var body: [UInt8] = []
        for item in items {
            end -= item.count
            places += u16(end)
            body = item + body
        }
        let gap = [UInt8](repeating: 0, count: end - 26 - places.count)
        return page(
            number, previous: number == 1 ? 0 : number - 1, next: next, entries: items.count, free: end, type: 13,
            content: places + gap + body)
    }

    private func metadata(last: Int, count: Int) -> [UInt8] {
        var page = [UInt8](repeating: 0, count: 8) + u32(0) + u32(0x061561) + u32(9) + u32(pageBytes) + [0, 8, 0, 0]
        page += u32(0) + u32(last) + u32(0) + u32(count) + u32(count) + u32(0) + [UInt8](repeating: 7, count: 20)
        // One bucket: its number is 0, its first page 1.
        page += u32(0) + u32(1) + u32(0) + u32(0) + u32(count) + u32(0)
        page += u32(1) + u32(1)
        return page + [UInt8](repeating: 0, count: pageBytes - page.count)
    }
}
