import Model
import ServiceRuntime

/// Why a command ended without its result: what failed, why, and what to do.
struct CommandFailure: ExitStatusError {
    var summary: String
    var reason: String?
    var advice: String?
    var exitStatus: ExitStatus

    init(_ summary: String, cause: String? = nil, advice: String? = nil, status: ExitStatus = .failure) {
        self.summary = summary
        reason = cause
        self.advice = advice
        exitStatus = status
    }
}
