import Foundation
import Synchronization

/// One line on the terminal's stderr that shows how far long work is; nothing where stderr is no terminal, and nothing
/// for work that is over within a second.
final class ProgressBar: Sendable {
    private struct State {
        var lastDrawn: Double?
        var drawn = false
    }

    private let title: String
    private let isShown: Bool
    private let startedAt = ProgressBar.seconds()
    private let state = Mutex(State())
    private static let redrawSeconds = 0.1
    private static let quietSeconds = 1.0
    private static let width = 28

    init(_ title: String, isShown: Bool = isatty(STDERR_FILENO) == 1) {
        self.title = title
        self.isShown = isShown
    }

    func update(done: Int64, total: Int64?) {
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
        if isDue { Output.raw("\r\u{1B}[K" + Self.line(title, done: done, total: total), to: .standardError) }
    }

    /// Removes the line.
    func finish() {
        guard state.withLock({ $0.drawn }) else { return }
        Output.raw("\r\u{1B}[K", to: .standardError)
    }

    static func line(_ title: String, done: Int64, total: Int64?) -> String {
        guard let total, total > 0 else { return "\(title)  \(megabytes(done)) MB" }
        let share = min(1, Double(done) / Double(total))
        let filled = Int(share * Double(width))
        let bar = String(repeating: "█", count: filled) + String(repeating: "░", count: width - filled)
        return "\(title)  \(bar) \(Int(share * 100)) %  \(megabytes(done)) of \(megabytes(total)) MB"
    }

    private static func megabytes(_ bytes: Int64) -> String {
        (Double(bytes) / 1_000_000).formatted(
            .number.precision(.fractionLength(1)).locale(Locale(identifier: "en_US_POSIX")))
    }

    private static func seconds() -> Double { ProcessInfo.processInfo.systemUptime }
}
