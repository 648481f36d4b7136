import HTTPPort
public import Model

extension RemoteRegistry {
    /// Streams a blob into a sink and checks size and digest.
    ///
    /// The sink runs on a thread of the transport and may block. It gets each byte once, in order, also when the
    /// transfer broke and was taken up again. **The bytes are good only after this call returned**: a wrong digest is
    /// known at the end. An error thrown by the sink ends the transfer and is thrown unchanged.
    ///
    /// - Parameter verifiesDigest: false for a sink that checks the digest itself, such as a layer's reader. The size
    ///   is checked all the same.
    public func blob(
        _ repository: RepositoryName, _ descriptor: Descriptor, verifiesDigest: Bool = true,
        into sink: @escaping @Sendable (UnsafeRawBufferPointer) throws -> Void
    ) async throws {
        let subject = Subject.blob(repository, descriptor.digest)
        guard descriptor.size >= 0, descriptor.size <= limits.blobBytesMax else {
            throw RegistryError.tooLarge(fault(subject, "by its descriptor"), limitBytes: limits.blobBytesMax)
        }
        let call = Call(
            .get, endpoint.api("\(repository)/blobs/").appending(verbatim: descriptor.digest.text), subject: subject,
            scopes: [Scope.pull(repository)], limits: blobLimits(descriptor.size))
        let consumer = BlobConsumer(
            descriptor, fault: fault(subject, "by its descriptor"), verifiesDigest: verifiesDigest, sink: sink)
        _ = try await conversation.send(call, into: consumer)
        try consumer.finish()
    }

    /// Fetches an image's configuration, at most `configurationBytesMax`, size and digest checked.
    public func configuration(_ repository: RepositoryName, _ descriptor: Descriptor) async throws -> [UInt8] {
        let subject = Subject.blob(repository, descriptor.digest)
        guard descriptor.size <= limits.configurationBytesMax else {
            throw RegistryError.tooLarge(fault(subject, "by its descriptor"), limitBytes: limits.configurationBytesMax)
        }
        let sink = CollectingSink(bytesMax: limits.configurationBytesMax, url: endpoint.baseURL)
        try await blob(repository, descriptor) { try sink.receive($0) }
        return sink.take()
    }

    /// A part of a blob. Nothing is checked but its length: whoever asks knows how to prove it.
    ///
    /// - Returns: nil where the registry has only whole blobs.
    public func part(
        of descriptor: Descriptor, _ range: Range<Int64>, in repository: RepositoryName
    ) async throws -> [UInt8]? {
        let subject = Subject.blob(repository, descriptor.digest)
        guard !range.isEmpty, range.lowerBound >= 0, range.upperBound <= descriptor.size,
            range.count <= limits.partBytesMax
        else { throw RegistryError.tooLarge(fault(subject, "for a part"), limitBytes: Int64(limits.partBytesMax)) }
        let call = Call(
            .get, endpoint.api("\(repository)/blobs/").appending(verbatim: descriptor.digest.text),
            headers: ["Range": "bytes=\(range.lowerBound)-\(range.upperBound - 1)"], subject: subject,
            scopes: [Scope.pull(repository)], limits: blobLimits(Int64(range.count)))
        let consumer = PartConsumer(range)
        do { _ = try await conversation.send(call, into: consumer) } catch is PartConsumer.WholeBlob { return nil }
        let bytes = consumer.bytes
        guard bytes.count == range.count else {
            throw RegistryError.truncated(
                fault(subject, "a part of \(range.count) bytes"), received: Int64(bytes.count))
        }
        return bytes
    }

    /// The body may be one byte too long, so that the size check says what is wrong.
    private func blobLimits(_ size: Int64) -> RequestLimits {
        RequestLimits(
            total: .seconds(60 + size / max(1, limits.blobBytesPerSecondMin)),
            bodyBytesMax: max(size + 1, limits.errorBytesMax))
    }
}
