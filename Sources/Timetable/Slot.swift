/// An instant at which a job is to run.
package struct Slot: Hashable, Sendable {
    package let due: Instant
    /// k, where the slot is the anchor plus k periods: 0 for the anchor, negative before an end; nil for cron.
    package let occurrence: Int64?

    package init(due: Instant, occurrence: Int64? = nil) {
        self.due = due
        self.occurrence = occurrence
    }
}

extension Instant {
    /// Slots lie in the years 0000 to 9999 of UTC, which is what RFC 3339 can write; earlier and later ones do not exist.
    static let firstSlot = Instant(seconds: -62_167_219_200)
    static let lastSlot = Instant(microseconds: 253_402_300_800 * WallTime.second - 1)
}
