/// What the ledger holds of one due, for whoever asks to run it once more: the core keeps no run that has ended.
package struct Precedent: Hashable, Sendable {
    /// The newest attempt at this due.
    package var newest: Run
    /// The flow of that run, open or closed; nil when it has nobody but its head.
    package var flow: LedgerState.Flow?

    package init(newest: Run, flow: LedgerState.Flow? = nil) {
        self.newest = newest
        self.flow = flow
    }
}
