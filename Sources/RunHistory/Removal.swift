package import Timetable

/// What retention removed, in numbers.
package struct Removal: Hashable, Sendable {
    /// Runs of which only the output was removed.
    package var outputs = 0
    package var runs = 0
    package var gaps = 0
    package var changes = 0
    package var definitions = 0

    package init(outputs: Int = 0, runs: Int = 0, gaps: Int = 0, changes: Int = 0, definitions: Int = 0) {
        self.outputs = outputs
        self.runs = runs
        self.gaps = gaps
        self.changes = changes
        self.definitions = definitions
    }

    package var isEmpty: Bool { self == Removal() }
}

/// The last round of retention that removed something.
package struct RemovalRound: Hashable, Sendable {
    package let beganAt: Instant
    /// Of its last step so far.
    package let at: Instant
    package let removed: Removal
}

/// A run in the order in which runs ended: from where a round goes on.
package struct EndPlace: Hashable, Sendable {
    let at: Instant
    let number: Int64

    /// Before every end.
    package static let beginning = EndPlace(at: .distantPast, number: 0)
}

/// A run that was handed over, and may have files.
package struct HandedOverRun: Hashable, Sendable {
    package let id: String
    package let executor: String
}

/// All attempts at one due of a job, of which nothing is needed any more.
package struct CondemnedDue: Hashable, Sendable {
    package let job: String
    package let due: Instant
    package let runs: [HandedOverRun]
}
