public import Model

/// Base scores of CVSS vectors (FIRST, specifications 2.0, 3.1 and 4.0).
public enum CVSS {
    /// The base score of a vector, 0 to 10 in tenths; nil when it is none that we can read.
    public static func baseScoreTenths(_ vector: String) -> Int? {
        guard vector.utf8.count <= 400 else { return nil }
        var parts = vector.split(separator: "/", omittingEmptySubsequences: true)
        let version = parts.first.flatMap { $0.hasPrefix("CVSS:") ? $0.dropFirst(5) : nil }
        if version != nil { parts.removeFirst() }
        var metrics: [Substring: Substring] = [:]
        for part in parts {
            guard let colon = part.firstIndex(of: ":") else { return nil }
            guard metrics.updateValue(part[part.index(after: colon)...], forKey: part[..<colon]) == nil else {
                return nil
            }
        }
        return switch version {
        case "3.0", "3.1": CVSS3.score(metrics)
        case "4.0": CVSS4.score(metrics)
        case nil: CVSS2.score(metrics)
        default: nil
        }
    }

    /// The qualitative rating of a score in tenths: 0 is `negligible`.
    public static func severity(tenths: Int) -> Severity {
        switch tenths {
        case ..<1: .negligible
        case 1..<40: .low
        case 40..<70: .medium
        case 70..<90: .high
        default: .critical
        }
    }
}

enum CVSS2 {
    static func score(_ metrics: [Substring: Substring]) -> Int? {
        func value(_ name: Substring, _ values: [Substring: Double]) -> Double? { metrics[name].flatMap { values[$0] } }
        let impacts: [Substring: Double] = ["N": 0, "P": 0.275, "C": 0.66]
        guard let vector = value("AV", ["L": 0.395, "A": 0.646, "N": 1]),
            let complexity = value("AC", ["H": 0.35, "M": 0.61, "L": 0.71]),
            let authentication = value("Au", ["M": 0.45, "S": 0.56, "N": 0.704]),
            let confidentiality = value("C", impacts),
            let integrity = value("I", impacts), let availability = value("A", impacts)
        else { return nil }
        let impact = 10.41 * (1 - (1 - confidentiality) * (1 - integrity) * (1 - availability))
        let exploitability = 20 * vector * complexity * authentication
        let score = (0.6 * impact + 0.4 * exploitability - 1.5) * (impact == 0 ? 0 : 1.176)
        return Int((score * 10).rounded())
    }
}

enum CVSS3 {
    static func score(_ metrics: [Substring: Substring]) -> Int? {
        func value(_ name: Substring, _ values: [Substring: Double]) -> Double? { metrics[name].flatMap { values[$0] } }
        let impacts: [Substring: Double] = ["N": 0, "L": 0.22, "H": 0.56]
        guard let scope = metrics["S"], scope == "U" || scope == "C" else { return nil }
        let isChanged = scope == "C"
        guard let vector = value("AV", ["N": 0.85, "A": 0.62, "L": 0.55, "P": 0.2]),
            let complexity = value("AC", ["L": 0.77, "H": 0.44]),
            let privileges = value(
                "PR", isChanged ? ["N": 0.85, "L": 0.68, "H": 0.5] : ["N": 0.85, "L": 0.62, "H": 0.27]),
            let interaction = value("UI", ["N": 0.85, "R": 0.62]), let confidentiality = value("C", impacts),
            let integrity = value("I", impacts), let availability = value("A", impacts)
        else { return nil }
        let base = 1 - (1 - confidentiality) * (1 - integrity) * (1 - availability)
        let impact = isChanged ? 7.52 * (base - 0.029) - 3.25 * power(base - 0.02, 15) : 6.42 * base
        guard impact > 0 else { return 0 }
        let exploitability = 8.22 * vector * complexity * privileges * interaction
        return roundedUp(min((isChanged ? 1.08 : 1) * (impact + exploitability), 10))
    }

    private static func power(_ base: Double, _ exponent: Int) -> Double {
        (0..<exponent).reduce(1) { product, _ in product * base }
    }

    /// Roundup of specification 3.1, appendix A: free of the noise of floating point.
    private static func roundedUp(_ score: Double) -> Int {
        let hundredThousandths = Int((score * 100_000).rounded())
        return hundredThousandths % 10_000 == 0 ? hundredThousandths / 10_000 : hundredThousandths / 10_000 + 1
    }
}
