/// A key of a body of which no other keys may stand: a misspelt one would ask for something else.
struct ExactKey: CodingKey {
    let stringValue: String
    var intValue: Int? { nil }

    init(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
}

extension Decoder {
    /// The members of an object that has these keys at most.
    ///
    /// - Throws: `DecodingError` when another stands there, or it is no object.
    func container(ofExactly keys: Set<String>) throws -> KeyedDecodingContainer<ExactKey> {
        let container = try container(keyedBy: ExactKey.self)
        if let unknown = container.allKeys.first(where: { !keys.contains($0.stringValue) }) {
            throw DecodingError.dataCorruptedError(forKey: unknown, in: container, debugDescription: "unknown key")
        }
        return container
    }
}
