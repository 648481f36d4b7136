import Model

/// Matches one package against the entries of a set.
struct PackageMatcher {
    /// An advisory that applies.
    private struct Hit {
        let record: UInt32
        /// Of the package where the record says it, else of the whole record.
        let severity: Severity
        let severitySource: UInt32
        let fix: (text: String, version: OrderedVersion)?
    }

    private enum RangeAnswer {
        case unaffected
        case affected(fix: (text: String, version: OrderedVersion)?)
    }

    private let set: AdvisorySet
    private let package: Package
    private let ecosystem: Ecosystem
    private let order: VersionOrder?
    private var hits: [Hit] = []
    private var isNameKnown = false
    private(set) var undetermined: [Undetermined] = []

    init(set: AdvisorySet, package: Package, ecosystem: Ecosystem) {
        self.set = set
        self.package = package
        self.ecosystem = ecosystem
        order = ecosystem.order
    }

    mutating func match(_ lookup: AdviceSource.Lookup) {
        // A name that advisories know was guessed well.
        if lookup.isGuess, isNameKnown { return }
        let entries = set.entries(ecosystem, lookup.name)
        guard !entries.isEmpty else { return }
        isNameKnown = true
        guard let order else {
            note("the order of versions in \(ecosystem) is not known")
            return
        }
        let version: OrderedVersion?
        do { version = try OrderedVersion(lookup.version, order) } catch {
            note(error.description)
            version = nil
        }
        let spellings = Self.spellings(lookup.version, order)
        let found = entries.compactMap { index in
            hit(set.tables.entries[index], version, spellings, ignoringEpoch: lookup.isSource)
        }
        if lookup.isGuess { noteGuesses(found) } else { hits += found }
    }

    /// What packages of this name, and perhaps another group, have.
    private mutating func noteGuesses(_ found: [Hit]) {
        var ids: [String: Set<String>] = [:]
        for hit in found {
            let names = set.packages(of: hit.record).filter { $0.ecosystem == ecosystem }.map(\.name)
            for name in names where ArtifactNames.mayBeSame(ecosystem.normalised(package.name), name) {
                ids[name, default: []].insert(set.tables.texts.text(set.tables.records[Int(hit.record)].id))
            }
        }
        for (name, ids) in ids.sorted(by: { $0.key < $1.key }).prefix(Self.guessesMax) {
            let shown = ids.sorted().prefix(Self.guessesMax).joined(separator: ", ")
            note("its group is guessed; if it is \(name), it has \(shown)")
        }
    }

    private static let guessesMax = 5

    /// How a list of versions may write this one: with and without the local part.
    private static func spellings(_ version: String, _ order: VersionOrder) -> [[UInt8]] {
        let whole = order.canonical(version)
        guard order == .pep440, let plus = version.firstIndex(of: "+") else { return [Array(whole.utf8)] }
        return [Array(whole.utf8), Array(order.canonical(String(version[..<plus])).utf8)]
    }

    /// What an entry says of the version; nil where it is not affected.
    private mutating func hit(
        _ entry: AdvisorySet.Entry, _ version: OrderedVersion?, _ spellings: [[UInt8]], ignoringEpoch: Bool
    ) -> Hit? {
        let isListed = set.tables.lists[entry.versions.indices].contains { number in
            let slice = set.tables.texts.slice(number)
            return spellings.contains { $0[...] == slice }
        }
        var isAffected = isListed
        var fix: (text: String, version: OrderedVersion)?
        if let version {
            var start = Int(entry.events.start)
            while start < Int(entry.events.end) {
                var end = start + 1
                while end < Int(entry.events.end), !set.tables.events[end].isFirst { end += 1 }
                do {
                    if case .affected(let found) = try answer(start..<end, version, ignoringEpoch: ignoringEpoch) {
                        isAffected = true
                        fix = Self.later(fix, found)
                    }
                } catch {
                    noteAdvisory(entry.record, error.description)
                }
                start = end
            }
        }
        guard isAffected else { return nil }
        let record = set.tables.records[Int(entry.record)]
        return Hit(
            record: entry.record, severity: entry.severity ?? record.severity,
            severitySource: entry.severity == nil ? record.severitySource : entry.severitySource, fix: fix)
    }

    /// OSV's evaluation, free of the order in which events are written: the last event at or below the version decides;
    /// of events at the same version the one written later. `last_affected` counts from just above its version.
    private func answer(_ range: Range<Int>, _ version: OrderedVersion, ignoringEpoch: Bool) throws(AdvisoriesError)
        -> RangeAnswer
    {
        var isAffected = false
        var last: OrderedVersion?
        var fix: (text: String, version: OrderedVersion)?
        var hasLimit = false
        var isBelowLimit = false
        for index in range {
            let event = set.tables.events[index]
            let bytes = set.tables.texts.slice(event.version)
            let isZero = bytes.count == 1 && bytes.first == UInt8(ascii: "0")
            // Never affected: distributions write `fixed 0` for it.
            if isZero, event.kind == .fixed { return .unaffected }
            if isZero, event.kind == .introduced {
                if last == nil { isAffected = true }
                continue
            }
            if event.kind == .limit, bytes.count == 1, bytes.first == UInt8(ascii: "*") { continue }
            let at = try OrderedVersion(bytes: Array(bytes), version.order)
            let place = version.compare(toAdvised: at, ignoringEpoch: ignoringEpoch)
            switch event.kind {
            case .limit:
                hasLimit = true
                isBelowLimit = isBelowLimit || place < 0
                continue
            case .fixed where place < 0:
                if fix.map({ at.compare($0.version) < 0 }) ?? true {
                    fix = (String(decoding: bytes, as: UTF8.self), at)
                }
                continue
            case .introduced where place < 0, .lastAffected where place <= 0: continue
            case .introduced, .fixed, .lastAffected: break
            }
            if last.map({ at.compare($0) >= 0 }) ?? true {
                last = at
                isAffected = event.kind == .introduced
            }
        }
        return isAffected && (!hasLimit || isBelowLimit) ? .affected(fix: fix) : .unaffected
    }

    private static func later(
        _ left: (text: String, version: OrderedVersion)?, _ right: (text: String, version: OrderedVersion)?
    ) -> (text: String, version: OrderedVersion)? {
        guard let left else { return right }
        guard let right else { return left }
        return left.version.compare(right.version) >= 0 ? left : right
    }

    private mutating func note(_ reason: String) {
        undetermined.append(Undetermined(what: "package \(package.name) \(package.version)", reason: reason))
    }

    private mutating func noteAdvisory(_ record: UInt32, _ reason: String) {
        let id = set.tables.texts.text(set.tables.records[Int(record)].id)
        undetermined.append(
            Undetermined(what: "advisory \(id) for package \(package.name) \(package.version)", reason: reason))
    }

    // MARK: Findings

    /// A hit with its record's names.
    private struct Named {
        let hit: Hit
        let source: String
        let severitySource: String?
        let identity: FlawGroups.Identity
    }

    /// One finding for each flaw: hits of the same alias group are one, with the latest fix.
    ///
    /// The hits are put in the order of their ids and sources first, so that nothing depends on the order in which the
    /// set was built.
    func findings() -> [Finding] {
        guard !hits.isEmpty else { return [] }
        let named = hits.map { hit in
            let record = set.tables.records[Int(hit.record)]
            let ids = [set.tables.texts.text(record.id)] + texts(record.aliases)
            return Named(
                hit: hit, source: set.tables.texts.text(record.source),
                severitySource: optionalText(hit.severitySource),
                identity: FlawGroups.Identity(ids: ids, flaws: texts(record.upstream)))
        }.sorted(by: Self.precedes)
        return FlawGroups.groups(of: named.map(\.identity)).map { group in finding(group.map { named[$0] }) }
    }

    private static func precedes(_ left: Named, _ right: Named) -> Bool {
        let leftNames = (left.identity.ids[0], left.source, left.hit.fix?.text ?? "")
        let rightNames = (right.identity.ids[0], right.source, right.hit.fix?.text ?? "")
        if leftNames != rightNames { return leftNames < rightNames }
        if left.hit.severity != right.hit.severity { return left.hit.severity < right.hit.severity }
        return left.severitySource ?? "" < right.severitySource ?? ""
    }

    /// - Parameter group: in the order of `precedes`, whose first one decides ties.
    private func finding(_ group: [Named]) -> Finding {
        let fix = group.reduce(nil as (text: String, version: OrderedVersion)?) { Self.later($0, $1.hit.fix) }
        let leading = group.first { entry in
            guard let fix else { return true }
            return entry.hit.fix.map { $0.version.compare(fix.version) == 0 } ?? false
        }
        let first = leading ?? group[0]
        var worst = group[0]
        for entry in group where entry.hit.severity > worst.hit.severity { worst = entry }
        let record = set.tables.records[Int(first.hit.record)]
        let id = first.identity.ids[0]
        return Finding(
            advisory: id,
            aliases: Set(group.flatMap { $0.identity.ids + $0.identity.flaws }).subtracting([id]).sorted(),
            package: Finding.PackageKey(name: package.name, version: package.version, purl: package.purl),
            state: fix == nil ? .affected : .fixed, fixedVersion: fix?.text,
            severity: worst.hit.severity,
            severitySource: worst.hit.severity == .unknown ? nil : worst.severitySource,
            summary: optionalText(record.summary))
    }

    private func texts(_ span: Span) -> [String] { set.tables.lists[span.indices].map { set.tables.texts.text($0) } }

    private func optionalText(_ number: UInt32) -> String? {
        number == AdvisorySet.Record.none ? nil : set.tables.texts.text(number)
    }
}
