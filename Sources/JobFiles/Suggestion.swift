/// The nearest of `candidates` to a word that is none of them, when it is near enough to be a slip of the hand.
func suggestion(for word: String, among candidates: [String]) -> String? {
    let typed = Array(word.lowercased().utf8)
    guard typed.count <= 64 else { return nil }
    let allowed = max(1, min(3, typed.count / 3))
    return candidates.map { (candidate: $0, distance: distance(typed, Array($0.lowercased().utf8))) }
        .filter { $0.distance <= allowed }
        .min { ($0.distance, $0.candidate) < ($1.distance, $1.candidate) }?
        .candidate
}

/// Insertions, deletions, replacements and swaps of neighbours that lead from `left` to `right`.
private func distance(_ left: [UInt8], _ right: [UInt8]) -> Int {
    var twoAbove: [Int] = []
    var above = Array(0...right.count)
    for (row, byte) in left.enumerated() {
        var current = [row + 1]
        for (column, other) in right.enumerated() {
            var best = min(above[column] + (byte == other ? 0 : 1), above[column + 1] + 1, current[column] + 1)
            if row > 0, column > 0, byte == right[column - 1], left[row - 1] == other { best = min(best, twoAbove[column - 1] + 1) }
            current.append(best)
        }
        (twoAbove, above) = (above, current)
    }
    return above[right.count]
}
