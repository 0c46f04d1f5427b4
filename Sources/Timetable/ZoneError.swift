/// Why a name is no time zone.
package enum ZoneError: Error, Hashable, Sendable {
    /// The tz database does not know it; `near` are names that it may have been meant for, the likeliest first.
    case unknown(String, near: [String])
    /// This machine has no tz database; `UTC` and fixed offsets work without one.
    case noDatabase(String)
    /// The database has it, but its file is broken or counts leap seconds.
    case unreadable(String)

    /// One sentence without a full stop; of a very long name only its beginning.
    package var message: String {
        switch self {
        case .unknown(let name, let near) where near.isEmpty:
            "there is no time zone `\(name.beginning(60))`; write for example Europe/Berlin, UTC or +02:00"
        case .unknown(let name, let near): "there is no time zone `\(name.beginning(60))`; did you mean \(near.joined(separator: " or "))?"
        case .noDatabase(let name):
            "the time zone `\(name.beginning(60))` needs a tz database; install tzdata, or write UTC or an offset like +02:00"
        case .unreadable(let name):
            "the file of the zone `\(name.beginning(60))` is broken or counts leap seconds; take another or install tzdata anew"
        }
    }
}

extension ZoneError: CustomStringConvertible {
    package var description: String { message }
}
