import LayerArchive

extension FuzzSubject {
    static let zips: [FuzzSubject] = [
        FuzzSubject("zip") { input in
            let whole = ZipTrial(input, pieceBytes: nil)
            guard let size = input.pieceBytes, size < input.file.count else { return }
            let inPieces = ZipTrial(input, pieceBytes: size)
            expect(
                inPieces.members == whole.members && inPieces.damage == whole.damage,
                "in pieces of \(size) bytes the archive says \(inPieces), as a whole \(whole)")
        }
    ]
}

/// Reads most members of an archive, and notes what counts in the end.
private final class ZipTrial: ZipSelector, CustomStringConvertible {
    private var seen: [(place: Int64, what: String)] = []
    private(set) var members: [String] = []
    private(set) var damage: String?

    init(_ input: FuzzInput, pieceBytes: Int?) {
        let budget = ZipBudget()
        let zip = ZipReader(self, budget: budget)
        do throws(ZipError) {
            var failure: ZipError?
            input.forEachPiece(of: pieceBytes) { piece in
                budget.add(piece.count)
                do throws(ZipError) { try zip.take(piece) } catch { failure = error }
                return failure == nil
            }
            if let failure { throw failure }
            let listed = try zip.finish()
            members = seen.filter { listed.contains($0.place) }.map { "\($0.place): \($0.what)" }
        } catch {
            damage = error.reason
        }
    }

    var description: String { damage ?? "\(members)" }

    func wants(_ name: String) -> Bool { !name.hasSuffix("/") }

    func reading(_ name: String, at place: Int64) -> (any EntryReading)? {
        guard !name.hasPrefix("skip") else { return nil }
        return PassingBytes(bytesMax: 100_000) { [unowned self] in seen.append((place, "\(name) \(Array($0))")) }
    }

    func unreadable(_ name: String, at place: Int64, reason: String) { seen.append((place, "\(name) \(reason)")) }
}
