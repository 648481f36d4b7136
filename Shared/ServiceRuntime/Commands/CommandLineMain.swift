package import ArgumentParser
import Foundation
import Model

/// Parses a command line, runs the command, and ends the process with the right status.
///
/// ArgumentParser would end with 64 on a usage error; Pratique's code for that is 2. Errors are printed here, once.
package enum CommandLineMain {
    /// - Parameters:
    ///   - root: the command with its subcommands.
    ///   - arguments: without the program's name; nil takes the process's.
    package static func run(_ root: any ParsableCommand.Type, arguments: [String]? = nil) async -> Never {
        exit(await status(of: root, arguments: arguments).rawValue)
    }

    /// The same without ending the process.
    package static func status(of root: any ParsableCommand.Type, arguments: [String]? = nil) async -> ExitStatus {
        var command: any ParsableCommand
        do { command = try root.parseAsRoot(arguments) } catch { return report(error, parsing: root) }
        do {
            if var asynchronous = command as? any AsyncParsableCommand {
                try await asynchronous.run()
            } else {
                try command.run()
            }
            return .success
        } catch {
            return report(error, parsing: root)
        }
    }

    private static func report(_ error: any Error, parsing root: any ParsableCommand.Type) -> ExitStatus {
        switch error {
        case let quiet as QuietExit:
            return quiet.status
        case let described as any DescribedError:
            StandardError.write(ErrorReport(described).text)
            return (described as? any ExitStatusError)?.exitStatus ?? .failure
        default:
            break
        }
        // Help, version and usage errors are ArgumentParser's to word; anything else is ours.
        let code = root.exitCode(for: error)
        if code == .validationFailure {
            StandardError.write(root.fullMessage(for: error))
            return .usage
        }
        if code.isSuccess {
            let text = root.fullMessage(for: error)
            if !text.isEmpty { print(text) }
            return .success
        }
        if !(error is ExitCode) { StandardError.write(ErrorReport(error).text) }
        return ExitStatus(rawValue: code.rawValue) ?? .failure
    }
}
