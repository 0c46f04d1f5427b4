extension Scheduler {
    /// Keys of one job, sorted by due, then attempt. They stand in pieces of bounded length, so that a change costs little wherever it is,
    /// however long the line.
    struct Line: Sendable {
        /// None is empty.
        private var pieces: [[RunKey]] = []

        private static let longestPiece = 256

        init() {}

        /// - Parameter keys: In their order.
        init(sorted keys: [RunKey]) {
            let length = Self.longestPiece / 2
            pieces = stride(from: 0, to: keys.count, by: length).map { Array(keys[$0..<min($0 + length, keys.count)]) }
        }

        var isEmpty: Bool { pieces.isEmpty }
        var first: RunKey? { pieces.first?.first }
        var all: [RunKey] { Array(pieces.joined()) }

        static func isBefore(_ left: RunKey, _ right: RunKey) -> Bool { (left.due, left.attempt) < (right.due, right.attempt) }

        func contains(_ key: RunKey) -> Bool {
            let place = place { Line.isBefore($0, key) }
            return self[place] == key
        }

        /// The first key after `key`, whether that stands in the line or not; without one the first of all.
        func next(after key: RunKey?) -> RunKey? {
            guard let key else { return first }
            return self[place { !Line.isBefore(key, $0) }]
        }

        /// The keys of both lines in their order.
        func merged(with other: Line) -> [RunKey] {
            if other.isEmpty { return all }
            if isEmpty { return other.all }
            return (all + other.all).sorted(by: Line.isBefore)
        }

        mutating func insert(_ key: RunKey) {
            guard !pieces.isEmpty else { return pieces = [[key]] }
            var (piece, index) = place { Line.isBefore($0, key) }
            if piece == pieces.count {
                piece -= 1
                index = pieces[piece].count
            }
            pieces[piece].insert(key, at: index)
            if pieces[piece].count > Self.longestPiece { split(piece) }
        }

        /// - Returns: Whether it stood there.
        @discardableResult
        mutating func remove(_ key: RunKey) -> Bool {
            let place = place { Line.isBefore($0, key) }
            guard self[place] == key else { return false }
            pieces[place.piece].remove(at: place.index)
            if pieces[place.piece].isEmpty { pieces.remove(at: place.piece) }
            return true
        }

        private mutating func split(_ piece: Int) {
            let half = pieces[piece].count / 2
            let second = Array(pieces[piece][half...])
            pieces[piece].removeSubrange(half...)
            pieces.insert(second, at: piece + 1)
        }

        private subscript(place: (piece: Int, index: Int)) -> RunKey? {
            place.piece < pieces.count ? pieces[place.piece][place.index] : nil
        }

        /// The first place whose key `isLeft` does not hold for; it holds for a beginning of the line.
        private func place(where isLeft: (RunKey) -> Bool) -> (piece: Int, index: Int) {
            let piece = Self.first(of: pieces.count) { !isLeft(pieces[$0][pieces[$0].count - 1]) }
            guard piece < pieces.count else { return (piece, 0) }
            return (piece, Self.first(of: pieces[piece].count) { !isLeft(pieces[piece][$0]) })
        }

        /// The first of so many places for which `isRight` holds; it holds for all behind that.
        private static func first(of count: Int, where isRight: (Int) -> Bool) -> Int {
            var (low, high) = (0, count)
            while low < high {
                let middle = low + (high - low) / 2
                if isRight(middle) { high = middle } else { low = middle + 1 }
            }
            return low
        }
    }
}
