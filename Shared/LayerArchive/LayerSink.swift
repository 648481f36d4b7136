/// One layer of a container image, read in one pass as its bytes arrive: digest, decompression, diff_id and tar.
///
/// **Promises.** No layer is written to disk and none is held in memory: a `LayerReader` takes the bytes on the thread
/// that
/// has them (`LayerSink.write`) and needs a few MiB, whatever the layer's size. Every byte is hashed, as it arrived and
/// as it
/// is inflated; a gzip stream is drained to its trailer and the trailer checked; a tar archive that ends early is an
/// error.
/// What cannot be read is a `LayerError` that names the layer and the cause, never an empty result. A `LayerStack`
/// answers what the layers make together: whiteouts, opaque directories, links.
///
/// **Limits** all have a name in `LayerLimits`. The bytes are hostile: nothing in them makes a path outside the image
/// root, an allocation larger than a limit, or a loop without an end.
public protocol LayerSink: AnyObject, Sendable {
    /// Takes the next bytes, which are valid only during the call. May block. One thread at a time.
    /// - Throws: `LayerError`; the sender ends the transfer and throws it on, unchanged.
    func write(_ bytes: UnsafeRawBufferPointer) throws
}
