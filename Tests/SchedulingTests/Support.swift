import Scheduling
import TestSupport
import Timetable

/// How many are many: a debug build takes a twentieth.
func many(_ count: Int) -> Int {
    #if DEBUG
        count / 20
    #else
        count
    #endif
}

/// As long as many may take on a machine that has other things to do as well.
let soon = Duration.seconds(30)

extension Job {
    func overlapping(_ overlap: Overlap) -> Job {
        TestSupport.job(name, schedule, after: after) { job in
            let name = job.name
            job = self
            job.name = name
            job.overlap = overlap
        }
    }
}

extension SimulationExecutor {
    /// The run of `job` at `due` comes to its end at `instant`.
    mutating func finish(_ job: JobName, _ due: Instant, _ state: RunState = .succeeded, at instant: Instant) {
        end(RunKey(job: job, due: due, attempt: 1), with: Outcome(state: state, endedAt: instant))
    }
}

extension [Action] {
    var launches: [RunKey] {
        compactMap { action in if case .launch(let run, _) = action { run.key } else { nil } }
    }

    var records: [LedgerRecord] {
        compactMap { action in if case .record(let record) = action { record } else { nil } }
    }

    var answers: [Answer] {
        compactMap { action in if case .answer(_, let answer) = action { answer } else { nil } }
    }
}
