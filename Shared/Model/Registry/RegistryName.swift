/// The name of a configured registry: 1 to 63 characters of `a-z 0-9 -`, starting with a letter or a digit.
///
/// It has no dot, so it is never taken for a host.
public struct RegistryName: TextValue {
    public let text: String
    public init(_ text: String) throws(ParseError) {
        try checkSlug(text, "registry name")
        self.text = text
    }
}
