package import Model

/// The exit codes of every program of Pratique.
package enum ExitStatus: Int32, Sendable, CaseIterable {
    case success = 0
    /// It could not complete, or the result is undetermined.
    case failure = 1
    /// The command line or the settings are wrong.
    case usage = 2
    /// A policy is not met.
    case policyFailed = 4
}

/// Ends a command with a status and without another word: what there was to say has been said.
package struct QuietExit: Error, Hashable {
    package let status: ExitStatus

    package init(_ status: ExitStatus) { self.status = status }
}

/// A described error that knows the exit code it ends a program with; others end it with `failure`.
package protocol ExitStatusError: DescribedError {
    var exitStatus: ExitStatus { get }
}
