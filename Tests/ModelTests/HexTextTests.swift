import Model
import Testing

@Suite("Hexadecimal text")
struct HexTextTests {
    @Test("every byte is two digits, as the standard library writes them")
    func bytes() {
        for byte in UInt8.min ... .max {
            let digits = String(byte, radix: 16)
            #expect(String(hex: [byte]) == (digits.count == 1 ? "0" + digits : digits))
        }
        #expect(String(hex: [0, 0xab, 0x09]) == "00ab09")
        #expect(String(hex: []).isEmpty)
    }
}
