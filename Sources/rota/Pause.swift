import ArgumentParser
import RunHistory
import Scheduling

struct PauseJobs: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pause",
        abstract: "Runs nothing of these jobs by itself until they are resumed.",
        discussion: """
            Slots and runs that wait become `skipped: paused`; resume starts none of them. Running runs go on. `rota run` and `rota retry` still \
            run a paused job. A pause outlives restarts and the job's file; one by label, or of everything, also holds jobs that are added later.

            EXAMPLES
              rota pause backup report           these jobs
              rota pause --label team=data       every job with this label
              rota pause --all                   everything
              rota pause backup --json
            """)

    @OptionGroup var scopes: PauseScopes
    @OptionGroup var place: Place

    func run() async throws {
        try await scopes.ask("pause", in: place) { name, answer in
            guard answer.changed else { return answer.detail ?? "\(name) is paused already" }
            return "paused \(name)" + (scopes.isOne ? "" : ": \((answer.jobs ?? 0).of("job")) at the moment")
        }
    }
}

struct Resume: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Ends pauses; what came due meanwhile stays skipped.",
        discussion: """
            Ends the pause of just that: a job that is paused with its label, or with everything, is resumed with that. `rota status` lists the \
            pauses in force.

            EXAMPLES
              rota resume backup report
              rota resume --label team=data
              rota resume --all                  ends the pause of everything, and no other
            """)

    @OptionGroup var scopes: PauseScopes
    @OptionGroup var place: Place

    func run() async throws {
        try await scopes.ask("resume", in: place) { name, answer in
            guard answer.changed else { return answer.detail ?? "\(name) is not paused" }
            let still = answer.stillPaused ?? 0
            if scopes.isOne { return "resumed \(name)" + (still > 0 ? ", but another pause holds it; see `rota status`" : "") }
            return "resumed \(name): \((answer.jobs ?? 0).of("job"))" + (still > 0 ? ", \(still) of them held by another pause" : "")
        }
    }
}

/// What is to be paused or resumed: jobs, labels, or everything.
struct PauseScopes: ParsableArguments {
    @Argument(help: "Jobs.")
    var jobs: [JobArgument] = []

    @Option(help: ArgumentHelp("Every job with this label; a key alone means any value.", valueName: "key=value"))
    var label: [String] = []

    @Flag(help: "Everything.")
    var all = false

    @Flag(help: "Prints a JSON array: what came of each job, label, or everything.")
    var json = false

    var isOne: Bool { label.isEmpty && !all }

    func validate() throws {
        if jobs.isEmpty, label.isEmpty, !all { throw ValidationError("name jobs, or give --label or --all") }
        if let bad = label.first(where: { $0.isEmpty || $0.hasPrefix("=") }) {
            throw ValidationError("`\(bad)` is no label; write --label key=value, or --label key for any value")
        }
        if all, !(jobs.isEmpty && label.isEmpty) { throw ValidationError("--all means everything; leave out jobs and labels") }
    }

    /// - Parameters:
    ///   - verb: The last part of the path.
    ///   - line: What a person reads of one answer.
    func ask(_ verb: String, in place: Place, _ line: @escaping (String, ControlDocument) -> String) async throws {
        var several = Several()
        for job in jobs.map(\.name) {
            try await several.ask(json: json, { line(job.text, $0) }) {
                do {
                    return try await place.control("/api/v1/jobs/\(job)/\(verb)")
                } catch let failure as CommandFailure {
                    throw place.nearer(failure, job)
                }
            }
        }
        for label in label {
            try await several.ask(json: json, { line("label \(label)", $0) }) {
                try await place.control("/api/v1/\(verb)", ControlRequest(label: label))
            }
        }
        if all {
            try await several.ask(json: json, { line("everything", $0) }) {
                try await place.control("/api/v1/\(verb)", ControlRequest(all: true))
            }
        }
        try several.end(json: json)
    }
}
