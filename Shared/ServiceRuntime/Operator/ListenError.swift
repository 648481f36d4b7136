import Model

/// A listener could not be opened.
package struct ListenError: DescribedError {
    /// Which one: `operator`, `webhooks`, `api`.
    package let listener: String
    package let address: ListenAddress
    package let underlying: (any Error)?

    package init(listener: String, address: ListenAddress, underlying: any Error) {
        self.listener = listener
        self.address = address
        self.underlying = underlying
    }

    package var summary: String { "cannot listen on \(address) (\(listener))" }
    package var advice: String? { "stop what listens there, or choose another address" }
}
