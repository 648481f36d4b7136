import ArgumentParser
import Foundation
import ServiceRuntime
import Testing

@testable import PratiqueCommands

/// One command of the tree, with the words that lead to it.
struct CommandPlace: Sendable, CustomTestStringConvertible {
    let words: [String]
    let type: any ParsableCommand.Type

    var name: String { words.joined(separator: " ") }
    var testDescription: String { name }
    var configuration: CommandConfiguration { type.configuration }
    var isGroup: Bool { !configuration.subcommands.isEmpty }

    /// Long options as `--help` lists them, but for `--help` itself.
    var options: Set<String> {
        let lines = Pratique.helpMessage(for: type, columns: 1_000).split(separator: "\n")
        let found = lines.compactMap { line in
            (try? /^ {2}(?:-\w, )?(--[a-z][a-z0-9-]*)/.prefixMatch(in: line)).map { String($0.1) }
        }
        return Set(found).subtracting(["--help", "--version"])
    }

    static let all = below(CommandPlace(words: ["pratique"], type: Pratique.self))

    private static func below(_ place: CommandPlace) -> [CommandPlace] {
        [place]
            + place.configuration.subcommands.flatMap { type in
                below(CommandPlace(words: place.words + [type._commandName], type: type))
            }
    }
}

/// Holds `docs/reference/cli.md`, and every command that any page shows, to the code.
@Suite("The reference of commands")
struct CommandReferenceTests {
    private static let server: Set<String> = ["--server", "--token-file"]
    private static let output: Set<String> = ["--format", "--quiet"]

    private let page: ReferencePage

    init() throws { page = try ReferencePage("docs/reference/cli.md") }

    @Test("the tree of commands is found at all")
    func tree() {
        #expect(CommandPlace.all.count > 25)
        #expect(CommandPlace.all.first { $0.name == "pratique scan" }?.options.contains("--advisories") == true)
    }

    @Test("each command has a section that lists exactly its options", arguments: CommandPlace.all)
    func options(_ place: CommandPlace) throws {
        let section = try #require(page.section(place.name), "no heading `\(place.name)`")
        let text = section.joined(separator: "\n")
        // A group's options are those of the subcommand that it runs when none is named.
        let expected: Set<String> = place.isGroup ? [] : place.options
        #expect(text.contains("(#server-options)") == !Self.server.isDisjoint(with: expected))
        // `--format` alone is a command's own.
        let output = Self.output.isSubset(of: expected) ? Self.output : []
        #expect(text.contains("(#output-options)") == !output.isEmpty)
        let listed = Self.optionNames(section)
        #expect(Set(listed) == expected.subtracting(Self.server).subtracting(output))
        #expect(listed.count == Set(listed).count)
    }

    @Test(
        "the options that many commands share are listed once",
        arguments: [("Server options", server), ("Output options", output)])
    func shared(_ title: String, _ options: Set<String>) throws {
        let section = try #require(page.section(title))
        #expect(Set(Self.optionNames(section)) == options)
    }

    private static func optionNames(_ section: [Substring]) -> [String] {
        ReferencePage.rows(in: section).map { row in String(row[0].prefix { $0 == "-" || $0.isLetter }) }
    }

    @Test("no section is of a command that does not exist")
    func stale() {
        let names = Set(CommandPlace.all.map(\.name))
        for heading in page.headings where heading.hasPrefix("pratique") {
            #expect(names.contains(heading), "there is no `\(heading)`")
        }
    }

    @Test("each command says what it does, and shows two examples that parse", arguments: CommandPlace.all)
    func examples(_ place: CommandPlace) throws {
        #expect(place.configuration.abstract.hasSuffix("."))
        #expect(place.configuration.discussion.contains("Examples:"))
        let commands = ShellText.commands(in: place.configuration.discussion.replacing("\n  ", with: "\n"))
        #expect(commands.count >= 2)
        for words in commands {
            #expect((["pratique"] + words).starts(with: place.words))
            #expect(throws: Never.self, "\(words)") { try Pratique.parseAsRoot(words) }
        }
    }

    @Test("every command line in the documentation parses")
    func documentation() throws {
        var count = 0
        for page in try ReferencePage.all() {
            for words in ShellText.commands(in: page.text) {
                #expect(throws: Never.self, "\(page.path): \(words)") { try Pratique.parseAsRoot(words) }
                count += 1
            }
        }
        #expect(count > 20)
    }

    @Test("exit codes are listed")
    func exitCodes() throws {
        let section = try #require(page.section("Exit codes"))
        let listed = ReferencePage.rows(in: section).compactMap { Int32($0[0]) }
        #expect(Set(listed) == Set(ServiceRuntime.ExitStatus.allCases.map(\.rawValue)))
    }

    @Test("variables are listed")
    func variables() throws {
        let section = try #require(page.section("Environment"))
        let listed = Set(ReferencePage.rows(in: section).map { $0[0] })
        #expect(listed.isSuperset(of: [ServerOptions.addressVariable, ServerOptions.tokenVariable, "XDG_CACHE_HOME"]))
    }
}
