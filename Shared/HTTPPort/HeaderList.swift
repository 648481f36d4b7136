/// Header fields in order; names compare without case (RFC 9110 §5.1).
public struct HeaderList: Sendable, Equatable, ExpressibleByDictionaryLiteral, ExpressibleByArrayLiteral, Sequence {
    public struct Field: Sendable, Equatable {
        public var name: String
        public var value: String

        public init(_ name: String, _ value: String) {
            self.name = name
            self.value = value
        }
    }

    public private(set) var fields: [Field]

    public init(_ fields: [Field] = []) { self.fields = fields }
    public init(arrayLiteral elements: Field...) { fields = elements }
    public init(dictionaryLiteral elements: (String, String)...) { fields = elements.map { Field($0.0, $0.1) } }

    public func makeIterator() -> IndexingIterator<[Field]> { fields.makeIterator() }

    public mutating func add(_ name: String, _ value: String) { fields.append(Field(name, value)) }

    /// The first value of that name. Setting replaces all of them; nil removes them.
    public subscript(_ name: String) -> String? {
        get {
            let wanted = name.lowercased()
            return fields.first { $0.name.lowercased() == wanted }?.value
        }
        set {
            let wanted = name.lowercased()
            fields.removeAll { $0.name.lowercased() == wanted }
            if let newValue { fields.append(Field(name, newValue)) }
        }
    }

    /// Every value of that name, in order.
    public func all(_ name: String) -> [String] {
        let wanted = name.lowercased()
        return fields.filter { $0.name.lowercased() == wanted }.map(\.value)
    }

    /// Why these fields cannot be sent, or nil: a name is a token, a value has no control character but tab
    /// (RFC 9110 §5.5; a line break would start a header of somebody else's choice).
    public var refusal: String? {
        for field in fields {
            if field.name.isEmpty || !field.name.utf8.allSatisfy(Self.isToken) { return "a header name is not a token" }
            let bad = field.value.utf8.contains { ($0 < 0x20 && $0 != 0x09) || $0 == 0x7F }
            if bad { return "the header \(field.name) holds a control character" }
        }
        return nil
    }

    static func isToken(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
        }
    }
}
