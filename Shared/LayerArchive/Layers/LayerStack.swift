/// The layers of an image on top of each other, bottom first: what is where, seen from the first `height` layers.
///
/// **Rules** (OCI image layer specification; overlay semantics). A whiteout or an opaque directory hides what lower
/// layers have,
/// never what its own layer has, wherever it stands in the archive. Anything but a directory hides a lower directory of
/// the
/// same path with all below; a directory hides a lower file or link. A directory that is only implied by what lies in
/// it
/// does not hide a lower symbolic link, since an extractor may follow either: the literal path is tried first, then the
/// link. Links are resolved inside the image root, at most `linksMax` of them.
public struct LayerStack: Sendable {
    /// As the Linux kernel allows (path_resolution(7)).
    public static let linksMax = 40
    /// Path components that one look-up walks; real ones need some dozens.
    public static let stepsMax = 512

    private let layers: [LayerContents]
    /// Hashes of what removes or hides, a layer each.
    private let whiteouts: [Set<UInt64>]
    private let opaque: [Set<UInt64>]
    private let symlinks: [Set<UInt64>]

    public init(_ layers: [LayerContents]) {
        self.layers = layers
        whiteouts = layers.map { Set($0.whiteouts.map(\.hash64)) }
        opaque = layers.map { Set($0.opaqueDirectories.map(\.hash64)) }
        symlinks = layers.map { Set($0.symlinks.keys.map(\.hash64)) }
    }

    public var count: Int { layers.count }

    /// Where a path leads.
    public enum Place: Hashable, Sendable {
        /// A file in layer `layer`, at its real path.
        case file(EntryPath, layer: Int)
        /// A directory, at its real path.
        case directory(EntryPath)
        case missing
        /// More than `linksMax` links, or `stepsMax` components.
        case loop
    }

    // MARK: Looking up

    /// Follows a path through links, as a process whose root is the image would.
    public func resolve(_ path: EntryPath, height: Int? = nil) -> Place {
        let height = height ?? count
        var walked = Walked()
        return walk(path.components.map { Array($0) }, from: .root, height: height, &walked)
    }

    /// Whether the entry that `layer` has at `path` is still there in the image.
    public func isVisible(_ path: EntryPath, inLayer layer: Int, height: Int? = nil) -> Bool {
        let hash = path.hash64
        let ancestors = path.ancestorHashes
        var above = (height ?? count) - 1
        while above > layer {
            if hides(hash, ancestors, layer: above) || holds(hash, layer: above) { return false }
            above -= 1
        }
        return true
    }

    /// Whether a layer has a file or a hard link at this very path, as the last of its entries there.
    public func hasFile(_ path: EntryPath, inLayer layer: Int) -> Bool {
        guard case .file(layer) = find(path, height: layer + 1) else { return false }
        return true
    }

    private enum Found {
        case file(layer: Int)
        case symlink(layer: Int)
        case directory(isImplied: Bool)
        case missing
    }

    /// The topmost entry at a literal path.
    /// - Parameter isSeekingLink: steps over implied directories.
    private func find(_ path: EntryPath, height: Int, isSeekingLink: Bool = false) -> Found {
        if path.isRoot { return .directory(isImplied: false) }
        let hash = path.hash64
        let ancestors = path.ancestorHashes
        var implied = false
        for layer in stride(from: height - 1, through: 0, by: -1) {
            if symlinks[layer].contains(hash), layers[layer].symlinks[path] != nil { return .symlink(layer: layer) }
            if layers[layer].directories.contains(hash) { return .directory(isImplied: false) }
            // Below an implied directory only a link may still count: a file is hidden by it.
            if layers[layer].files.contains(hash) { return implied ? .directory(isImplied: true) : .file(layer: layer) }
            if layers[layer].impliedDirectories.contains(hash) {
                implied = true
                if !isSeekingLink { return .directory(isImplied: true) }
            }
            if hides(hash, ancestors, layer: layer) { break }
        }
        return implied ? .directory(isImplied: true) : .missing
    }

    /// Whether a layer hides what lower layers have at a path, other than by having an entry there.
    private func hides(_ hash: UInt64, _ ancestors: [UInt64], layer: Int) -> Bool {
        if !whiteouts[layer].isEmpty {
            if whiteouts[layer].contains(hash) || ancestors.contains(where: { whiteouts[layer].contains($0) }) {
                return true
            }
        }
        if !opaque[layer].isEmpty {
            if opaque[layer].contains(EntryPath.hashSeed) || ancestors.contains(where: { opaque[layer].contains($0) }) {
                return true
            }
        }
        return ancestors.contains { ancestor in
            (layers[layer].files.contains(ancestor) || symlinks[layer].contains(ancestor))
                // One layer may hold a directory and, earlier or later, something else of that name; what lies below
                // decides.
                && !layers[layer].impliedDirectories.contains(ancestor) && !layers[layer].directories.contains(ancestor)
        }
    }

    private func holds(_ hash: UInt64, layer: Int) -> Bool {
        layers[layer].files.contains(hash) || symlinks[layer].contains(hash) || layers[layer].directories.contains(hash)
            || layers[layer].impliedDirectories.contains(hash)
    }

    // MARK: Links

    private struct Walked {
        var links = 0
        var steps = 0

        mutating func followLink() -> Bool {
            links += 1
            return links <= LayerStack.linksMax
        }
        mutating func step() -> Bool {
            steps += 1
            return steps <= LayerStack.stepsMax
        }
    }

    private func walk(_ components: [[UInt8]], from start: EntryPath, height: Int, _ walked: inout Walked) -> Place {
        var current = start
        if let place = literal(components, from: start, height: height, &walked) { return place }
        for (index, component) in components.enumerated() {
            guard walked.step() else { return .loop }
            if component.elementsEqual("..".utf8) {
                current = current.parent
                continue
            }
            let next = current.appending(component)
            switch find(next, height: height, isSeekingLink: true) {
            case .symlink(let layer):
                guard walked.followLink() else { return .loop }
                let target = layers[layer].symlinks[next] ?? []
                let base = target.first == UInt8(ascii: "/") ? EntryPath.root : current
                return walk(
                    Self.components(of: target) + components[(index + 1)...], from: base, height: height, &walked)
            case .directory: current = next
            case .file(let layer):
                guard index == components.count - 1 else { return .missing }
                return file(next, layer: layer, &walked)
            case .missing: return .missing
            }
        }
        return .directory(current)
    }

    /// A file that is there under the very path.
    private func literal(_ components: [[UInt8]], from start: EntryPath, height: Int, _ walked: inout Walked) -> Place?
    {
        guard !components.contains(where: { $0.elementsEqual("..".utf8) }) else { return nil }
        let path = components.reduce(start) { $0.appending($1) }
        guard case .file(let layer) = find(path, height: height) else { return nil }
        return file(path, layer: layer, &walked)
    }

    /// Follows hard links: the name stands for the file that its target was when the link was made.
    private func file(_ path: EntryPath, layer: Int, _ walked: inout Walked) -> Place {
        guard let target = layers[layer].hardLinks[path] else { return .file(path, layer: layer) }
        guard target != path, walked.followLink() else { return .loop }
        return walk(target.components.map { Array($0) }, from: .root, height: layer + 1, &walked)
    }

    private static func components(of target: [UInt8]) -> [[UInt8]] {
        target.split(separator: UInt8(ascii: "/")).map { Array($0) }.filter { !$0.elementsEqual(".".utf8) }
    }
}
