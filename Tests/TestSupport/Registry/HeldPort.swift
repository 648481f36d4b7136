import Foundation

/// A port of this machine where nothing listens, kept from others for as long as this lives: connections are refused.
public final class HeldPort: Sendable {
    public let number: Int
    private let socket: Int32

    public init() throws {
        #if canImport(Glibc)
            socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        #else
            socket = Darwin.socket(AF_INET, SOCK_STREAM, 0)
        #endif
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let (descriptor, size) = (socket, length)
        let result = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { bound in
                bind(descriptor, bound, size) == 0 && getsockname(descriptor, bound, &length) == 0
            }
        }
        number = Int(UInt16(bigEndian: address.sin_port))
        guard result, number > 0 else { throw POSIXError(.EADDRNOTAVAIL) }
    }

    deinit { close(socket) }
}
