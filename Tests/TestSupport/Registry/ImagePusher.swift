public import HTTPPort
public import Model

/// Pushes images into a real registry, as `docker push` does, over any transport.
public struct ImagePusher: Sendable {
    public struct Refused: Error, CustomStringConvertible {
        public let description: String
    }

    private let transport: any HTTPTransport
    private let base: WebURL
    private let credential: OriginCredential?
    private let tls: TLSOptions

    public init(
        _ transport: any HTTPTransport, address: String, credential: (user: String, secret: String)? = nil,
        tls: TLSOptions = .standard
    ) throws {
        self.transport = transport
        self.tls = tls
        let base = try WebURL(address)
        self.base = base
        self.credential = credential.map { .basic(user: $0.user, secret: $0.secret, for: base.origin) }
    }

    /// Pushes layers, configuration and manifest; returns the manifest's digest.
    @discardableResult
    public func push(_ image: ImageFixture, _ repository: String, tag: String? = nil) async throws -> Digest {
        for bytes in image.layers + [image.configuration] { try await pushBlob(bytes, repository) }
        return try await pushManifest(image.manifest, type: image.mediaType, repository, tag: tag)
    }

    public func pushBlob(_ bytes: [UInt8], _ repository: String) async throws {
        let start = try await send(
            .post, base.appending(path: "v2/\(repository)/blobs/uploads/"), type: nil, [], expecting: 202)
        guard let location = start.head.headers["location"] else { throw Refused(description: "no upload location") }
        let digest = ImageFixture.digest(bytes).text
        let upload = try start.head.url.resolving(location).appending(query: [("digest", digest)])
        _ = try await send(.put, upload, type: "application/octet-stream", bytes, expecting: 201)
    }

    @discardableResult
    public func pushManifest(_ bytes: [UInt8], type: MediaType, _ repository: String, tag: String? = nil) async throws
        -> Digest
    {
        let digest = ImageFixture.digest(bytes)
        let url = base.appending(path: "v2/\(repository)/manifests/").appending(verbatim: tag ?? digest.text)
        _ = try await send(.put, url, type: type.text, bytes, expecting: 201)
        return digest
    }

    /// Deletes a manifest by its digest.
    public func delete(_ repository: String, _ digest: Digest) async throws {
        let url = base.appending(path: "v2/\(repository)/manifests/").appending(verbatim: digest.text)
        _ = try await send(.delete, url, type: nil, [], expecting: 202)
    }

    private func send(
        _ method: OutboundRequest.Method, _ url: WebURL, type: String?, _ body: [UInt8], expecting status: Int
    ) async throws -> CollectedResponse {
        var headers: HeaderList = []
        if let type { headers.add("Content-Type", type) }
        let request = OutboundRequest(
            method, url, headers: headers, body: body, credential: credential, allowsPlainHTTP: true, tls: tls)
        let response = try await transport.collect(request)
        guard response.head.status == status else {
            let said = String(decoding: response.body.prefix(500), as: UTF8.self)
            throw Refused(description: "\(method.rawValue) \(url.redacted): \(response.head.status) \(said)")
        }
        return response
    }
}
