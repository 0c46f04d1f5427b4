/// Amounts as people read them.
extension Int64 {
    /// Of bytes, in the largest unit that there is one of, to its hundredth: `512 bytes`, `1.5 GiB`.
    package var bytes: String {
        let units: [(size: Int64, name: String)] = [(1 << 40, "TiB"), (1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")]
        guard let unit = units.first(where: { self >= $0.size }) else { return "\(self) bytes" }
        let hundredths = (self % unit.size * 100 + unit.size / 2) / unit.size
        return (self / unit.size * 1000 + hundredths * 10).thousandths + " " + unit.name
    }

    /// A number of thousandths as a decimal number, of which no digit is a needless 0: `2`, `2.5`.
    var thousandths: String {
        var fraction = String(self % 1000 + 1000).dropFirst()
        while fraction.last == "0" { fraction.removeLast() }
        return "\(self / 1000)" + (fraction.isEmpty ? "" : "." + fraction)
    }
}
