/// What keeps an executor from its engine, as far as that is not one run's own affair.
package struct EngineTrouble: Hashable, Sendable {
    /// A stable word first, and what would mend it last.
    package var reason: String
    /// Whether nothing can be found out of any run; else it is only that no more are taken.
    package var isOfAll: Bool

    package init(reason: String, isOfAll: Bool = true) {
        self.reason = reason
        self.isOfAll = isOfAll
    }
}
