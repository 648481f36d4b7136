/// The base score of CVSS 4.0 (specification, section 8): the score of the vector's equivalence classes, less its
/// distance from the worst vector of the same classes.
///
/// Only base metrics count: exploit maturity is taken as "attacked" and the requirements as high, their defaults, so
/// classes EQ5 (always 0) and EQ4's safety level do not arise.
enum CVSS4 {
    /// Scores in tenths. Rows: EQ1 0…2 × EQ2 0…1. Columns: (EQ3, EQ6) 00 01 10 11 21 × EQ4 1…2.
    private static let scores: [[Int]] = [
        [100, 93, 96, 90, 93, 88, 92, 80, 79, 69],
        [95, 92, 91, 81, 92, 84, 82, 70, 71, 63],
        [94, 87, 89, 75, 86, 72, 76, 57, 65, 53],
        [90, 77, 77, 66, 74, 61, 59, 52, 58, 23],
        [86, 70, 74, 54, 72, 53, 57, 36, 47, 24],
        [73, 54, 55, 43, 61, 46, 51, 18, 24, 10],
    ]

    /// The worst vectors of each EQ1 (levels of AV, PR, UI) and how deep it is.
    private static let exploitWorst: [[[Int]]] = [
        [[0, 0, 0]], [[1, 0, 0], [0, 1, 0], [0, 0, 1]], [[3, 0, 0], [1, 1, 1]],
    ]
    private static let exploitDepth = [1, 4, 5]
    /// The same for VC, VI, VA, by column. 01 and 11 are only ever the next lower class: requirements are high.
    private static let impactWorst: [[[Int]]] = [[[0, 0, 0]], [], [[1, 0, 0], [0, 1, 0]], [], [[1, 1, 1]]]
    private static let impactDepth = [7, 6, 8, 8, 10]

    static func score(_ metrics: [Substring: Substring]) -> Int? {
        func level(_ name: Substring, _ values: String) -> Int? {
            guard let value = metrics[name], value.count == 1,
                let place = values.firstIndex(of: value[value.startIndex])
            else {
                return nil
            }
            return values.distance(from: values.startIndex, to: place)
        }
        guard let vector = level("AV", "NALP"), let privileges = level("PR", "NLH"),
            let interaction = level("UI", "NPA"),
            let complexity = level("AC", "LH"), let requirements = level("AT", "NP"),
            let confidentiality = level("VC", "HLN"),
            let integrity = level("VI", "HLN"), let availability = level("VA", "HLN"), let laterC = level("SC", "HLN"),
            let laterI = level("SI", "HLN"), let laterA = level("SA", "HLN")
        else { return nil }
        let later = [laterC, laterI, laterA]
        let impact = [confidentiality, integrity, availability]
        guard impact != [2, 2, 2] || later != [2, 2, 2] else { return 0 }
        return score(
            exploit: [vector, privileges, interaction], attack: [complexity, requirements], impact: impact, later: later
        )
    }

    private static func score(exploit: [Int], attack: [Int], impact: [Int], later: [Int]) -> Int {
        let eq1 = exploit == [0, 0, 0] ? 0 : exploit.contains(0) && exploit[0] != 3 ? 1 : 2
        let eq2 = attack == [0, 0] ? 0 : 1
        let eq36 = impact[0] == 0 && impact[1] == 0 ? 0 : impact.contains(0) ? 2 : 4
        let eq4 = later.contains(0) ? 1 : 2
        let value = at(eq1, eq2, eq36, eq4) ?? 0
        // Each class: what the next lower one scores, how far the vector is from the worst one, how deep the class is.
        let steps: [(lower: Int?, distance: Int, depth: Int)] = [
            (at(eq1 + 1, eq2, eq36, eq4), distance(exploit, exploitWorst[eq1]), exploitDepth[eq1]),
            (at(eq1, eq2 + 1, eq36, eq4), attack.reduce(0, +) - eq2, eq2 + 1),
            (
                lowerImpact(eq36).compactMap { at(eq1, eq2, $0, eq4) }.max(), distance(impact, impactWorst[eq36]),
                impactDepth[eq36]
            ),
            (at(eq1, eq2, eq36, eq4 + 1), later.reduce(0, +) - (eq4 == 2 ? 3 : 0), eq4 == 1 ? 5 : 4),
        ]
        let existing = steps.filter { $0.lower != nil }
        let sum = existing.reduce(0.0) { sum, step in
            sum + Double(value - (step.lower ?? value)) * Double(step.distance) / Double(step.depth)
        }
        // EQ5 counts as a class with a lower one, at distance 0.
        let mean = sum / Double(existing.count + 1)
        return Int(min(max(Double(value) - mean, 0), 100).rounded())
    }

    /// How far a vector is below the first of the worst ones that is not below it in any metric.
    private static func distance(_ levels: [Int], _ worst: [[Int]]) -> Int {
        let top = worst.first { zip(levels, $0).allSatisfy { $0 >= $1 } } ?? levels
        return levels.reduce(0, +) - top.reduce(0, +)
    }

    /// The classes below one of (EQ3, EQ6).
    private static func lowerImpact(_ eq36: Int) -> [Int] {
        switch eq36 {
        case 0: [1, 2]
        case 2: [3]
        default: []
        }
    }

    private static func at(_ eq1: Int, _ eq2: Int, _ eq36: Int, _ eq4: Int) -> Int? {
        guard eq1 < 3, eq2 < 2, eq4 < 3 else { return nil }
        return scores[eq1 * 2 + eq2][eq36 * 2 + eq4 - 1]
    }
}
