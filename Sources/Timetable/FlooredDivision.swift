extension FixedWidthInteger where Self: SignedInteger {
    /// The quotient rounded towards minus infinity; `divisor` is positive.
    func floored(by divisor: Self) -> Self {
        let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? quotient - 1 : quotient
    }

    /// What `floored(by:)` leaves, from 0 up to below `divisor`, which is positive.
    func flooredRemainder(by divisor: Self) -> Self {
        let remainder = self % divisor
        return remainder < 0 ? remainder + divisor : remainder
    }
}
