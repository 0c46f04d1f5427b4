import Timetable

/// What one call of `Scheduler.handle` changes, collected so that each row is written once, with its last state.
struct Step: Sendable {
    private(set) var now: Instant
    /// Slots that became runs in this step.
    var slots = 0
    /// The rows that change, each with its last state, as they are to be recorded.
    private var rows: [Action] = []
    /// Of each of them, in the same order, whether it is new.
    private var newRows = OrderedTable<RunKey, Bool>()
    private var controls = OrderedTable<JobName, Bool>()
    private var records: [LedgerRecord] = []
    private var deeds: [Action] = []
    /// Jobs to be judged, and whether wholly.
    private var touched = OrderedTable<JobName, Bool>()
    private var offered: [RunKey] = []

    init(now: Instant) { self.now = now }

    /// Begins the next one in the room of this one.
    mutating func begin(at now: Instant) {
        self.now = now
        slots = 0
        rows = []
        newRows.removeAll()
        controls.removeAll()
        if !records.isEmpty { records = [] }
        if !deeds.isEmpty { deeds = [] }
        touched.removeAll()
        if !offered.isEmpty { offered = [] }
    }

    mutating func write(_ run: Run, isNew: Bool) {
        let (place, isNew) = newRows.place(of: run.key, orAdding: isNew)
        let action = Action.record(isNew ? .insert(run) : .update(run))
        // Room for the control row and the deed as well.
        if rows.isEmpty { rows.reserveCapacity(4) }
        if place < rows.count { rows[place] = action } else { rows.append(action) }
    }

    mutating func write(_ record: LedgerRecord) { records.append(record) }
    mutating func writeControl(of job: JobName) { controls.set(true, of: job) }

    /// To be done once the records are durable.
    mutating func then(_ action: Action) { deeds.append(action) }

    /// The waiting runs of `job` are to be judged before the step ends: those that are new or whose turn it may be, or all of them when
    /// something changed that concerns them all.
    mutating func touch(_ job: JobName, wholly: Bool = false) { touched.set(wholly, of: job) { $0 || $1 } }
    var hasTouched: Bool { !touched.isEmpty }

    mutating func takeTouched() -> [(key: JobName, value: Bool)] {
        defer { touched.removeAll() }
        return touched.count > 1 ? touched.entries.sorted { $0.key < $1.key } : touched.entries
    }

    /// `key` waits for a place since this step, and gets one or is told why not before the step ends.
    mutating func offer(_ key: RunKey) { offered.append(key) }

    mutating func takeOffered() -> [RunKey] {
        defer { offered.removeAll() }
        return offered
    }

    /// Rows in the order in which they were first touched (an attempt ends before the next one is inserted), then the rest.
    mutating func takeActions(controls all: [JobName: JobControl]) -> [Action] {
        var actions: [Action] = []
        swap(&actions, &rows)
        for record in records { actions.append(.record(record)) }
        for (job, _) in controls.count > 1 ? controls.entries.sorted(by: { $0.key < $1.key }) : controls.entries {
            if let control = all[job] { actions.append(.record(.control(control))) }
        }
        actions += deeds
        return actions
    }
}
