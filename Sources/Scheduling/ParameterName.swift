/// The names that a run may be given variables under.
package enum ParameterName {
    /// Whether `text` may be set for one run: a name of the shell's, and none of those that the scheduler sets itself.
    package static func isValid(_ text: String) -> Bool {
        guard let first = text.utf8.first, text.utf8.count <= 256 else { return false }
        let isName =
            (isLetter(first) || first == UInt8(ascii: "_"))
            && text.utf8.allSatisfy { isLetter($0) || isDigit($0) || $0 == UInt8(ascii: "_") }
        return isName && !text.hasPrefix("ROTA_") && !text.hasPrefix("CHRONOS_")
    }

    package static let rule = "a name has letters, digits and _, begins with no digit, and begins with neither ROTA_ nor CHRONOS_"

    private static func isLetter(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }
}
