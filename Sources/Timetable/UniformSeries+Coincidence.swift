extension UniformSeries {
    /// How many slots in (`start`, `end`] the two have in common: instants that leave the right remainder for both periods, which is one
    /// remainder for their least common multiple (the Chinese remainder theorem).
    func coincidences(with other: UniformSeries, after start: Instant, through end: Instant) -> Int {
        guard lowest <= highest, other.lowest <= other.highest else { return 0 }
        let divisor = Self.greatestCommonDivisor(period, other.period)
        let distance = other.anchor - anchor
        guard distance % divisor == 0 else { return 0 }

        let modulus = Int128(other.period / divisor)
        let inverse = Self.inverse(of: Int128(period / divisor), modulo: modulus)
        let steps = (Int128(distance / divisor) * inverse).flooredRemainder(by: modulus)
        let common = Int128(anchor) + steps * Int128(period)
        let multiple = Int128(period) * modulus

        let first = max(anchor + lowest * period, other.anchor + other.lowest * other.period, start.clampedToSlots.microseconds + 1)
        let last = min(anchor + highest * period, other.anchor + other.highest * other.period, end.clampedToSlots.microseconds)
        guard first <= last else { return 0 }
        return Int((Int128(last) - common).floored(by: multiple) - (Int128(first) - 1 - common).floored(by: multiple))
    }

    private static func greatestCommonDivisor(_ left: Int64, _ right: Int64) -> Int64 {
        var (left, right) = (left, right)
        while right != 0 { (left, right) = (right, left % right) }
        return left
    }

    /// The number that times `number` leaves 1; the two have no common divisor (extended algorithm of Euclid).
    private static func inverse(of number: Int128, modulo modulus: Int128) -> Int128 {
        var (remainder, next) = (modulus, number % modulus)
        var (factor, nextFactor): (Int128, Int128) = (0, 1)
        while next != 0 {
            let quotient = remainder / next
            (remainder, next) = (next, remainder - quotient * next)
            (factor, nextFactor) = (nextFactor, factor - quotient * nextFactor)
        }
        return factor.flooredRemainder(by: modulus)
    }
}
