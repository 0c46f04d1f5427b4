import ArgumentParser
import Daemon
import JobFiles
import RunHistory
import Scheduling
import Timetable

/// A job's name on the command line, completed from the ledger.
struct JobArgument: ExpressibleByArgument {
    let name: JobName

    init?(argument: String) {
        guard let name = JobName(argument) else { return nil }
        self.name = name
    }

    static var defaultCompletionKind: CompletionKind { .custom { _, _, _ in JobArgument.known() } }

    /// The jobs in force in the state folder that the environment names.
    private static func known() -> [String] {
        guard let place = try? Place.parse([]), let reader = try? place.reader() else { return [] }
        return (try? reader.jobs().map(\.control.job.text)) ?? []
    }
}

/// A word that is a run id means that run, else a job.
enum Subject {
    case run(StoredRun)
    case job(StoredJob)

    /// - Throws: `CommandFailure` when the ledger knows neither.
    init(_ word: String, in reader: LedgerReader) throws {
        if let run = try reader.run(id: word) {
            self = .run(run)
        } else if let name = JobName(word), let job = try reader.job(name) {
            self = .job(job)
        } else {
            throw CommandFailure(.usage, "there is no job and no run `\(word)`; `rota list` shows the jobs, `rota history` the runs")
        }
    }
}

/// An instant on the command line: `2026-03-01T02:00:00Z`, `2026-03-01` (UTC), or how long ago: `PT2H`.
struct InstantArgument: ExpressibleByArgument {
    let instant: Instant

    init?(argument: String) {
        if let instant = Instant(rfc3339: argument) ?? Instant(rfc3339: argument + "T00:00:00Z") {
            self.instant = instant
        } else if let ago = try? Period.elapsed(parsing: argument) {
            instant = SystemClock().now() - ago
        } else {
            return nil
        }
    }
}

/// A length of time on the command line: `PT30S`.
struct DurationArgument: ExpressibleByArgument {
    let duration: Duration

    init?(argument: String) {
        guard let duration = try? Period.elapsed(parsing: argument) else { return nil }
        self.duration = duration
    }
}

extension RunState: ExpressibleByArgument {}

extension StoredJob {
    /// What the stored text says; nil when this version of Rota cannot read it.
    var job: Job? { Definition.parse(canonical: definition.canonical) }
}
