/// A TZif file of version 2 with an empty first block.
struct ZoneBytes {
    var changes: [(at: Int64, type: UInt8)]
    var offsets: [Int32]
    var footer = ""
    var letters = Array("UTC\0".utf8)

    var bytes: [UInt8] {
        var bytes: [UInt8] = []
        func put(_ value: some FixedWidthInteger) { withUnsafeBytes(of: value.bigEndian) { bytes += Array($0) } }
        func putHeader(_ changes: Int, _ types: Int, _ letters: Int) {
            bytes += Array("TZif2".utf8)
            bytes += [UInt8](repeating: 0, count: 15)
            for count in [0, 0, 0, changes, types, letters] { put(Int32(count)) }
        }
        putHeader(0, 1, 4)
        put(Int32(0))
        bytes += [0, 0]
        bytes += Array("UTC\0".utf8)
        putHeader(changes.count, offsets.count, letters.count)
        for change in changes { put(change.at) }
        for change in changes { put(change.type) }
        for offset in offsets {
            put(offset)
            bytes += [0, 0]
        }
        bytes += letters
        bytes += Array("\n\(footer)\n".utf8)
        return bytes
    }
}
