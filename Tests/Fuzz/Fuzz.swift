import Foundation
import FuzzSubjects

/// What libFuzzer calls with each input; the subject is named by PRATIQUE_FUZZ_SUBJECT.
@_cdecl("LLVMFuzzerTestOneInput")
public func takeInput(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    subject.run(UnsafeRawBufferPointer(start: bytes, count: count))
    return 0
}

private let subject: FuzzSubject = {
    let name = ProcessInfo.processInfo.environment["PRATIQUE_FUZZ_SUBJECT"] ?? ""
    guard let subject = FuzzSubject.all.first(where: { $0.name == name }) else {
        preconditionFailure("PRATIQUE_FUZZ_SUBJECT names no subject: “\(name)”")
    }
    return subject
}()
