import Model
import TestSupport
import Testing

@testable import LayerArchive

@Suite("Tables of contents")
struct LayerTableTests {
    private static let dataEnd: Int64 = 1000

    private static func table(_ entries: String) throws -> LayerTable {
        try LayerTable(
            document: Array(#"{"version": 1, "entries": [\#(entries)]}"#.utf8), .gzip, dataEnd: dataEnd,
            limits: .standard)
    }

    private static func file(_ name: String, size: Int, offset: Int, _ more: String = "") -> String {
        #"{"type": "reg", "name": "\#(name)", "size": \#(size), "offset": \#(offset)\#(more)}"#
    }

    @Test("a file's part ends where the next one begins, or where the data ends")
    func parts() throws {
        let table = try Self.table(
            [
                Self.file("b", size: 30, offset: 400, #", "chunkSize": 20"#),
                #"{"type": "chunk", "name": "b", "offset": 600, "chunkOffset": 20}"#,
                Self.file("a", size: 5, offset: 100), Self.file("empty", size: 0, offset: 100),
                #"{"type": "dir", "name": "d/", "mode": 493}"#,
            ].joined(separator: ","))
        #expect(table.entries.map(\.entry.path.description) == ["b", "a", "empty", "d"])
        #expect(table.entries.map { $0.chunks.map(\.stored) } == [[400..<600, 600..<1000], [100..<400], [], []])
        #expect(table.entries[0].chunks.map(\.sizeBytes) == [20, 10])
    }

    @Test(
        "a table that cannot be is refused",
        arguments: [
            (file("a", size: 5, offset: 1000), "the parts of a file in its table of contents are not in order"),
            (file("a", size: 5, offset: -1), "the parts of a file in its table of contents are not in order"),
            (
                file("a", size: 5, offset: 1, #", "chunkSize": 6"#),
                "the parts of a file in its table of contents are not in order"
            ),
            (file("a", size: 5, offset: 1, #", "chunkSize": 3"#), "a file of its table of contents lacks a part"),
            (
                file("a", size: 5, offset: 1, #", "chunkSize": 3"#) + "," + file("b", size: 1, offset: 2),
                "a file of its table of contents lacks a part"
            ),
            (file("a", size: 5, offset: 9, #", "endOffset": 9"#), "a part of a file lies outside its layer"),
            (file("a", size: 5, offset: 9, #", "endOffset": 1001"#), "a part of a file lies outside its layer"),
            (
                file("a", size: -1, offset: 0), "a file of its table of contents has an impossible size"
            ),
            (file("../a", size: 0, offset: 0), "a name in its table of contents cannot be a path of the image"),
            (
                #"{"type": "hardlink", "name": "a", "linkName": "/"}"#,
                "a hard link of its table of contents leads nowhere"
            ),
            (#"{"type": "chunk", "name": "a", "offset": 1}"#, "a part in its table of contents belongs to no file"),
            (#"{"type": "x", "name": "a"}"#, "its table of contents has an entry of the type x"),
            (#"{"name": 1}"#, "its table of contents is no JSON that is understood"),
        ])
    func damage(_ entries: String, _ reason: String) {
        #expect(throws: LayerTableError(reason)) { try Self.table(entries) }
    }

    @Test("files that share a stretch are decoded up to a limit in all, so a small layer costs no hours")
    func sharing() throws {
        let inner = 60 << 20
        let files = (0..<300).map { Self.file("f\($0)", size: 5, offset: 0, #", "innerOffset": \#(inner)"#) }
        let table = try Self.table(files.joined(separator: ","))
        let digest = ImageFixture.digest([])
        let layer = Descriptor(mediaType: "application/vnd.oci.image.layer.v1.tar", digest: digest, size: 1000)
        #expect(throws: LayerTableError.self) {
            try table.walk(layer, diffID: digest, limits: .standard) { _ in true }
        }
        #expect(
            try table.walk(layer, diffID: digest, limits: .standard) { $0.path.description == "f1" }.wanted.count == 1)
    }
}
