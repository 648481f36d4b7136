import LayerArchive

/// The copies of one database through the layers: which layer first had an entry.
struct DatabaseCopies {
    /// Topmost first: the layer that brought the copy, and its packages; nil if it was not read.
    private var copies: [(layer: Int, packages: Set<FoundPackage>?)] = []

    init(stack: LayerStack, path: EntryPath, findings: (EntryPath, Int) -> FileFindings?) {
        var last: LayerStack.Place?
        for height in stride(from: 1, through: stack.count, by: 1) {
            let place = stack.resolve(path, height: height)
            if place == last { continue }
            last = place
            if case .file(let real, let layer) = place {
                copies.insert((height - 1, findings(real, layer).map { Set($0.packages) }), at: 0)
            } else {
                copies.insert((height - 1, []), at: 0)
            }
        }
    }

    /// Walks down while the copies have the package.
    func origin(of found: FoundPackage) -> Int {
        var origin = copies.first?.layer ?? 0
        for copy in copies {
            guard copy.packages?.contains(found) == true else { break }
            origin = copy.layer
        }
        return origin
    }
}
