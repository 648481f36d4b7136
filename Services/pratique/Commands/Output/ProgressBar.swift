import Foundation
import Synchronization

/// One line on the terminal's stderr that shows how far long work is; nothing where stderr is no terminal, and nothing
/// for work that is over within a second.
final class ProgressBar: Sendable {
    /// What is counted.
    enum Unit: Sendable {
        case bytes
        /// Things, by the word for several of them; without one only the numbers are shown.
        case things(String)
    }

    private struct State {
        var lastDrawn: Double?
        var drawn = false
    }

    private let title: String
    private let unit: Unit
    private let isShown: Bool
    private let startedAt = ProgressBar.seconds()
    private let state = Mutex(State())
    private static let redrawSeconds = 0.1
    private static let quietSeconds = 1.0
    private static let width = 28

    init(_ title: String, unit: Unit = .bytes, isShown: Bool = isatty(STDERR_FILENO) == 1) {
        self.title = title
        self.unit = unit
        self.isShown = isShown
    }

    func update(done: Int64, total: Int64?) {
        draw { Self.line(title, done: done, total: total, unit) }
    }

    /// For work of which nothing is known but that it goes on.
    func update() {
        draw { Self.line(title, seconds: Int(Self.seconds() - startedAt)) }
    }

    private func draw(_ line: () -> String) {
        guard isShown else { return }
        let now = Self.seconds()
        let isDue = state.withLock { state in
            guard now - startedAt > Self.quietSeconds, now - (state.lastDrawn ?? 0) > Self.redrawSeconds else {
                return false
            }
            state.lastDrawn = now
            state.drawn = true
            return true
        }
        if isDue { Output.raw("\r\u{1B}[K" + line(), to: .standardError) }
    }

    /// Removes the line.
    func finish() {
        guard state.withLock({ $0.drawn }) else { return }
        Output.raw("\r\u{1B}[K", to: .standardError)
    }

    static func line(_ title: String, done: Int64, total: Int64?, _ unit: Unit = .bytes) -> String {
        guard let total, total > 0 else { return "\(title)  \(amount(done, of: nil, unit))" }
        let share = min(1, Double(done) / Double(total))
        let filled = Int(share * Double(width))
        let bar = String(repeating: "█", count: filled) + String(repeating: "░", count: width - filled)
        return "\(title)  \(bar) \(Int(share * 100)) %  \(amount(done, of: total, unit))"
    }

    static func line(_ title: String, seconds: Int) -> String {
        let minutes = seconds / 60
        return "\(title)  " + (minutes == 0 ? "\(seconds) s" : "\(minutes) min \(seconds % 60) s")
    }

    private static func amount(_ done: Int64, of total: Int64?, _ unit: Unit) -> String {
        switch unit {
        case .bytes: (total.map { "\(megabytes(done)) of \(megabytes($0))" } ?? megabytes(done)) + " MB"
        case .things(let word): (total.map { "\(done) of \($0)" } ?? "\(done)") + (word.isEmpty ? "" : " \(word)")
        }
    }

    private static func megabytes(_ bytes: Int64) -> String {
        (Double(bytes) / 1_000_000).formatted(
            .number.precision(.fractionLength(1)).locale(Locale(identifier: "en_US_POSIX")))
    }

    private static func seconds() -> Double { ProcessInfo.processInfo.systemUptime }
}
