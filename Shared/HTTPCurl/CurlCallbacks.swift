import CCurl
import HTTPPort

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

// The context of each is the `CurlTransfer` that `CurlSession.perform` keeps alive.

func curlReceivesHeader(
    _ data: UnsafeMutablePointer<CChar>?, _ size: Int, _ count: Int, _ context: UnsafeMutableRawPointer?
) -> Int {
    guard let context else { return -1 }
    let transfer = Unmanaged<CurlTransfer>.fromOpaque(context).takeUnretainedValue()
    return transfer.takeHeader(UnsafeRawBufferPointer(start: data, count: size * count)) ? size * count : -1
}

func curlReceivesBody(
    _ data: UnsafeMutablePointer<CChar>?, _ size: Int, _ count: Int, _ context: UnsafeMutableRawPointer?
) -> Int {
    guard let context else { return -1 }
    let transfer = Unmanaged<CurlTransfer>.fromOpaque(context).takeUnretainedValue()
    return transfer.takeBody(UnsafeRawBufferPointer(start: data, count: size * count)) ? size * count : -1
}

/// Opens the socket for an address that libcurl is about to connect to, if the policy allows that address. This is the
/// last moment, after any resolving, so a name that changes its answer gains nothing.
func curlOpensSocket(
    _ context: UnsafeMutableRawPointer?, _ purpose: curlsocktype, _ target: UnsafeMutablePointer<curl_sockaddr>?
) -> curl_socket_t {
    guard let context, let target, purpose == CURLSOCKTYPE_IPCXN else { return CURL_SOCKET_BAD }
    let transfer = Unmanaged<CurlTransfer>.fromOpaque(context).takeUnretainedValue()
    guard let address = ipAddress(of: target), transfer.allows(address) else { return CURL_SOCKET_BAD }
    #if os(Linux)
        let flags = Int32(SOCK_CLOEXEC.rawValue)
    #else
        let flags: Int32 = 0
    #endif
    return socket(target.pointee.family, target.pointee.socktype | flags, target.pointee.protocol)
}

/// The IP address of a socket address; nil for any other family.
private func ipAddress(of target: UnsafeMutablePointer<curl_sockaddr>) -> IPAddress? {
    guard let base = UnsafeRawPointer(pratique_curl_address(target)) else { return nil }
    switch target.pointee.family {
    case AF_INET:
        let address = base.loadUnaligned(as: sockaddr_in.self).sin_addr
        return withUnsafeBytes(of: address) { IPAddress(bytes: Array($0)) }
    case AF_INET6:
        let address = base.loadUnaligned(as: sockaddr_in6.self).sin6_addr
        return withUnsafeBytes(of: address) { IPAddress(bytes: Array($0)) }
    default: return nil
    }
}
