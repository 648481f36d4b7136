public import Foundation

/// A certificate authority with a server's and a client's certificate, made by the program `openssl`.
public struct TestCertificates: Sendable {
    public static let program = Program.path(of: "openssl")
    public static var isAvailable: Bool { program != nil }

    public let authorityPath: String
    public let serverPath: String
    public let serverKeyPath: String
    public let clientPath: String
    public let clientKeyPath: String

    /// - Parameter folder: where the files go; created if missing. The server's certificate is for 127.0.0.1 and
    ///   localhost.
    public init(in folder: URL) throws {
        guard let program = Self.program else { throw Program.Failure(description: "openssl is not installed") }
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        func path(_ name: String) -> String { folder.appending(path: name).path }
        let key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-sha256"]
        try Program.run(
            program,
            ["req", "-x509"] + key + [
                "-keyout", path("ca.key"), "-out", path("ca.pem"), "-days", "2", "-subj", "/CN=Test CA",
            ])
        let extensions = [
            "server": "subjectAltName=IP:127.0.0.1,DNS:localhost", "client": "extendedKeyUsage=clientAuth",
        ]
        for (name, text) in extensions {
            try Data(text.utf8).write(to: folder.appending(path: name + ".ext"))
            try Program.run(
                program,
                ["req", "-new"] + key + [
                    "-keyout", path(name + ".key"), "-out", path(name + ".csr"), "-subj", "/CN=\(name)",
                ])
            try Program.run(
                program,
                [
                    "x509", "-req", "-in", path(name + ".csr"), "-CA", path("ca.pem"), "-CAkey", path("ca.key"),
                    "-CAcreateserial",
                    "-days", "2", "-sha256", "-extfile", path(name + ".ext"), "-out", path(name + ".pem"),
                ])
        }
        authorityPath = path("ca.pem")
        serverPath = path("server.pem")
        serverKeyPath = path("server.key")
        clientPath = path("client.pem")
        clientKeyPath = path("client.key")
    }
}
