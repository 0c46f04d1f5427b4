import Daemon
import JobFiles
import RunHistory
import Scheduling
import Timetable

/// What a rehearsal of the time to come begins with: a ledger with the definitions in force and the settings of its scheduler, or nothing.
struct RehearsalStage {
    let now: Instant
    var ledger = LedgerState()
    /// The definitions in force.
    var graph = JobGraph()
    var settings: Scheduler.Settings
    /// How long jobs took so far.
    var durations: [JobName: Duration] = [:]

    /// Before any scheduler ran: nothing is in force, and the pools are those that a scheduler would have here.
    init(at now: Instant, configured: Settings) {
        self.now = now
        settings = Scheduler.Settings(capacities: configured.capacities())
    }

    /// What stands in the ledger, and the pools of the scheduler that runs on it or ran there last.
    init(_ reader: LedgerReader, at now: Instant, configured: () throws -> Settings) throws {
        self.now = now
        let restored = try reader.restored()
        ledger = restored.state
        for open in restored.handedOver {
            ledger.handedOverAs[open.run.key] = open.definition.flatMap { Definition.parse(canonical: $0.canonical) }
        }
        graph = StoredJobs(restored.definitions).graph
        let known = try reader.scheduler().flatMap { SettingsDocument(text: $0.settings) }?.capacities
        settings = Scheduler.Settings(capacities: try known ?? configured().capacities())
        durations = try reader.usualDurations(of: graph.order)
    }

    func rehearsal(_ assumptions: Rehearsal.Assumptions) -> Rehearsal {
        Rehearsal(at: now, restoring: ledger, graph: graph, settings: settings, assumptions: assumptions)
    }
}
