import Events
import HTTPTypes
import Hummingbird

/// `If-Match` with the version that `ETag` told: an update of something older is refused, here as far as it is known
/// and by the catalogue for certain.
enum VersionMatch {
    /// - Parameter current: the version that is shown; nil for none.
    /// - Throws: 412.
    static func condition(_ request: Request, current: Int?) throws -> Change.Condition.Version {
        guard let header = request.headers[.ifMatch] else { return .any }
        if header == "*" {
            guard current != nil else { throw ProblemError(.preconditionFailed, "it does not exist") }
            return .present
        }
        let wanted = header.split(separator: ",").map { $0.filter { $0 != " " && $0 != "\"" } }
        guard let current, wanted.contains(String(current)) else {
            throw ProblemError(
                .preconditionFailed, "it was changed meanwhile; its version is \(current.map(String.init) ?? "none")")
        }
        return .exactly(current)
    }
}
