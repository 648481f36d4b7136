import Model

extension AdvisorySet {
    /// Collects advisories into a set. The last one added under a key counts.
    public struct Builder {
        private let generation: Int
        private var tables: Tables
        private var numbers: [Advisory.Key: UInt32]
        private var texts: [String: UInt32] = [:]
        private var ecosystems: [Ecosystem: UInt32] = [:]
        private var packages: [UInt64: UInt32] = [:]

        public init(generation: Int) {
            self.generation = generation
            tables = Tables()
            numbers = [:]
        }

        /// Starts with what `set` holds; what is replaced stays in memory until a set is built anew.
        public init(generation: Int, basedOn set: AdvisorySet) {
            self.generation = generation
            tables = set.tables
            numbers = set.numbers
            for number in 0..<UInt32(tables.texts.count) { texts[tables.texts.text(number)] = number }
            for (number, ecosystem) in tables.ecosystems.enumerated() { ecosystems[ecosystem] = UInt32(number) }
            for (number, package) in tables.packages.enumerated() {
                packages[UInt64(package.ecosystem) << 32 | UInt64(package.name)] = UInt32(number)
            }
        }

        public func contentHash(of key: Advisory.Key) -> ContentHash? {
            numbers[key].map { tables.records[Int($0)].hash }
        }

        public mutating func remove(_ key: Advisory.Key) {
            guard let number = numbers.removeValue(forKey: key) else { return }
            tables.records[Int(number)].isDead = true
        }

        public mutating func add(_ advisory: Advisory) {
            remove(advisory.key)
            let number = UInt32(tables.records.count)
            let firstEntry = UInt32(tables.entries.count)
            if advisory.withdrawn == nil {
                for affected in advisory.affected { add(affected, of: number) }
            }
            let record = Record(
                source: text(advisory.source), id: text(advisory.id), aliases: list(advisory.aliases),
                upstream: list(advisory.upstream), summary: advisory.summary.map { text($0) } ?? Record.none,
                severitySource: advisory.severitySource.map { text($0) } ?? Record.none, severity: advisory.severity,
                isWithdrawn: advisory.withdrawn != nil,
                entries: Span(start: firstEntry, end: UInt32(tables.entries.count)), hash: advisory.contentHash)
            tables.records.append(record)
            numbers[advisory.key] = number
        }

        private mutating func add(_ affected: Advisory.Affected, of record: UInt32) {
            let first = UInt32(tables.events.count)
            for range in affected.ranges {
                for (index, event) in range.enumerated() {
                    tables.events.append(Event(kind: event.kind, isFirst: index == 0, version: text(event.version)))
                }
            }
            let order = affected.ecosystem.order
            let versions = list(affected.versions.map { order?.canonical($0) ?? $0 })
            let names = [affected.package, ArtifactNames.name(of: affected.package, in: affected.ecosystem)]
            for name in names.compactMap(\.self) {
                tables.entries.append(
                    Entry(
                        record: record, package: package(affected.ecosystem, name),
                        events: Span(start: first, end: UInt32(tables.events.count)), versions: versions,
                        severity: affected.severity,
                        severitySource: affected.severitySource.map { text($0) } ?? Record.none))
            }
        }

        private mutating func package(_ ecosystem: Ecosystem, _ name: String) -> UInt32 {
            let ecosystemNumber = number(of: ecosystem)
            let nameNumber = text(name)
            let key = UInt64(ecosystemNumber) << 32 | UInt64(nameNumber)
            if let known = packages[key] { return known }
            let number = UInt32(tables.packages.count)
            tables.packages.append(PackageEntry(ecosystem: ecosystemNumber, name: nameNumber))
            packages[key] = number
            return number
        }

        private mutating func number(of ecosystem: Ecosystem) -> UInt32 {
            if let known = ecosystems[ecosystem] { return known }
            let number = UInt32(tables.ecosystems.count)
            tables.ecosystems.append(ecosystem)
            ecosystems[ecosystem] = number
            return number
        }

        private mutating func list(_ items: [String]) -> Span {
            let start = UInt32(tables.lists.count)
            for item in items { tables.lists.append(text(item)) }
            return Span(start: start, end: UInt32(tables.lists.count))
        }

        private mutating func text(_ text: String) -> UInt32 {
            if let known = texts[text] { return known }
            let number = tables.texts.append(text)
            texts[text] = number
            return number
        }

        public func build() -> AdvisorySet { AdvisorySet(generation: generation, tables: tables, numbers: numbers) }
    }
}

extension VersionOrder {
    /// One spelling for versions that are listed, so that a hit is equality: PEP 440's normal form, no `v` in Go and
    /// npm. What cannot be read stays as it is.
    func canonical(_ text: String) -> String {
        switch self {
        case .pep440:
            (try? PEP440Version(Array(text.utf8).trimmingBlanks())).map {
                String(decoding: $0.canonical, as: UTF8.self)
            } ?? text
        case .go, .semver: String(text.drop { $0 == "v" || $0 == "=" })
        case .dpkg, .apk, .rpm, .gem, .composer, .maven, .nuget: text
        }
    }
}
