package import Logging
import Synchronization

/// The logging system of this process, set up once.
package enum Logs {
    private static let isSetUp = Mutex(false)

    /// Makes every `Logger` of the process write lines to standard error. Only the first call has an effect, so that
    /// tests and several services in one process can all call it.
    package static func setUp(level: Logger.Level, format: LogFormat) {
        let first = isSetUp.withLock { done in
            defer { done = true }
            return !done
        }
        guard first else { return }
        let chosen = format == .automatic ? (StandardError.isTerminal ? .text : .json) : format
        LoggingSystem.bootstrap { label in
            LineLogHandler(label: label, level: level, format: chosen, write: StandardError.write)
        }
    }
}
