import Execution
import Scheduling
import TestSupport
import Testing
import Timetable

@testable import Daemon

/// Which commits of a run are steps to die at.
struct DurableStepTests {
    private func launching(reason: String? = nil) -> Run {
        let job: JobName = "a"
        var run = Run(
            key: RunKey(job: job, due: .epoch, attempt: 1), flow: FlowKey(head: job, due: .epoch), trigger: .schedule, readyAt: .epoch,
            waitingSince: .epoch)
        run.state = .launching
        run.reason = reason
        return run
    }

    @Test func onlyTheFirstWordOfALaunchIsAnIntent() {
        let first = launching()

        #expect(LedgerRecord.update(first).stepBefore == .intentDecided && LedgerRecord.update(first).stepAfter == .intentCommitted)
        let refused = LedgerRecord.update(launching(reason: "no-space: mkdir runs/a-1"))
        #expect(refused.stepBefore == nil && refused.stepAfter == nil)
    }

    @Test func aKillIsNoIntent() {
        var run = launching(reason: "no-space: mkdir runs/a-1")
        run.killWanted = "by hand"

        #expect(LedgerRecord.update(run).stepBefore == .killDecided && LedgerRecord.update(run).stepAfter == .killCommitted)
    }
}
