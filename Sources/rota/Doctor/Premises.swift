import Daemon
import Execution
import Foundation
import JobFiles
import RunHistory
import Scheduling
import Timetable

/// What the checks look at, found out once.
struct Premises: Sendable {
    /// What the settings file says, as far as it can be read.
    let settings: Settings
    /// nil when there is none.
    let settingsPath: String?
    let settingsProblems: [Problem]
    let stateFolder: String
    let jobsFolder: String
    let keeper: String
    /// The process that holds the state folder.
    let holder: Int32?
    let ledger: Result<LedgerReader, LedgerError>
    /// The scheduler that runs, or ran last; nil when that is not known.
    let scheduler: SchedulerRow?
    /// Where something may be tried out; nil where no folder can be made.
    let trial: TrialFolder?
    let now: Instant

    init(_ place: Place, jobs: String?) {
        settingsPath = place.settingsPath()
        (settings, settingsProblems) = settingsPath.map { Settings.read(path: $0, optionRefusal: SlurmOption.fault) } ?? (Settings(), [])
        let configured = settings.state
        stateFolder = place.stateFolder { configured }
        holder = StateFolder.holder(of: stateFolder)
        ledger = Self.ledger(in: stateFolder)
        scheduler = try? ledger.get().scheduler()
        jobsFolder = jobs ?? environment("ROTA_JOBS") ?? settings.jobs ?? scheduler?.jobsFolder ?? Serve.usualJobsFolder
        keeper = Serve.keeper()
        trial = TrialFolder(in: stateFolder)
        now = SystemClock().now()
    }

    private static func ledger(in folder: String) -> Result<LedgerReader, LedgerError> {
        do { return .success(try LedgerReader.open(at: folder + "/rota.db")) } catch { return .failure(error) }
    }

    /// The process whose surroundings count: the scheduler that runs, else this one, which was started as it would be.
    var process: Int32 { holder ?? ProcessInfo.processInfo.processIdentifier }

    var processWords: String { holder.map { "(of the scheduler, process \($0))" } ?? "(of this shell; a scheduler's limits may be others)" }

    /// How many local runs there may be at once.
    var localRuns: Int {
        let stored = holder == nil ? nil : scheduler.flatMap { SettingsDocument(text: $0.settings)?.capacities }
        let pools = stored ?? settings.pools
        return settings.localExecutors.map { Int(clamping: pools[$0]?.runs ?? 64) }.reduce(0, +)
    }
}
