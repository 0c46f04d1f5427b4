extension Period {
    /// The period that was meant by a length of time as other programs write it: `PT2H` for `2h`, `PT1H30M` for `1h30m`, `PT15M` for
    /// `15min`.
    ///
    /// An `M` means minutes. nil for anything else, and for what is no period of ours.
    static func guess(_ text: some StringProtocol) -> String? {
        let bytes = Array(text.utf8.prefix(longestGuess + 1))
        guard !bytes.isEmpty, bytes.count <= longestGuess else { return nil }
        var (date, time) = ("", "")
        var position = 0
        while position < bytes.count {
            let number = bytes[position...].prefix { $0.isDigit || $0 == UInt8(ascii: ".") }
            let unit = bytes[number.endIndex...].prefix(while: \.isLetter)
            position = unit.endIndex
            guard !number.isEmpty, let letter = letter(String(decoding: unit, as: UTF8.self).lowercased()) else { return nil }
            let part = String(decoding: number, as: UTF8.self) + letter
            if "HMS".contains(letter) {
                time += part
            } else {
                // What follows the time would be a part of it.
                guard time.isEmpty else { return nil }
                date += part
            }
        }
        let guess = "P" + date + (time.isEmpty ? "" : "T" + time)
        return (try? Period(parsing: guess)) == nil ? nil : guess
    }

    private static let longestGuess = 40

    private static func letter(_ unit: String) -> String? {
        switch unit {
        case "s", "sec", "secs", "second", "seconds": "S"
        case "m", "min", "mins", "minute", "minutes": "M"
        case "h", "hr", "hrs", "hour", "hours": "H"
        case "d", "day", "days": "D"
        case "w", "week", "weeks": "W"
        default: nil
        }
    }
}
