import Advisories
import Model
import Testing

@Suite("Differences of two generations")
struct AdvisoryDeltaTests {
    private let base = [
        Samples.advisory("A-1", "npm", "a"), Samples.advisory("B-1", "npm", "b", Samples.fixed("1.0.0")),
        Samples.advisory("C-1", "PyPI", "c"),
    ]

    private func inventory(_ type: PackageType, _ name: String) -> Inventory {
        Samples.inventory(nil, [Samples.package(type, name, "1.0.0")])
    }

    @Test("the same content is no difference, whatever its time stamp and order")
    func same() {
        var touched = base
        touched[0].modified = "2030-01-01T00:00:00Z"
        let delta = AdvisoryDelta(from: Samples.set(base), to: Samples.set(touched.reversed(), generation: 8))
        #expect(delta.isEmpty)
        #expect(delta.packages.isEmpty)
        #expect(delta.coverage.isEmpty)
    }

    @Test("added, changed and removed records name the packages that they touch")
    func difference() {
        let old = Samples.set(base)
        var builder = AdvisorySet.Builder(generation: 8, basedOn: old)
        builder.add(Samples.advisory("B-1", "npm", "b2", Samples.fixed("1.0.0")))
        builder.add(Samples.advisory("D-1", "npm", "d"))
        builder.remove(.init(source: "test", id: "C-1"))
        let new = builder.build()
        let delta = AdvisoryDelta(from: old, to: new)
        #expect(delta.added.map(\.id) == ["D-1"])
        #expect(delta.changed.map(\.id) == ["B-1"])
        #expect(delta.removed.map(\.id) == ["C-1"])
        #expect(delta.packages.map(\.description).sorted() == ["PyPI c", "npm b", "npm b2", "npm d"])
        #expect(delta.coverage.map(\.text) == ["PyPI"])
        #expect(delta.touches(inventory(.npm, "b")))
        #expect(delta.touches(inventory(.pypi, "anything")))
        #expect(!delta.touches(inventory(.npm, "a")))
        #expect(new.match(inventory(.npm, "b")).findings.isEmpty)
        #expect(new.match(inventory(.npm, "b2")).findings.count == 0)
        #expect(new.match(inventory(.npm, "d")).findings.count == 1)
        #expect(new.match(inventory(.npm, "a")).findings.count == 1)
        #expect(new.count == 3)
    }

    @Test("a set built on another equals one built anew")
    func incremental() {
        var builder = AdvisorySet.Builder(generation: 8, basedOn: Samples.set(base))
        builder.add(Samples.advisory("A-1", "npm", "a", Samples.fixed("0.5.0")))
        let anew = Samples.set(
            [Samples.advisory("A-1", "npm", "a", Samples.fixed("0.5.0"))] + base.dropFirst(), generation: 8)
        #expect(AdvisoryDelta(from: builder.build(), to: anew).isEmpty)
        for name in ["a", "b"] {
            #expect(builder.build().match(inventory(.npm, name)) == anew.match(inventory(.npm, name)))
        }
    }

    @Test("withdrawing a record touches what it named")
    func withdrawn() {
        var after = base
        after[0].withdrawn = "2030-01-01"
        let delta = AdvisoryDelta(from: Samples.set(base), to: Samples.set(after, generation: 8))
        #expect(delta.changed.map(\.id) == ["A-1"])
        #expect(delta.touches(inventory(.npm, "a")))
    }

    @Test("a binary's source is what a delta is held against")
    func targets() {
        let package = Samples.package(.deb, "libssl3", "1", source: "openssl")
        let targets = AdvisorySet.targets(of: Samples.inventory(Samples.debian12, [package]))
        #expect(targets.map(\.description) == ["Debian:12 openssl"])
    }
}
