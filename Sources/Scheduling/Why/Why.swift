package import Timetable

/// Why a due of a job ran, waits, or did not run, and what would change that.
package struct Why: Hashable, Sendable {
    /// What decided. The words are part of `rota why --json`: some may be added, none is changed.
    package enum Rule: String, Hashable, Sendable, CaseIterable {
        // What makes a due, or takes it away.
        case schedule, except, between, notBefore, notAfter, dst, registration, parents, request
        // The order of judgement.
        case paused, disabled, removed, catchUp, overlap, startWithin, pool, retries, onUnknown, hold, skip, kill
        // What became of it.
        case executor, outcome, scheduler, ledger, retention
    }

    /// One step on the way to the answer: a sentence, and when it came about.
    package struct Reason: Hashable, Sendable {
        package let rule: Rule
        package let text: String
        package let at: Instant?
    }

    package let job: JobName
    package let due: Instant
    /// Whether the schedule has a slot there, or a flow of the job's head that due.
    package var isSlot: Bool
    /// The state of the newest attempt, or of the gap; nil as long as nothing was decided.
    package var state: RunState?
    /// The order is that of a story: what made it due, what held it, what became of it.
    package private(set) var reasons: [Reason] = []
    /// Commands that would change it; the likeliest first.
    package private(set) var commands: [String] = []

    init(job: JobName, due: Instant, isSlot: Bool, state: RunState?) {
        self.job = job
        self.due = due
        self.isSlot = isSlot
        self.state = state
    }

    /// All reasons as one paragraph.
    package var paragraph: String { reasons.map(\.text).joined(separator: " ") }

    mutating func say(_ rule: Rule, at instant: Instant? = nil, _ text: String) {
        reasons.append(Reason(rule: rule, text: text, at: instant))
    }

    mutating func advise(_ command: String) { if !commands.contains(command) { commands.append(command) } }
}
