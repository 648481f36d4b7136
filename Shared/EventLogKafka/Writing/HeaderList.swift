import CRdkafka
import EventLogPort

/// Headers as C reads them.
enum HeaderList {
    /// Where a text or value without bytes begins: a null pointer would mean that there is none.
    nonisolated(unsafe) static let nothing = UnsafeRawPointer(
        UnsafeMutableRawPointer.allocate(byteCount: 1, alignment: 1))

    static func withRaw<T>(_ headers: [Header], _ body: (UnsafeBufferPointer<crd_header_t>) -> T) -> T {
        if headers.isEmpty { return body(UnsafeBufferPointer(start: nil, count: 0)) }
        // All texts in one piece of memory, each name ended by a zero as C wants it.
        var bytes: [UInt8] = []
        bytes.reserveCapacity(headers.reduce(0) { $0 + $1.name.utf8.count + $1.value.utf8.count + 1 })
        for header in headers {
            bytes.append(contentsOf: header.name.utf8)
            bytes.append(0)
            bytes.append(contentsOf: header.value.utf8)
        }
        return bytes.withUnsafeBytes { bytes in
            withUnsafeTemporaryAllocation(of: crd_header_t.self, capacity: headers.count) { raw in
                guard let start = bytes.baseAddress else { return body(UnsafeBufferPointer(start: nil, count: 0)) }
                var next = start
                for (index, header) in headers.enumerated() {
                    let (name, value) = (header.name.utf8.count, header.value.utf8.count)
                    raw.initializeElement(
                        at: index,
                        to: crd_header_t(
                            name: next.assumingMemoryBound(to: CChar.self), name_bytes: name,
                            value: next + name + 1, value_bytes: value))
                    next += name + 1 + value
                }
                return body(UnsafeBufferPointer(raw))
            }
        }
    }
}
