/// An error that can say what failed, why, and what to do about it.
///
/// Each module's error enum conforms. Context is added where a boundary is crossed, by an outer error that holds the
/// inner one as `underlying`; the whole chain is printed once, at the top, by `ErrorReport`.
public protocol DescribedError: Error {
    /// What could not be done, and on what: `cannot read registry.example.com/team/api:1.4`.
    var summary: String { get }
    /// Why, where this error knows: `the registry answered 401`.
    var reason: String? { get }
    /// The error that led to this one.
    var underlying: (any Error)? { get }
    /// What a person can do now: `pratique registries test example`.
    var advice: String? { get }
}

extension DescribedError {
    public var reason: String? { nil }
    public var underlying: (any Error)? { nil }
    public var advice: String? { nil }
}

/// An error chain as a person reads it.
///
/// ```
/// error: cannot read registry.example.com/team/api:1.4
///   cause: the registry answered 401 (token for repository:team/api:pull was refused)
///   try:   pratique registries test example
/// ```
///
/// The advice is the innermost one given: who is nearest to the cause knows most. Texts can hold what a remote side
/// sent, so control characters are replaced, a text is cut at 2,000 characters and a chain at 10 errors.
public struct ErrorReport: Sendable, Hashable {
    public static let textMaxCharacters = 2_000
    public static let chainMax = 10

    public let summary: String
    public let causes: [String]
    public let advice: String?

    public init(_ error: any Error) {
        var lines: [String] = []
        var advice: String?
        var next: (any Error)? = error
        for _ in 0..<Self.chainMax {
            guard let error = next else { break }
            guard let described = error as? any DescribedError else {
                lines.append(Self.printable(String(describing: error)))
                break
            }
            lines.append(Self.printable(described.summary))
            if let reason = described.reason { lines.append(Self.printable(reason)) }
            advice = described.advice.map(Self.printable) ?? advice
            next = described.underlying
        }
        summary = lines.first ?? ""
        causes = Array(lines.dropFirst())
        self.advice = advice
    }

    /// Several lines, without a newline at the end.
    public var text: String {
        var lines = ["error: \(summary)"]
        lines += causes.map { "  cause: \($0)" }
        if let advice { lines.append("  try:   \(advice)") }
        return lines.joined(separator: "\n")
    }

    /// One line, for `error.chain` in logs and for reasons that are stored.
    public var chain: String {
        ([summary] + causes).joined(separator: ": ")
    }

    private static func printable(_ text: String) -> String {
        let clean = String(
            String.UnicodeScalarView(
                text.unicodeScalars.prefix(textMaxCharacters).map { scalar in
                    switch scalar.properties.generalCategory {
                    case .control, .format, .lineSeparator, .paragraphSeparator: " "
                    default: scalar
                    }
                }))
        return clean.count < text.count ? clean + "…" : clean
    }
}
