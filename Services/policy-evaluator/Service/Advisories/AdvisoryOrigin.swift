import Advisories
import Foundation
import HTTPPort
import Synchronization

/// Where an import reads from: a folder or archive of this machine, or a download in a folder of its own.
struct AdvisoryOrigin: Sendable {
    /// For people and the generation's record.
    let name: String
    let path: String
    private let downloaded: URL?

    /// - Throws: `CommandError.badOrigin`, `.download`.
    static func open(
        _ origin: String, transport: any HTTPTransport, folder: URL, bytesMax: Int64
    ) async throws -> AdvisoryOrigin {
        if origin.hasPrefix("/") { return AdvisoryOrigin(name: origin, path: origin, downloaded: nil) }
        guard origin.contains("://") else {
            throw CommandError.badOrigin(origin, reason: "wants the absolute path of a folder or an https address")
        }
        let url: WebURL
        do { url = try WebURL(origin) } catch { throw CommandError.badOrigin("the address", reason: "\(error)") }
        guard url.scheme == .https else { throw CommandError.badOrigin(url.redacted, reason: "wants https") }
        guard url.path.hasSuffix(".zip") else { throw CommandError.badOrigin(url.redacted, reason: "wants an all.zip") }
        return try await download(url, transport, folder, bytesMax)
    }

    func close() {
        if let downloaded { try? FileManager.default.removeItem(at: downloaded) }
    }

    /// The archive's folder carries the name of its source: the last part of the address before the file.
    private static func download(
        _ url: WebURL, _ transport: any HTTPTransport, _ folder: URL, _ bytesMax: Int64
    ) async throws -> AdvisoryOrigin {
        let root = folder.appending(path: "import")
        let last = url.path.split(separator: "/").dropLast().last.map(String.init) ?? ""
        let source = AdvisoryImport.source(ofFolder: last.removingPercentEncoding ?? last)
        let place = root.appending(path: source)
        let file = place.appending(path: "all.zip")
        // What an earlier import left when its process ended.
        try? FileManager.default.removeItem(at: root)
        do {
            try FileManager.default.createDirectory(
                at: place, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
            let sink = try FileSink(file, bytesMax: bytesMax, url: url)
            var limits = RequestLimits()
            limits.total = .seconds(3600)
            limits.bodyBytesMax = bytesMax
            let head = try await transport.send(OutboundRequest(.get, url, limits: limits), into: sink)
            try sink.close()
            guard head.isSuccess else {
                throw CommandError.download(url.redacted, reason: "it answered \(head.status)")
            }
        } catch {
            try? FileManager.default.removeItem(at: root)
            if error is CancellationError || error is CommandError { throw error }
            throw CommandError.download(url.redacted, reason: "\(error)")
        }
        return AdvisoryOrigin(name: url.redacted, path: file.path, downloaded: root)
    }
}

/// Writes a body to a file, on the transport's thread.
private final class FileSink: ResponseSink {
    private struct State {
        var handle: FileHandle
        var written: Int64 = 0
        var isGood = false
    }

    private let state: Mutex<State>
    private let bytesMax: Int64
    private let url: WebURL

    init(_ file: URL, bytesMax: Int64, url: WebURL) throws {
        guard FileManager.default.createFile(atPath: file.path, contents: nil, attributes: [.posixPermissions: 0o600])
        else {
            throw CommandError.download(url.redacted, reason: "\(file.path) cannot be created")
        }
        state = Mutex(State(handle: try FileHandle(forWritingTo: file)))
        self.bytesMax = bytesMax
        self.url = url
    }

    func receive(head: ResponseHead) throws { state.withLock { $0.isGood = head.isSuccess } }

    func receive(_ bytes: UnsafeRawBufferPointer) throws {
        try state.withLock { state in
            // The body of an error is nothing to keep.
            guard state.isGood else { return }
            state.written += Int64(bytes.count)
            guard state.written <= bytesMax else {
                throw HTTPTransportError.bodyTooLarge(url: url, limitBytes: bytesMax)
            }
            try state.handle.write(contentsOf: Data(bytes))
        }
    }

    func close() throws { try state.withLock { try $0.handle.close() } }
}
