import EventLogPort
import Events
import GatewayAPI
import Model
import RegistryAccess
import RegistryClient
import ServiceRuntime

/// Whether a registry answers and takes the credential. Its errors are the answer, not an error of who asks.
struct ConnectionTest: Sendable {
    static let limitSeconds = 20

    let time: TimeSource

    func answer(
        for registry: Registry, _ ping: @escaping @Sendable () async throws -> Void
    ) async throws -> ConnectionTestAnswer {
        do {
            try await time.withDeadline(.seconds(Self.limitSeconds), ping)
            let way = registry.credential == nil ? "without a credential" : "with its credential"
            return ConnectionTestAnswer(
                reachable: true, authenticated: true, message: "the registry answers \(way)")
        } catch is CancellationError {
            throw CancellationError()
        } catch is DeadlineExceeded {
            return ConnectionTestAnswer(
                reachable: false, authenticated: false,
                message: "the registry did not answer within \(Self.limitSeconds) s")
        } catch {
            let failure = RegistryFailure.failure(of: error, attempt: 1, now: time.now())
            let answered = failure.kind == .unauthorized && error is RegistryError
            return ConnectionTestAnswer(reachable: answered, authenticated: false, message: failure.message)
        }
    }
}
