import Foundation
import TestSupport

/// The libraries that an executable names, not those that these need in turn.
enum LinkedLibraries {
    /// - Parameter executable: found beside the tests.
    static func of(_ executable: String) throws -> Set<String> {
        let link = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        let program = URL(fileURLWithPath: link).deletingLastPathComponent().appending(path: executable)
        guard FileManager.default.isExecutableFile(atPath: program.path), let readelf = Program.path(of: "readelf")
        else {
            throw Program.Failure(description: "\(program.path) or readelf is missing; build the package first")
        }
        let text = try Program.output(of: readelf, ["--dynamic", "--wide", program.path])
        return Set(text.matches(of: /\(NEEDED\).*\[([^\]]+)\]/).map { String($0.1) })
    }

    /// Linked into the executable in a release.
    static func isSwifts(_ library: String) -> Bool {
        ["libswift", "libFoundation", "lib_Foundation", "libdispatch", "libBlocksRuntime"].contains {
            library.hasPrefix($0)
        }
    }
}
