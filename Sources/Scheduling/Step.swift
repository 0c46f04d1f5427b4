import Timetable

/// What one call of `Scheduler.handle` changes, collected so that each row is written once, with its last state.
struct Step: Sendable {
    let now: Instant
    /// Slots that became runs in this step.
    var slots = 0
    private(set) var changed: [RunKey] = []
    private(set) var rows: [RunKey: (run: Run, isNew: Bool)] = [:]
    private var controls: Set<JobName> = []
    private var records: [LedgerRecord] = []
    private var deeds: [Action] = []
    /// Jobs to be judged, and whether wholly.
    private var touched: [JobName: Bool] = [:]
    private var offered: [RunKey] = []

    init(now: Instant) { self.now = now }

    mutating func write(_ run: Run, isNew: Bool) {
        if let earlier = rows[run.key] {
            rows[run.key] = (run, earlier.isNew)
        } else {
            rows[run.key] = (run, isNew)
            changed.append(run.key)
        }
    }

    mutating func write(_ record: LedgerRecord) { records.append(record) }
    mutating func writeControl(of job: JobName) { controls.insert(job) }

    /// To be done once the records are durable.
    mutating func then(_ action: Action) { deeds.append(action) }

    /// The waiting runs of `job` are to be judged before the step ends: those that are new or whose turn it may be, or all of them when
    /// something changed that concerns them all.
    mutating func touch(_ job: JobName, wholly: Bool = false) { touched[job] = wholly || touched[job] == true }
    var hasTouched: Bool { !touched.isEmpty }

    mutating func takeTouched() -> [(job: JobName, wholly: Bool)] {
        defer { touched.removeAll(keepingCapacity: true) }
        return touched.map { (job: $0, wholly: $1) }.sorted { $0.job < $1.job }
    }

    /// `key` waits for a place since this step, and gets one or is told why not before the step ends.
    mutating func offer(_ key: RunKey) { offered.append(key) }

    mutating func takeOffered() -> [RunKey] {
        defer { offered.removeAll(keepingCapacity: true) }
        return offered
    }

    /// Rows in the order in which they were first touched (an attempt ends before the next one is inserted), then the rest.
    func actions(controls all: [JobName: JobControl]) -> [Action] {
        var actions: [Action] = []
        actions.reserveCapacity(changed.count + records.count + controls.count + deeds.count)
        for key in changed {
            guard let (run, isNew) = rows[key] else { continue }
            actions.append(.record(isNew ? .insert(run) : .update(run)))
        }
        for record in records { actions.append(.record(record)) }
        for job in controls.sorted() {
            if let control = all[job] { actions.append(.record(.control(control))) }
        }
        actions += deeds
        return actions
    }
}
