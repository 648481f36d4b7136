import ArgumentParser
import Foundation
import Model

/// Data goes to stdout, everything else to stderr.
enum Output {
    static func data(_ text: String) { write(text + "\n", to: .standardOutput) }
    static func data(_ bytes: Data) { try? FileHandle.standardOutput.write(contentsOf: bytes + Data("\n".utf8)) }
    static func note(_ text: String) { write(text + "\n", to: .standardError) }
    static func raw(_ text: String, to handle: FileHandle) { write(text, to: handle) }

    private static func write(_ text: String, to handle: FileHandle) {
        // A closed pipe (`| head`) ends the output, not the command.
        try? handle.write(contentsOf: Data(text.utf8))
    }

    /// Text from outside, safe for a terminal: control characters become `?` (escape sequences could rewrite the
    /// screen).
    static func safe(_ text: String) -> String {
        String(
            String.UnicodeScalarView(
                text.unicodeScalars.map { scalar in
                    scalar.properties.generalCategory == .control || scalar.properties.generalCategory == .format
                        ? "?" : scalar
                }))
    }
}

enum OutputFormat: String, ExpressibleByArgument, CaseIterable, Sendable { case table, json }

/// `--format` and `--quiet`, the same for every command that lists something.
struct OutputOptions: ParsableArguments {
    @Option(help: "How the result is written: \(OutputFormat.allCases.map(\.rawValue).joined(separator: " or ")).")
    var format: OutputFormat = .table

    @Flag(name: .shortAndLong, help: "Only names, one a line.")
    var quiet = false

    /// Writes one result: as JSON, as names, or as a table.
    func write<Value: Encodable, Row>(
        _ value: Value, rows: [Row], name: (Row) -> String, columns: [Table<Row>.Column]
    ) throws {
        switch (format, quiet) {
        case (.json, _): Output.data(try JSONFormat.encode(value, pretty: true))
        case (.table, true): rows.forEach { Output.data(Output.safe(name($0))) }
        case (.table, false): Output.data(Table(columns: columns).render(rows))
        }
    }
}

/// A table for people: columns as wide as their widest cell.
struct Table<Row> {
    struct Column {
        var title: String
        var cell: (Row) -> String
        init(_ title: String, _ cell: @escaping (Row) -> String) {
            self.title = title
            self.cell = cell
        }
    }

    /// A longer cell is cut, with `…`.
    static var cellCharactersMax: Int { 100 }

    let columns: [Column]

    func render(_ rows: [Row]) -> String {
        let cells = rows.map { row in columns.map { Self.cut(Output.safe($0.cell(row))) } }
        let widths = columns.indices.map { index in
            ([columns[index].title.count] + cells.map { $0[index].count }).max() ?? 0
        }
        return ([columns.map(\.title)] + cells).map { line in
            var text = zip(line, widths).map { cell, width in cell + String(repeating: " ", count: width - cell.count) }
                .joined(separator: "  ")
            while text.hasSuffix(" ") { text.removeLast() }
            return text
        }.joined(separator: "\n")
    }

    private static func cut(_ text: String) -> String {
        text.count > cellCharactersMax ? text.prefix(cellCharactersMax - 1) + "…" : text
    }
}
