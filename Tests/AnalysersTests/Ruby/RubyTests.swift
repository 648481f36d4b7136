import Foundation
import Model
import TestSupport
import Testing

@testable import Analysers

@Suite("Ruby")
struct RubyTests {
    private static let rake = """
        # -*- encoding: utf-8 -*-
        # stub: rake 13.0.6 ruby lib

        Gem::Specification.new do |s|
          s.name = "rake".freeze
          s.version = "13.0.6"
          s.licenses = ["MIT".freeze, "Ruby".freeze]
        end
        """

    @Test("installed gems, of a platform, and by the assignments where there is no stub")
    func packages() async throws {
        let specifications = "usr/lib/ruby/gems/3.1.0/specifications/"
        let inventory = try await Scanning.inventory([
            .file(specifications + "rake-13.0.6.gemspec", Self.rake),
            .file(
                specifications + "nokogiri-1.15.4-x86_64-linux.gemspec",
                "# -*- encoding: utf-8 -*-\n# stub: nokogiri 1.15.4 x86_64-linux lib\n"),
            .file(
                specifications + "default/json-2.6.1.gemspec",
                "Gem::Specification.new do |s|\n  s.name = \"json\".freeze\n  s.version = \"2.6.1\"\nend\n"),
            .file("usr/src/rake/rake.gemspec", "Gem::Specification.new { |s| s.version = Rake::VERSION }"),
        ])
        #expect(
            inventory.packages.map(\.purl) == [
                "pkg:gem/json@2.6.1", "pkg:gem/nokogiri@1.15.4?platform=x86_64-linux", "pkg:gem/rake@13.0.6",
            ])
        #expect(inventory.packages[2].licenses == ["MIT", "Ruby"])
        #expect(inventory.undetermined == [])
    }

    @Test(
        "what computes its name or version is told",
        arguments: ["", "x", "Gem::Specification.new do |s|\n  s.name = NAME\n  s.version = V\nend", "# stub: \n"])
    func damage(_ text: String) async throws {
        let inventory = try await Scanning.inventory([.file("specifications/a.gemspec", text)])
        #expect(inventory.packages == [])
        #expect(inventory.undetermined.map(\.what) == ["specifications/a.gemspec"])
    }

    @Test("the same list as gem's", .enabled(if: Program.path(of: "gem") != nil, "gem is not installed"))
    func tool() async throws {
        let gem = try #require(Program.path(of: "gem"))
        let folders = try Program.output(of: gem, ["environment", "path"]).split { $0 == ":" || $0 == "\n" }
        var items: [TarFixture.Item] = []
        for folder in folders.map({ String($0) + "/specifications" }) {
            for path in (try? FileManager.default.subpathsOfDirectory(atPath: folder)) ?? []
            where path.hasSuffix(".gemspec") {
                guard let data = FileManager.default.contents(atPath: folder + "/" + path) else { continue }
                items.append(.file(folder.drop { $0 == "/" } + "/" + path, String(decoding: data, as: UTF8.self)))
            }
        }
        // `name (1.2, default: 1.1)`
        let listed = try Program.output(of: gem, ["list", "--local"]).split(separator: "\n").flatMap {
            line -> [String] in
            let parts = line.split(separator: " ", maxSplits: 1)
            guard parts.count == 2, parts[1].hasPrefix("(") else { return [] }
            return parts[1].dropFirst().dropLast().split(separator: ",").compactMap { version in
                version.split(separator: " ").first { $0.first?.isNumber == true }.map { "\(parts[0]) \($0)" }
            }
        }
        let found = Set(try await Scanning.inventory(items).packages.map { "\($0.name) \($0.version)" })
        #expect(found == Set(listed))
        #expect(!found.isEmpty)
    }
}
