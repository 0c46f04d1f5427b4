/// Values by key, in the order in which their keys first came.
///
/// Most steps of the scheduler touch a handful of keys: these are found by looking along them, which takes less time than a hash. Once there
/// are more, it is a dictionary.
struct OrderedTable<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    private(set) var entries: [(key: Key, value: Value)] = []
    /// The place of each key, once there are many.
    private var places: [Key: Int] = [:]

    private static var few: Int { 8 }

    var isEmpty: Bool { entries.isEmpty }
    var count: Int { entries.count }

    /// The place of `key` and what is there; `value` where there was nothing.
    mutating func place(of key: Key, orAdding value: Value) -> (place: Int, value: Value) {
        if let place = place(of: key) { return (place, entries[place].value) }
        set(value, of: key)
        return (entries.count - 1, value)
    }

    /// Puts `value` in the place of the earlier one, or at the end.
    ///
    /// - Parameter merged: What becomes of an earlier value and the new one.
    mutating func set(_ value: Value, of key: Key, merged: (_ earlier: Value, _ new: Value) -> Value = { $1 }) {
        if let place = place(of: key) {
            entries[place].value = merged(entries[place].value, value)
        } else {
            entries.append((key, value))
            if entries.count > Self.few { noteLast() }
        }
    }

    private func place(of key: Key) -> Int? {
        places.isEmpty ? entries.firstIndex { $0.key == key } : places[key]
    }

    private mutating func noteLast() {
        for place in places.count..<entries.count { places[entries[place].key] = place }
    }

    /// Room for a handful is kept for the next time.
    mutating func removeAll() {
        entries.removeAll(keepingCapacity: entries.count <= Self.few)
        if !places.isEmpty { places = [:] }
    }
}
