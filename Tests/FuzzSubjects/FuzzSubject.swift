/// A reader of hostile bytes, as the fuzzer and the test of the kept inputs run it.
///
/// It must not crash, hang, or leak, whatever the input. Where a reader takes a file in pieces, it must also say the
/// same of the file as a whole.
public struct FuzzSubject: Sendable {
    /// Lower case with hyphens; its kept inputs lie in `Tests/Fuzz/Corpus/<name>`.
    public let name: String
    private let body: @Sendable (FuzzInput) -> Void

    init(_ name: String, _ body: @escaping @Sendable (FuzzInput) -> Void) {
        self.name = name
        self.body = body
    }

    /// Blocks; may start threads, which are over when it returns.
    public func run(_ bytes: UnsafeRawBufferPointer) {
        guard let input = FuzzInput(bytes) else { return }
        body(input)
    }

    public static let all: [FuzzSubject] = layers + zips + analysers + wrapped + [manifest, table]

    /// Ends the process, which is what the fuzzer looks for; optimised code says nothing by itself.
    static func expect(_ holds: Bool, _ message: @autoclosure () -> String) {
        guard !holds else { return }
        Diagnostics.write("error: \(message())\n")
        preconditionFailure("see above")
    }
}
