import Model

/// One generation of advisories: immutable, compact, indexed by ecosystem and package.
///
/// `match` answers for an inventory; `AdvisoryDelta` says what another generation changes.
public struct AdvisorySet: Sendable {
    struct Record: Sendable {
        var source: UInt32
        var id: UInt32
        var aliases: Span
        var upstream: Span
        /// `Self.none` when there is none.
        var summary: UInt32
        var severitySource: UInt32
        var severity: Severity
        var isWithdrawn: Bool
        /// Replaced or removed since.
        var isDead = false
        var entries: Span
        var hash: ContentHash

        static let none = UInt32.max
    }

    struct Event: Sendable {
        var kind: Advisory.EventKind
        /// The first event of a range.
        var isFirst: Bool
        var version: UInt32
    }

    /// What one record says of one package.
    struct Entry: Sendable {
        var record: UInt32
        var package: UInt32
        var events: Span
        var versions: Span
        var severity: Severity?
        /// `Record.none` when there is none.
        var severitySource: UInt32
    }

    struct PackageEntry: Sendable {
        var ecosystem: UInt32
        var name: UInt32
    }

    /// Everything but the index, as a builder fills it.
    struct Tables: Sendable {
        var texts = TextArena()
        var records: [Record] = []
        var entries: [Entry] = []
        var events: [Event] = []
        /// Numbers of texts: aliases, upstream and versions.
        var lists: [UInt32] = []
        var ecosystems: [Ecosystem] = []
        var packages: [PackageEntry] = []
    }

    public let generation: Int
    /// The ecosystems, with release, that have at least one record in force.
    public let coverage: Set<Ecosystem>
    /// Records that are in force or withdrawn.
    public let count: Int
    let tables: Tables
    let numbers: [Advisory.Key: UInt32]
    /// For each ecosystem its packages, sorted by the bytes of their names.
    private let packagesByName: [Ecosystem: [UInt32]]
    /// For each package its entries in force.
    private let entriesByPackage: [Span]
    private let entryOrder: [UInt32]

    public static let empty = Builder(generation: 0).build()

    init(generation: Int, tables: Tables, numbers: [Advisory.Key: UInt32]) {
        self.generation = generation
        self.tables = tables
        self.numbers = numbers
        count = numbers.count
        let inForce = tables.entries.indices.filter { index in
            let record = tables.records[Int(tables.entries[index].record)]
            return !record.isDead && !record.isWithdrawn
        }
        entryOrder = inForce.map(UInt32.init).sorted { left, right in
            (tables.entries[Int(left)].package, left) < (tables.entries[Int(right)].package, right)
        }
        var spans = [Span](repeating: .empty, count: tables.packages.count)
        var byEcosystem: [UInt32: [UInt32]] = [:]
        var at = 0
        while at < entryOrder.count {
            let package = tables.entries[Int(entryOrder[at])].package
            var end = at
            while end < entryOrder.count, tables.entries[Int(entryOrder[end])].package == package { end += 1 }
            spans[Int(package)] = Span(start: UInt32(at), end: UInt32(end))
            byEcosystem[tables.packages[Int(package)].ecosystem, default: []].append(package)
            at = end
        }
        entriesByPackage = spans
        var byName: [Ecosystem: [UInt32]] = [:]
        for (ecosystem, packages) in byEcosystem {
            byName[tables.ecosystems[Int(ecosystem)]] = packages.sorted { left, right in
                Bytes.compare(
                    tables.texts.slice(tables.packages[Int(left)].name),
                    tables.texts.slice(tables.packages[Int(right)].name)) < 0
            }
        }
        packagesByName = byName
        coverage = Set(byName.keys)
    }

    /// Keys of all records, also of withdrawn ones, sorted.
    public var keys: [Advisory.Key] { numbers.keys.sorted() }

    /// What a record's content was; nil when the set does not have it. Equal hashes: nothing to write.
    public func contentHash(of key: Advisory.Key) -> ContentHash? {
        numbers[key].map { tables.records[Int($0)].hash }
    }

    /// What a record speaks of; nothing for a withdrawn one.
    func packages(of record: UInt32) -> [AdvisedPackage] {
        tables.records[Int(record)].entries.indices.map { index in
            let package = tables.packages[Int(tables.entries[index].package)]
            return AdvisedPackage(
                ecosystem: tables.ecosystems[Int(package.ecosystem)], name: tables.texts.text(package.name))
        }
    }

    /// The entries in force for a package.
    func entries(_ ecosystem: Ecosystem, _ name: String) -> [Int] {
        guard let packages = packagesByName[ecosystem] else { return [] }
        let wanted = Array(name.utf8)[...]
        var low = 0
        var high = packages.count
        while low < high {
            let middle = (low + high) / 2
            let order = Bytes.compare(tables.texts.slice(tables.packages[Int(packages[middle])].name), wanted)
            if order == 0 { return entriesByPackage[Int(packages[middle])].indices.map { Int(entryOrder[$0]) } }
            if order < 0 { low = middle + 1 } else { high = middle }
        }
        return []
    }
}
