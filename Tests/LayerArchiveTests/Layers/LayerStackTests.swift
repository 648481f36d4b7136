import LayerArchive
import Model
import TestSupport
import Testing

@Suite("Layers on top of each other")
struct LayerStackTests {
    private static func stack(_ layers: [TarFixture.Item]...) throws -> LayerStack {
        LayerStack(try layers.map { try Reading.read(LayerFixture($0, compression: .plain)).contents })
    }

    /// Where a path leads: `path@layer`, `path/` for a directory.
    private static func resolve(_ stack: LayerStack, _ path: String, height: Int? = nil) throws -> String {
        switch stack.resolve(try #require(EntryPath(path)), height: height) {
        case .file(let real, let layer): "\(real)@\(layer)"
        case .directory(let real): "\(real)/"
        case .missing: "missing"
        case .loop: "loop"
        }
    }

    struct Rule: Sendable, CustomTestStringConvertible {
        let name: String
        let layers: [[TarFixture.Item]]
        let path: String
        let expected: String
        var testDescription: String { name }

        init(_ name: String, _ path: String, _ expected: String, _ layers: [TarFixture.Item]...) {
            self.name = name
            self.path = path
            self.expected = expected
            self.layers = layers
        }
    }

    static let rules: [Rule] = [
        Rule("a file of the lowest layer", "a/f", "a/f@0", [.file("a/f")], [.file("b")]),
        Rule("the topmost copy counts", "a/f", "a/f@1", [.file("a/f")], [.file("a/f")], [.file("b")]),
        Rule("a whiteout removes a file", "a/f", "missing", [.file("a/f")], [.whiteout("a/f")]),
        Rule("a whiteout removes a directory", "a/f", "missing", [.file("a/f")], [.whiteout("a")]),
        Rule("a whiteout of another name does nothing", "a/f", "a/f@0", [.file("a/f")], [.whiteout("a/g")]),
        Rule(
            "a whiteout of a prefix of the name does nothing", "a/file", "a/file@0", [.file("a/file")],
            [.whiteout("a/fil")]),
        Rule(
            "a whiteout does not touch its own layer", "a/f", "a/f@1", [.file("a/f")], [.whiteout("a/f"), .file("a/f")]),
        Rule(
            "a late whiteout does not touch its own layer", "a/f", "a/f@1", [.file("a/f")],
            [.file("a/f"), .whiteout("a/f")]),
        Rule("a whiteout and a new file above", "a/f", "a/f@2", [.file("a/f")], [.whiteout("a/f")], [.file("a/f")]),
        Rule(
            "a directory opened anew has only the new", "a/f", "missing", [.file("a/f")], [.whiteout("a")],
            [.file("a/g")]),
        Rule(
            "an opaque directory hides what is below", "a/f", "missing", [.file("a/f")], [.opaque("a"), .file("a/g")]),
        Rule("a late opaque marker hides as well", "a/f", "missing", [.file("a/f")], [.file("a/g"), .opaque("a")]),
        Rule("an opaque directory keeps its own", "a/g", "a/g@1", [.file("a/f")], [.file("a/g"), .opaque("a")]),
        Rule("an opaque directory hides deep below", "a/b/c/f", "missing", [.file("a/b/c/f")], [.opaque("a")]),
        Rule("an opaque directory is still a directory", "a", "a/", [.file("a/f")], [.opaque("a")]),
        Rule("an opaque root hides all", "a/f", "missing", [.file("a/f")], [.opaque("")]),
        Rule("an opaque neighbour does nothing", "ab/f", "ab/f@0", [.file("ab/f")], [.opaque("a")]),
        Rule("a directory over a file", "a", "a/", [.file("a")], [.directory("a")]),
        Rule("a directory that is only implied, over a file", "a", "a/", [.file("a")], [.file("a/f")]),
        Rule("a file over a directory hides what was in it", "a/f", "missing", [.file("a/f")], [.file("a")]),
        Rule("a link over a directory hides what was in it", "a/f", "missing", [.file("a/f")], [.symlink("a", "b")]),
        Rule("a device over a directory hides what was in it", "a/f", "missing", [.file("a/f")], [.device("a")]),
        Rule(
            "a file replaced by a directory and back", "a", "a@2", [.file("a")], [.directory("a"), .file("a/f")],
            [.file("a")]),
        Rule(
            "a directory replaced by a file and back", "a/f", "a/f@2", [.file("a/f")], [.file("a")],
            [.directory("a"), .file("a/f")]),
        Rule(
            "what a directory held before it was a file stays gone", "a/f", "missing", [.file("a/f")], [.file("a")],
            [.directory("a")]),
        Rule(
            "a directory over a directory joins", "a/f", "a/f@0", [.directory("a"), .file("a/f")],
            [.directory("a"), .file("a/g")]),
        Rule("the last of two entries counts", "a", "a/", [.file("a"), .directory("a")]),
        Rule("the last of two entries counts, the other way", "a", "a@0", [.directory("a"), .file("a")]),
        Rule("a relative link", "l", "d/f@0", [.file("d/f"), .symlink("l", "d/f")]),
        Rule(
            "a relative link is read from its directory", "a/b/l", "a/f@0", [.file("a/f"), .symlink("a/b/l", "../f")]),
        Rule("an absolute link stays in the image", "a/l", "d/f@0", [.file("d/f"), .symlink("a/l", "/d/f")]),
        Rule("a link to a lower layer", "l", "d/f@0", [.file("d/f")], [.symlink("l", "d/f")]),
        Rule("a link to a higher layer", "l", "d/f@1", [.symlink("l", "d/f")], [.file("d/f")]),
        Rule(
            "below a linked directory", "lib/x/f", "usr/lib/x/f@1", [.symlink("lib", "usr/lib")], [.file("usr/lib/x/f")]
        ),
        Rule(
            "below a chain of linked directories", "a/f", "c/f@2", [.symlink("a", "b")], [.symlink("b", "/c")],
            [.file("c/f")]),
        Rule(
            "written through a link of a lower layer", "lib/f", "lib/f@1", [.symlink("lib", "usr/lib")],
            [.file("lib/f")]),
        Rule(
            "beside what was written through a link", "lib/g", "usr/lib/g@0",
            [.symlink("lib", "usr/lib"), .file("usr/lib/g")], [.file("lib/f")]),
        Rule(
            "a directory of its own over a link", "lib/g", "missing", [.symlink("lib", "usr/lib"), .file("usr/lib/g")],
            [.directory("lib")]),
        Rule("a link whose target is removed", "l", "missing", [.file("f"), .symlink("l", "f")], [.whiteout("f")]),
        Rule("a removed link", "l", "missing", [.file("f"), .symlink("l", "f")], [.whiteout("l")]),
        Rule("a link to itself", "l", "loop", [.symlink("l", "l")]),
        Rule("two links in a circle", "a/f", "loop", [.symlink("a", "b"), .symlink("b", "a")]),
        Rule("a link that grows", "a", "loop", [.symlink("a", "a/a")]),
        Rule(
            "a link out of the image ends at its root", "l", "etc/f@0",
            [.file("etc/f"), .symlink("l", "../../../etc/f")]),
        Rule("a link to nothing", "l", "missing", [.symlink("l", "none")]),
        Rule("a file is no directory", "f/x", "missing", [.file("f")]),
        Rule("a hard link in its layer", "h", "f@0", [.file("f"), .hardLink("h", "f")]),
        Rule("a hard link to a lower layer", "h", "f@0", [.file("f")], [.hardLink("h", "f")]),
        Rule(
            "a hard link outlives its target's name", "h", "f@0", [.file("f"), .hardLink("h", "f")], [.whiteout("f")]),
        Rule("a hard link keeps the old content", "h", "f@0", [.file("f"), .hardLink("h", "f")], [.file("f")]),
        Rule("a hard link to a hard link", "i", "f@0", [.file("f"), .hardLink("h", "f")], [.hardLink("i", "h")]),
        Rule("a hard link to itself", "h", "loop", [.hardLink("h", "h")]),
        Rule("a link to a hard link", "l", "f@0", [.file("f"), .hardLink("h", "f"), .symlink("l", "h")]),
        Rule(
            "AUFS' own files are no whiteouts", "a/wh.plnk", "a/wh.plnk@0", [.file("a/wh.plnk")],
            [.file("a/.wh..wh.plnk")]),
        Rule("dots and double slashes are one path", "a/f", "missing", [.file("./a//f")], [.file("a/./.wh.f")]),
    ]

    @Test("layer rules", arguments: rules)
    func rule(_ rule: Rule) throws {
        let stack = LayerStack(try rule.layers.map { try Reading.read(LayerFixture($0)).contents })
        #expect(try Self.resolve(stack, rule.path) == rule.expected)
    }

    @Test("a file is visible exactly where it resolves to its layer", arguments: rules)
    func visibility(_ rule: Rule) throws {
        let stack = LayerStack(try rule.layers.map { try Reading.read(LayerFixture($0)).contents })
        let path = try #require(EntryPath(rule.path))
        for layer in rule.layers.indices where stack.hasFile(path, inLayer: layer) && !rule.name.contains("hard link") {
            #expect(stack.isVisible(path, inLayer: layer) == (rule.expected == "\(path)@\(layer)"), "layer \(layer)")
        }
    }

    @Test("127 layers that write and remove in turn")
    func manyLayers() throws {
        let contents = try (0..<127).map { number -> LayerContents in
            try Reading.read(
                LayerFixture(number % 2 == 0 ? [.file("a/f", "\(number)")] : [.whiteout("a/f")], compression: .plain)
            ).contents
        }
        let stack = LayerStack(contents)
        #expect(try Self.resolve(stack, "a/f") == "a/f@126")
        #expect(try Self.resolve(stack, "a/f", height: 126) == "missing")
        #expect(try Self.resolve(stack, "a/f", height: 125) == "a/f@124")
    }

    @Test("a chain of links over the limit is a loop, one at it is not")
    func longChain() throws {
        let links = { (count: Int) in
            (0..<count).map { TarFixture.Item.symlink("l\($0)", "l\($0 + 1)") } + [.file("l\(count)")]
        }
        #expect(try Self.resolve(Self.stack(links(LayerStack.linksMax)), "l0") == "l\(LayerStack.linksMax)@0")
        #expect(try Self.resolve(Self.stack(links(LayerStack.linksMax + 1)), "l0") == "loop")
    }

    @Test("the same as building the tree, layer by layer, for random layers")
    func againstTree() throws {
        for seed in UInt64(1)...400 {
            var generator = SeededGenerator(seed: seed)
            let layers = (0..<Int.random(in: 1...5, using: &generator)).map { _ in SimpleTree.layer(&generator) }
            var tree = SimpleTree()
            for (number, layer) in layers.enumerated() { tree.apply(layer, number: number) }
            let stack = LayerStack(try layers.map { try Reading.read(LayerFixture($0, compression: .plain)).contents })
            for path in SimpleTree.paths {
                #expect(try Self.resolve(stack, path) == tree.describe(path), "seed \(seed), path \(path)")
            }
        }
    }
}

/// Whiteouts, files and directories the simple way: a dictionary of what is where, changed layer by layer.
private struct SimpleTree {
    enum Node { case file(Int), directory }
    var nodes: [String: Node] = [:]

    static let names = ["a", "b", "c"]
    static let paths = names.flatMap { one in
        [one] + names.flatMap { two in ["\(one)/\(two)"] + names.map { "\(one)/\(two)/\($0)" } }
    }

    /// Entries that an archiver would write: no path twice, no file that is also a directory.
    static func layer(_ generator: inout SeededGenerator) -> [TarFixture.Item] {
        var items: [TarFixture.Item] = []
        var files: Set<String> = []
        var directories: Set<String> = []
        for path in paths.shuffled(using: &generator).prefix(6) {
            let parents = path.split(separator: "/").dropLast().indices.map {
                path.split(separator: "/")[...$0].joined(separator: "/")
            }
            if parents.contains(where: { files.contains($0) }) || directories.contains(path) { continue }
            switch Int.random(in: 0..<6, using: &generator) {
            case 0: items.append(.whiteout(path))
            case 1:
                items.append(.opaque(path))
                directories.insert(path)
            case 2:
                items.append(.directory(path))
                directories.insert(path)
            default:
                items.append(.file(path))
                files.insert(path)
            }
            directories.formUnion(parents)
        }
        return items
    }

    mutating func apply(_ items: [TarFixture.Item], number: Int) {
        let entries: [(path: String, isDirectory: Bool)] = items.compactMap {
            switch $0 {
            case .file(let path, _, _): (String(decoding: path, as: UTF8.self), false)
            case .directory(let path): (String(decoding: path, as: UTF8.self), true)
            default: nil
            }
        }
        for entry in entries {
            var parts = entry.path.split(separator: "/").map(String.init)
            guard let name = parts.last, name.hasPrefix(".wh.") else { continue }
            parts.removeLast()
            let folder = parts.joined(separator: "/")
            if name == ".wh..wh..opq" {
                remove(below: folder)
            } else {
                remove((parts + [String(name.dropFirst(4))]).joined(separator: "/"))
            }
        }
        for entry in entries {
            let parts = entry.path.split(separator: "/").map(String.init)
            for end in 1..<max(1, parts.count) { makeDirectory(parts[..<end].joined(separator: "/")) }
            if parts.last?.hasPrefix(".wh.") == true { continue }
            if entry.isDirectory {
                makeDirectory(entry.path)
            } else {
                remove(entry.path)
                nodes[entry.path] = .file(number)
            }
        }
    }

    private mutating func makeDirectory(_ path: String) {
        if case .directory = nodes[path] { return }
        nodes[path] = .directory
    }
    private mutating func remove(_ path: String) {
        nodes[path] = nil
        remove(below: path)
    }
    private mutating func remove(below path: String) {
        nodes = nodes.filter { !$0.key.hasPrefix(path + "/") }
    }

    func describe(_ path: String) -> String {
        switch nodes[path] {
        case .file(let layer): "\(path)@\(layer)"
        case .directory: "\(path)/"
        case nil: "missing"
        }
    }
}
