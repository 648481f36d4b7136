public import Foundation
import Synchronization

/// A real CNCF Distribution registry (Debian's `docker-registry`), started on a free port of 127.0.0.1.
public final class DistributionRegistry: Sendable {
    public enum StartError: Error, CustomStringConvertible {
        case missingProgram(String)
        case didNotListen(log: String)

        public var description: String {
            switch self {
            case .missingProgram(let name): "the program \(name) is not installed"
            case .didNotListen(let log): "docker-registry did not start to listen; its log: \(log)"
            }
        }
    }

    /// Files for TLS; with a client authority only clients with its certificates get in.
    public struct TLS: Sendable {
        public var certificatePath: String
        public var keyPath: String
        public var clientAuthorityPath: String?
        public init(certificatePath: String, keyPath: String, clientAuthorityPath: String? = nil) {
            self.certificatePath = certificatePath
            self.keyPath = keyPath
            self.clientAuthorityPath = clientAuthorityPath
        }
    }

    public static let program = Program.path(of: "docker-registry")
    public static var isInstalled: Bool { program != nil }

    public let port: Int
    public let folder: URL
    /// `http://127.0.0.1:PORT`, or `https`.
    public let address: String
    private let process: RunningProgram

    /// Starts the registry and waits until it listens.
    ///
    /// - Parameters:
    ///   - folder: for its configuration, storage and log (`registry.log`); created if missing.
    ///   - port: 0 for any that is free.
    ///   - notify: where its notifications go.
    ///   - headers: of the notifications.
    ///   - htpasswd: who may use it; everybody if nil.
    public static func start(
        folder: URL, port: Int = 0, notify: URL? = nil, headers: [String: String] = [:],
        htpasswd: (user: String, password: String)? = nil,
        tls: TLS? = nil
    ) async throws -> DistributionRegistry {
        guard let program else { throw StartError.missingProgram("docker-registry") }
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        var configuration = base(folder, port)
        if let tls { configuration += tlsSection(tls) }
        if let htpasswd { configuration += try authentication(folder, htpasswd) }
        if let notify { configuration += notifications(notify, headers) }
        let file = folder.appending(path: "registry.yml")
        try Data(configuration.utf8).write(to: file)
        let log = folder.appending(path: "registry.log")
        let process = try RunningProgram(program, ["serve", file.path], log: log)
        let deadline = ContinuousClock.now.advanced(by: .seconds(30))
        while ContinuousClock.now < deadline, process.isRunning {
            if let port = listeningPort(log) {
                return DistributionRegistry(
                    port: port, folder: folder, scheme: tls == nil ? "http" : "https", process: process)
            }
            try await Task.sleep(for: .milliseconds(20))
        }
        process.stop()
        throw StartError.didNotListen(log: (try? String(contentsOf: log, encoding: .utf8)) ?? "none")
    }

    /// What the registry answered so far: `GET /v2/…` lines of its log, by path.
    public func requests(_ method: String, holding text: String) throws -> [String: Int] {
        let log = try String(contentsOf: folder.appending(path: "registry.log"), encoding: .utf8)
        var counts: [String: Int] = [:]
        for line in log.split(separator: "\n") where line.contains("\"\(method) /v2/") && line.contains(text) {
            guard let start = line.range(of: "\"\(method) "),
                let end = line.range(of: " HTTP/", range: start.upperBound..<line.endIndex)
            else { continue }
            counts[String(line[start.upperBound..<end.lowerBound]), default: 0] += 1
        }
        return counts
    }

    init(port: Int, folder: URL, scheme: String, process: RunningProgram) {
        self.port = port
        self.folder = folder
        address = "\(scheme)://127.0.0.1:\(port)"
        self.process = process
    }

    deinit { process.stop() }

    public var pid: Int32 { process.pid }
    public func stop() { process.stop() }

    // MARK: Configuration

    private static func base(_ folder: URL, _ port: Int) -> String {
        """
        version: 0.1
        log:
          level: info
          formatter: text
        storage:
          filesystem:
            rootdirectory: '\(folder.appending(path: "storage").path)'
          delete:
            enabled: true
        http:
          addr: 127.0.0.1:\(port)
          secret: for-tests-only

        """
    }

    private static func tlsSection(_ tls: TLS) -> String {
        let clients = tls.clientAuthorityPath.map { "\n    clientcas: ['\($0)']" } ?? ""
        return "  tls:\n    certificate: '\(tls.certificatePath)'\n    key: '\(tls.keyPath)'\(clients)\n"
    }

    private static func authentication(_ folder: URL, _ pair: (user: String, password: String)) throws -> String {
        guard let program = Program.path(of: "htpasswd") else { throw StartError.missingProgram("htpasswd") }
        let file = folder.appending(path: "htpasswd")
        // Cost 4: the registry checks it with each request, and nothing here is worth guarding.
        try Program.run(program, ["-B", "-C", "4", "-b", "-c", file.path, pair.user, pair.password])
        return "auth:\n  htpasswd:\n    realm: test\n    path: '\(file.path)'\n"
    }

    private static func notifications(_ url: URL, _ headers: [String: String]) -> String {
        let lines = headers.sorted { $0.key < $1.key }.map { "\n        \($0.key): ['\($0.value)']" }.joined()
        return """
            notifications:
              endpoints:
                - name: pratique
                  url: '\(url.absoluteString)'
                  headers:\(lines.isEmpty ? " {}" : lines)
                  timeout: 5s
                  threshold: 3
                  backoff: 200ms

            """
    }

    /// The registry logs `listening on 127.0.0.1:PORT`.
    private static func listeningPort(_ log: URL) -> Int? {
        guard let text = try? String(contentsOf: log, encoding: .utf8),
            let range = text.range(of: "listening on 127.0.0.1:")
        else { return nil }
        let digits = text[range.upperBound...].prefix { $0.isNumber }
        return digits.endIndex < text.endIndex ? Int(digits) : nil
    }
}
