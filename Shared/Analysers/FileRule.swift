import LayerArchive
public import Model

/// Which files an analyser wants, and what they are in an image.
public struct FileRule: Hashable, Sendable {
    enum Place: Hashable, Sendable {
        /// One path from the image root, reached also through links: a database. Attribution asks which layer first had
        /// an entry.
        case path(EntryPath)
        /// All files right in one directory, reached also through links: a database in pieces.
        case directory(EntryPath, suffix: String, exceptSuffixes: [String])
        /// Files of this name, wherever they lie, in a directory whose name ends so.
        case named(String, parentSuffix: String)
        /// Files whose name ends so, wherever they lie.
        case suffix(String)
        /// Files that begin so and whose names begin or end in one of these ways, wherever they lie; read in pieces.
        case pieces(beginning: [UInt8], nameBeginnings: [String], endings: [String])
        /// Files that begin with text, wherever they lie; read in pieces.
        case text
    }

    let place: Place
    /// Whether the content is needed; else only that the file is there.
    let needsContent: Bool
    /// Directory names (whole components) below which a match does not count.
    let excludedDirectories: [String]
    /// A directory name that must be in the path; empty for none.
    let requiredDirectory: String
    /// Whether a database without a package is an answer; else the image's packages are undetermined.
    var mayBeEmpty = false
    /// Whether a file that says nothing is not kept: there are many of its kind, and few matter.
    var dropsEmpty = false
    /// Whether a link counts that is called so, whatever its target is called.
    var followsLinks = true
    /// Whether a file over `bytesMax` is passed over: it tells no packages, so it leaves none unknown.
    var isOptional = false
    /// Whose package manager's database this is: an image of such a distribution without one is not clean but unknown.
    var database: PackageType?
    /// A larger file is reported as not read.
    var bytesMax: Int64 = Self.databaseBytesMax

    /// A database of a hundred thousand packages.
    static let databaseBytesMax: Int64 = 64 << 20
    /// What only claims that packages are there, which is decoded as a whole and takes some times its size.
    static let claimBytesMax: Int64 = 16 << 20
    /// The metadata of one package; there may be any number of them.
    static let metadataBytesMax: Int64 = 1 << 20

    /// A database at one path.
    ///
    /// - Parameter mayBeEmpty: set where the file is not a list of packages.
    /// - Parameter database: the distribution packages that it lists.
    public static func path(
        _ path: String, needsContent: Bool = true, mayBeEmpty: Bool = false, database: PackageType? = nil
    ) -> FileRule {
        FileRule(
            place: .path(entry(path)), needsContent: needsContent, excludedDirectories: [], requiredDirectory: "",
            mayBeEmpty: mayBeEmpty || !needsContent, database: database)
    }

    /// A database of many files in one directory.
    ///
    /// - Parameters:
    ///   - suffix: how the names of its files end.
    ///   - mayBeEmpty: set where the files are not lists of packages; those that say nothing are then not kept.
    public static func directory(
        _ path: String, suffix: String = "", exceptSuffixes: [String] = [], needsContent: Bool = true,
        mayBeEmpty: Bool = false, database: PackageType? = nil
    ) -> FileRule {
        FileRule(
            place: .directory(entry(path), suffix: suffix, exceptSuffixes: exceptSuffixes), needsContent: needsContent,
            excludedDirectories: [], requiredDirectory: "", mayBeEmpty: mayBeEmpty || !needsContent,
            dropsEmpty: mayBeEmpty, database: database)
    }

    /// Files of one name anywhere, in directories whose name ends so.
    public static func named(
        _ name: String, inDirectoryEnding suffix: String = "",
        needsContent: Bool = true, outside excluded: [String] = [], below required: String = ""
    ) -> FileRule {
        FileRule(
            place: .named(name, parentSuffix: suffix), needsContent: needsContent, excludedDirectories: excluded,
            requiredDirectory: required, bytesMax: metadataBytesMax)
    }

    /// Files anywhere whose name ends so.
    public static func ending(
        _ suffix: String, needsContent: Bool = true, outside excluded: [String] = [], below required: String = ""
    ) -> FileRule {
        FileRule(
            place: .suffix(suffix), needsContent: needsContent, excludedDirectories: excluded,
            requiredDirectory: required, bytesMax: metadataBytesMax)
    }

    /// Files anywhere, of any size: `Analyser.reading` gets them in pieces.
    ///
    /// - Parameters:
    ///   - beginning: their first bytes; empty for any.
    ///   - nameBeginnings: how their names begin; empty for any.
    ///   - endings: how their names end; empty for any.
    public static func pieces(
        beginning: [UInt8] = [], nameBeginnings: [String] = [], endings: [String] = []
    ) -> FileRule {
        precondition(beginning.count <= EntryBeginning.bytes, "so much is looked at of a file")
        return FileRule(
            place: .pieces(beginning: beginning, nameBeginnings: nameBeginnings, endings: endings), needsContent: true,
            excludedDirectories: [],
            requiredDirectory: "",
            dropsEmpty: true)
    }

    /// Text files anywhere, of any size: `Analyser.reading` gets them in pieces.
    public static func text(outside excluded: [String] = []) -> FileRule {
        FileRule(
            place: .text, needsContent: true, excludedDirectories: excluded, requiredDirectory: "", dropsEmpty: true)
    }

    /// The same for a file that names the packages of many, or all files of one.
    var databasePiece: FileRule {
        var rule = self
        rule.bytesMax = Self.databaseBytesMax
        rule.dropsEmpty = true
        return rule
    }

    /// The same for a file that tells no packages.
    var optional: FileRule {
        var rule = byOwnNameOnly
        rule.isOptional = true
        return rule
    }

    /// The same for a file that claims packages; a link to it is no reason to read a layer again.
    func claim(bytesMax: Int64 = claimBytesMax) -> FileRule {
        var rule = databasePiece.byOwnNameOnly
        rule.bytesMax = bytesMax
        return rule
    }

    /// The same where most files of the kind say nothing.
    var forFew: FileRule {
        var rule = self
        rule.dropsEmpty = true
        return rule
    }

    /// The same for files that matter little: a link with such a name is no reason to read a layer again.
    var byOwnNameOnly: FileRule {
        var rule = self
        rule.followsLinks = false
        return rule
    }

    private static func entry(_ path: String) -> EntryPath {
        guard let entry = EntryPath(path), !entry.isRoot else {
            preconditionFailure("a rule's path lies in the image root: \(path)")
        }
        return entry
    }

    /// Whether a file of a layer may be what the rule means. Databases match below any directory, too: a link of
    /// another layer may lead there.
    func mayMatch(_ path: EntryPath) -> Bool {
        switch place {
        case .path(let wanted):
            // The last two components: `dpkg/status` may be reached as `var/lib/dpkg/status`.
            return path.bytes.hasSuffix(wanted.bytes.tail(components: 2))
        case .directory(let wanted, let suffix, let exceptSuffixes):
            return path.bytes.hasSuffix(Array(suffix.utf8)) && path.parent.name.elementsEqual(wanted.name)
                && !exceptSuffixes.contains { path.bytes.hasSuffix(Array($0.utf8)) }
        case .named, .suffix, .pieces, .text:
            return matchesAnywhere(path)
        }
    }

    /// Whether files are read in pieces.
    var isOfPieces: Bool {
        switch place {
        case .pieces, .text: true
        case .path, .directory, .named, .suffix: false
        }
    }

    /// Whether a file that begins so is to be read in pieces.
    func wantsPieces(_ path: EntryPath, _ bytes: UnsafeRawBufferPointer) -> Bool {
        switch place {
        case .path, .directory, .named, .suffix: return false
        case .text: return Self.isText(bytes.prefix(EntryBeginning.bytes)) && isInPlace(path)
        case .pieces(let beginning, let nameBeginnings, let endings):
            return bytes.starts(with: beginning) && Self.isCalled(path, nameBeginnings, endings)
        }
    }

    /// Whether a file of such a name may be read in pieces, whatever it begins with.
    func mayWantPieces(_ path: EntryPath) -> Bool {
        switch place {
        case .path, .directory, .named, .suffix: false
        case .text: isInPlace(path)
        case .pieces(_, let nameBeginnings, let endings): Self.isCalled(path, nameBeginnings, endings)
        }
    }

    private static func isCalled(_ path: EntryPath, _ beginnings: [String], _ endings: [String]) -> Bool {
        (beginnings.isEmpty || beginnings.contains { path.name.starts(with: $0.utf8) })
            && (endings.isEmpty || endings.contains { path.bytes.hasSuffix(Array($0.utf8)) })
    }

    /// No control characters but those of text; ASCII or the beginning of UTF-8.
    private static func isText(_ bytes: Slice<UnsafeRawBufferPointer>) -> Bool {
        bytes.allSatisfy { $0 >= 0x20 ? $0 != 0x7F && $0 < 0xF8 : (0x09...0x0D).contains($0) || $0 == 0x1B }
    }

    /// Whether a file counts wherever it lies.
    func matchesAnywhere(_ path: EntryPath) -> Bool {
        switch place {
        case .path, .directory, .pieces, .text: return false
        case .named(let name, let parentSuffix):
            guard path.name.elementsEqual(name.utf8) else { return false }
            if !parentSuffix.isEmpty, !path.parent.bytes.hasSuffix(Array(parentSuffix.utf8)) { return false }
        case .suffix(let suffix):
            guard path.bytes.hasSuffix(Array(suffix.utf8)), path.name.count > suffix.utf8.count else { return false }
        }
        return isInPlace(path)
    }

    /// Whether the directories that a path lies in are those that the rule wants.
    private func isInPlace(_ path: EntryPath) -> Bool {
        if excludedDirectories.isEmpty, requiredDirectory.isEmpty { return true }
        let folders = path.components.dropLast()
        if !requiredDirectory.isEmpty, !folders.contains(where: { $0.elementsEqual(requiredDirectory.utf8) }) {
            return false
        }
        return !folders.contains { folder in excludedDirectories.contains { folder.elementsEqual($0.utf8) } }
    }
}

extension [UInt8] {
    func hasSuffix(_ suffix: [UInt8]) -> Bool {
        count >= suffix.count && self[(count - suffix.count)...].elementsEqual(suffix)
    }

    /// The last components of a path.
    func tail(components: Int) -> [UInt8] {
        let all = split(separator: UInt8(ascii: "/"))
        return Array(all.suffix(components).joined(separator: [UInt8(ascii: "/")]))
    }
}
