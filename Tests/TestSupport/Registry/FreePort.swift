import Foundation
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// Ports for programs that must come back at the same place after they ended.
public enum FreePort {
    private static let next = Mutex<Int?>(nil)

    /// A port of 127.0.0.1 where nothing listens, outside the range that the system gives out by itself, so that nobody
    /// gets it while the program is down.
    /// - Throws: `Program.Failure` when there is none.
    public static func take() throws -> Int {
        let range = outsideTheSystemsRange()
        for _ in 0..<range.count {
            let port = next.withLock { next in
                let port = next.map { $0 + 1 } ?? Int.random(in: range)
                next = range.contains(port) ? port : range.lowerBound
                return next ?? range.lowerBound
            }
            // Not while a program starts: it would inherit the socket, and the port would stay taken.
            if Program.starting.withLock({ _ in canBind(port) }) { return port }
        }
        throw Program.Failure(description: "no free port on 127.0.0.1 in \(range)")
    }

    private static func outsideTheSystemsRange() -> Range<Int> {
        let usual = 20_000..<32_000
        let text = try? String(contentsOfFile: "/proc/sys/net/ipv4/ip_local_port_range", encoding: .utf8)
        let limits = text?.split(whereSeparator: \.isWhitespace).compactMap { Int($0) } ?? []
        guard limits.count == 2 else { return usual }
        let below = 10_000..<max(10_000, min(limits[0], 32_000))
        let above = min(limits[1] + 1, 65_000)..<65_000
        return [below, above].first { $0.count >= 1_000 } ?? usual
    }

    private static func canBind(_ port: Int) -> Bool {
        #if canImport(Glibc)
            let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        #else
            let descriptor = socket(AF_INET, SOCK_STREAM, 0)
        #endif
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(port).bigEndian
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                bind(descriptor, pointer, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
    }
}
