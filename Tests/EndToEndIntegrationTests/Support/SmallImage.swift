import Foundation
import HTTPPort
import Model
import TestSupport

/// Images of a few files, made in memory.
enum SmallImage {
    struct DebianPackage {
        var name: String
        var version: String
        var source: String?
        init(_ name: String, _ version: String, source: String? = nil) {
            self.name = name
            self.version = version
            self.source = source
        }
    }

    static func debian(release: String = "12", packages: [DebianPackage], user: String = "1000") -> ImageFixture {
        let status = packages.map { package in
            "Package: \(package.name)\nStatus: install ok installed\nArchitecture: amd64\n"
                + (package.source.map { "Source: \($0)\n" } ?? "") + "Version: \(package.version)\n"
        }.joined(separator: "\n")
        let files = [
            "etc/os-release": "ID=debian\nVERSION_ID=\"\(release)\"\nPRETTY_NAME=\"Debian GNU/Linux \(release)\"\n",
            "var/lib/dpkg/status": status,
        ]
        return make(layers: [layer(files)], user: user)
    }

    static func make(layers: [[UInt8]], user: String = "1000") -> ImageFixture {
        ImageFixture(layers: layers, user: user)
    }

    /// A plain ustar archive.
    static func layer(_ files: [String: String]) -> [UInt8] {
        files.sorted { $0.key < $1.key }.flatMap { entry($0.key, Array($0.value.utf8)) }
            + [UInt8](repeating: 0, count: 1024)
    }

    private static func entry(_ path: String, _ content: [UInt8]) -> [UInt8] {
        var header = [UInt8](repeating: 0, count: 512)
        func put(_ text: String, at offset: Int) {
            header.replaceSubrange(offset..<(offset + text.utf8.count), with: text.utf8)
        }
        put(path, at: 0)
        put("0000644", at: 100)
        put("0000000", at: 108)
        put("0000000", at: 116)
        put(octal(content.count, digits: 11), at: 124)
        put("00000000000", at: 136)
        put("        ", at: 148)
        put("0", at: 156)
        put("ustar", at: 257)
        put("00", at: 263)
        put(octal(header.reduce(0) { $0 + Int($1) }, digits: 6) + "\0 ", at: 148)
        let padding = (512 - content.count % 512) % 512
        return header + content + [UInt8](repeating: 0, count: padding)
    }

    private static func octal(_ number: Int, digits: Int) -> String {
        let text = String(number, radix: 8)
        return String(repeating: "0", count: digits - text.count) + text
    }
}

/// Bodies as CNCF Distribution sends them.
enum DistributionEvent {
    static func push(repository: String, tag: String, digest: Digest) -> String {
        event("push", "\"tag\":\"\(tag)\",", repository: repository, digest: digest)
    }

    static func delete(repository: String, digest: Digest) -> String {
        event("delete", "", repository: repository, digest: digest)
    }

    private static func event(_ action: String, _ tag: String, repository: String, digest: Digest) -> String {
        """
        {"events":[{"id":"e-\(UUID().uuidString)","timestamp":"2026-01-05T09:40:00Z","action":"\(action)",\
        "target":{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"\(digest)","size":512,\(tag)\
        "repository":"\(repository)"},"request":{"host":"127.0.0.1","method":"PUT"},"actor":{},"source":{}}]}
        """
    }
}

extension Harbour {
    /// Sends a webhook body; returns the status.
    func deliver(_ body: String, secret: String?) async throws -> Int {
        let url = try WebURL(pratique.addresses.webhooks + "/webhooks/demo")
        let credential = secret.map { OriginCredential(origin: url.origin, headers: ["Authorization": $0]) }
        let request = OutboundRequest(
            .post, url, headers: ["Content-Type": "application/vnd.docker.distribution.events.v2+json"],
            body: Array(body.utf8), credential: credential, allowsPlainHTTP: true)
        return try await pratique.transport.collect(request).head.status
    }
}

/// An OCI image layout, for skopeo.
enum OCILayout {
    /// - Parameter gzipLayers: bottom first; their uncompressed digests are computed with the system's gzip.
    static func write(gzipLayers: [[UInt8]], user: String, to folder: URL, tag: String) throws {
        let blobs = folder.appending(path: "blobs/sha256")
        try FileManager.default.createDirectory(at: blobs, withIntermediateDirectories: true)
        let diffIDs = try gzipLayers.enumerated().map { index, layer in
            let packed = folder.appending(path: "layer-\(index).gz")
            let plain = folder.appending(path: "layer-\(index)")
            try Data(layer).write(to: packed)
            try Program.run(RootFolder.program("gzip"), ["--decompress", packed.path])
            defer { try? FileManager.default.removeItem(at: plain) }
            return ImageFixture.digest(Array(try Data(contentsOf: plain)))
        }
        let image = ImageFixture(
            layers: gzipLayers, layerType: "application/vnd.oci.image.layer.v1.tar+gzip", diffIDs: diffIDs, user: user)
        for bytes in gzipLayers + [image.configuration, image.manifest] {
            try Data(bytes).write(to: blobs.appending(path: ImageFixture.digest(bytes).hex))
        }
        try Data("{\"imageLayoutVersion\":\"1.0.0\"}".utf8).write(to: folder.appending(path: "oci-layout"))
        let index = """
            {"schemaVersion":2,"manifests":[{"mediaType":"\(image.mediaType)","digest":"\(image.digest)",\
            "size":\(image.manifest.count),"annotations":{"org.opencontainers.image.ref.name":"\(tag)"}}]}
            """
        try Data(index.utf8).write(to: folder.appending(path: "index.json"))
    }
}
