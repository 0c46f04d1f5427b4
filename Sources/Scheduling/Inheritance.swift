/// What a run is handed from above it in its flow.
///
/// It grows with each output on the way down, and the kernel starts no command with more than it has room for. So it has a limit, and what
/// is newest goes first.
struct Inheritance: Hashable, Sendable {
    /// Bytes, as the kernel counts them: names and values, each entry with `=` and a NUL.
    static let limit = 64 << 10

    private(set) var values: [String: String] = [:]
    /// Names of what found no room. An older value does not stand in for one of them.
    private(set) var leftOut: Set<String> = []
    private var size = 0

    static func size(of name: String, _ value: String) -> Int { name.utf8.count + value.utf8.count + 2 }

    /// Adds what is older than all that was added before.
    mutating func add(_ older: [String: String]) {
        for (name, value) in older.sorted(by: { $0.key < $1.key }) where values[name] == nil && !leftOut.contains(name) {
            let needed = Self.size(of: name, value)
            if size + needed > Self.limit {
                leftOut.insert(name)
            } else {
                values[name] = value
                size += needed
            }
        }
    }
}
