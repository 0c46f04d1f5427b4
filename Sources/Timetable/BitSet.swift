/// A word as a set of the numbers 0 to 63: bit n stands for n.
extension UInt64 {
    func holds(_ number: Int) -> Bool { self >> UInt64(number) & 1 == 1 }

    /// The members below `number`.
    func below(_ number: Int) -> UInt64 { number > 63 ? self : self & (1 << UInt64(number) - 1) }

    /// The least member not below `number`.
    func first(from number: Int) -> Int? {
        guard number < 64 else { return nil }
        let rest = self & ~below(number)
        return rest == 0 ? nil : rest.trailingZeroBitCount
    }

    /// The greatest member not above `number`.
    func last(upTo number: Int) -> Int? {
        let rest = number < 0 ? 0 : below(number + 1)
        return rest == 0 ? nil : rest.highestBit
    }

    /// The greatest member; there must be one.
    var highestBit: Int { 63 - leadingZeroBitCount }

    /// 1 to `length`.
    static func days(_ length: Int) -> UInt64 { (1 << UInt64(length) - 1) << 1 }

    /// The members in ascending order.
    var bits: some Sequence<Int> {
        sequence(state: self) { rest -> Int? in
            guard rest != 0 else { return nil }
            defer { rest &= rest - 1 }
            return rest.trailingZeroBitCount
        }
    }
}
