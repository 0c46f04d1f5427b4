/// Up to three of `names` that `name` may have been meant for, the likeliest first: the same in another case, the same city, or a slip or
/// two away.
///
/// Empty for texts too long to be a slip.
package func nearNames(to name: String, among names: [String]) -> [String] {
    guard name.utf8.count <= 40 else { return [] }
    let wanted = folded(name)
    let allowance = max(1, wanted.count / 4)
    let ranked = names.compactMap { candidate -> (distance: Int, name: String)? in
        let letters = folded(candidate)
        if letters == wanted { return (0, candidate) }
        let city = letters.lastIndex(of: UInt8(ascii: "/")).map { Array(letters[($0 + 1)...]) }
        if city == wanted { return (1, candidate) }
        let whole = editDistance(wanted, letters, atMost: allowance)
        let ofCity = city.flatMap { editDistance(wanted, $0, atMost: allowance) }.map { $0 + 1 }
        guard let distance = [whole, ofCity].compactMap(\.self).min() else { return nil }
        return (distance + 1, candidate)
    }
    return ranked.sorted { ($0.distance, $0.name) < ($1.distance, $1.name) }.prefix(3).map(\.name)
}

/// Upper-case letters of ASCII, and `_` for a blank.
private func folded(_ text: String) -> [UInt8] {
    text.utf8.map { $0 == UInt8(ascii: " ") ? UInt8(ascii: "_") : $0.upperCased }
}

/// How many letters must be put in, left out or replaced to make `right` of `left` (Levenshtein); nil when more than `limit`.
package func editDistance(_ left: [UInt8], _ right: [UInt8], atMost limit: Int) -> Int? {
    guard abs(left.count - right.count) <= limit else { return nil }
    var row = Array(0...right.count)
    for (rowIndex, letter) in left.enumerated() {
        var diagonal = row[0]
        row[0] = rowIndex + 1
        for (column, other) in right.enumerated() {
            let replaced = diagonal + (letter == other ? 0 : 1)
            diagonal = row[column + 1]
            row[column + 1] = min(replaced, row[column] + 1, diagonal + 1)
        }
    }
    return row[right.count] <= limit ? row[right.count] : nil
}
