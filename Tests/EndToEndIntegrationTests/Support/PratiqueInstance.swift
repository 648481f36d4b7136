import Foundation
import GatewayAPI
import HTTPCurl
import HTTPPort
import Model
import TestSupport

/// A real `pratique serve`, the executable that was built beside the tests, on free ports of 127.0.0.1.
final class PratiqueInstance: GatewayDriver {
    struct Refused: Error, CustomStringConvertible {
        let description: String
    }

    /// What `pratique serve` writes into its data folder once it listens.
    struct Addresses: Codable {
        var api: String
        var webhooks: String
        var `operator`: String
    }

    /// How long a test waits for a state before it fails.
    static let patience = Duration.seconds(120)

    let folder: URL
    let addresses: Addresses
    let token: String
    let program: RunningProgram
    let transport: CurlTransport

    var dataFolder: URL { folder.appending(path: "data") }
    var api: String { addresses.api }
    var webhooks: String { addresses.webhooks }
    var whereToLook: String { program.log.path }

    private init(folder: URL, addresses: Addresses, token: String, program: RunningProgram) {
        self.folder = folder
        self.addresses = addresses
        self.token = token
        self.program = program
        transport = CurlTransport(.init(addresses: .privateNetworks, width: 200))
    }

    /// The executable `pratique`, which is built with the tests.
    static var executable: URL {
        get throws {
            let link = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
            let program = URL(fileURLWithPath: link).deletingLastPathComponent().appending(path: "pratique")
            guard FileManager.default.isExecutableFile(atPath: program.path) else {
                throw Refused(description: "\(program.path) is missing; build the package first")
            }
            return program
        }
    }

    /// Starts it on a data folder below `folder`, new or used, and waits until it is ready.
    static func start(
        in folder: URL, arguments: [String] = [], environment: [String: String] = [:]
    ) async throws -> PratiqueInstance {
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let program = try launch(in: folder, arguments: arguments, environment: environment)
        do { return try await attach(to: program, in: folder) } catch {
            program.kill()
            throw error
        }
    }

    /// Waits until a program that was launched is ready.
    static func attach(to program: RunningProgram, in folder: URL) async throws -> PratiqueInstance {
        let data = folder.appending(path: "data")
        let file = data.appending(path: "addresses.json")
        try await eventually("pratique serve listens", within: patience, every: .milliseconds(50)) {
            guard program.isRunning else {
                throw Refused(description: "pratique serve ended: \(program.lastWords)")
            }
            return FileManager.default.fileExists(atPath: file.path)
        }
        let addresses = try JSONDecoder().decode(Addresses.self, from: Data(contentsOf: file))
        let probe = CurlTransport(.init(addresses: .privateNetworks))
        try await eventually("pratique serve is ready", within: patience, every: .milliseconds(50)) {
            guard program.isRunning else { throw Refused(description: "pratique serve ended: \(program.lastWords)") }
            return try await status(of: addresses.operator + "/ready", probe) == 200
        }
        let token = try String(contentsOf: data.appending(path: "admin-token"), encoding: .utf8)
            .trimmingCharacters(in: .whitespacesAndNewlines)
        return PratiqueInstance(folder: folder, addresses: addresses, token: token, program: program)
    }

    /// Starts the program without waiting for anything: it may be made to die on the way up.
    static func launch(
        in folder: URL, arguments: [String] = [], environment: [String: String] = [:]
    ) throws -> RunningProgram {
        let data = folder.appending(path: "data")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        try? FileManager.default.removeItem(at: data.appending(path: "addresses.json"))
        let fixed = Set(arguments)
        let listeners = ["--listen", "--webhooks", "--operator"].filter { !fixed.contains($0) }.flatMap {
            [$0, "127.0.0.1:0"]
        }
        // Each life has a log of its own.
        let lives = try FileManager.default.contentsOfDirectory(atPath: folder.path).count { $0.hasPrefix("serve-") }
        return try RunningProgram(
            executable, ["serve", "--data", data.path] + listeners + arguments,
            log: folder.appending(path: "serve-\(lives + 1).log"),
            environment: environment)
    }

    @discardableResult
    func stop() -> RunningProgram.Ending { program.stop() }
    func kill() { program.kill() }

    static func status(of address: String, _ transport: CurlTransport) async throws -> Int {
        do {
            return try await transport.collect(OutboundRequest(.get, WebURL(address), allowsPlainHTTP: true)).head
                .status
        } catch is HTTPTransportError { return 0 }
    }
}
