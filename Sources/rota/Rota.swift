import ArgumentParser
import Glibc

@main
struct Rota: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rota",
        abstract: "Runs jobs when they are due, and tells what became of them.",
        discussion: """
            Jobs are defined in files; `rota serve` schedules them and keeps their history in a state folder, which the other commands read.

            EXAMPLES
              rota validate jobs                 check job files
              rota serve --jobs jobs             schedule them, state in ./.rota or /var/lib/rota
              rota next                          what is due next
              rota explain '0 7 * * MON-FRI'     what a schedule means
              rota run backup --wait             run a job now
              rota kill backup                   end it
              rota retry backup                  run its newest due once more
              rota pause --label team=data       run nothing of these jobs by itself
              rota backfill load --from P7D      run the slots of the last week
              rota history --state failed        what failed
              rota why backup                    why it ran, waits, or did not run
              rota stats                         how jobs did: success rate, durations, lateness
              rota logs backup -f                follow its output
              rota plan                          what changed job files would change
              rota simulate --days 7             what will happen
              rota doctor                        whether all is well that a scheduler depends on

            The state folder is the one of --state, else $ROTA_STATE, else `state:` of the settings file (--config, $ROTA_CONFIG, or
            /etc/rota/rota.yaml), else .rota in the current folder if it is there, else /var/lib/rota.

            EXIT CODES
              0 done    1 the thing asked about is not well (invalid files, a failed run under --wait, doctor)    2 plan found changes    64 usage
              65 damaged ledger    66 no jobs folder    69 no scheduler there    70 our own fault    71 port taken
              73 state folder not writable    74 output not writable    75 another scheduler holds it    76 ledger of a newer rota    77 not allowed
            """,
        version: Version.text,
        subcommands: [
            Serve.self, Validate.self, Plan.self, Simulate.self, Next.self, Explain.self, List.self, Show.self, RunJob.self, Kill.self,
            Retry.self, PauseJobs.self, Resume.self, Hold.self, Release.self, Skip.self, MarkSuccess.self, BackfillJob.self, History.self,
            WhyCommand.self, Stats.self, Logs.self, Status.self, Doctor.self, Graph.self, Import.self,
        ]
    )

    static func main() async {
        do {
            var command = try parseAsRoot()
            if var asynchronous = command as? any AsyncParsableCommand {
                try await asynchronous.run()
            } else {
                try command.run()
            }
            try Terminal.finish()
        } catch {
            if let failure = CommandFailure(of: error) { failure.exit() }
            if exitCode(for: error) == .validationFailure { CommandFailure(.usage, usage(of: error)).exit() }
            exit(withError: error)
        }
    }

    /// What is wrong with the command line, in one line, and where the way out stands.
    private static func usage(of error: any Error) -> String {
        let command = CommandLine.arguments.dropFirst().first { word in configuration.subcommands.contains { $0._commandName == word } }
        let help = (["rota"] + [command].compactMap(\.self) + ["--help"]).joined(separator: " ")
        let text = message(for: error).split(separator: "\n").joined(separator: " ")
        return "\(text); see `\(help)`"
    }
}

enum Version {
    static let text = "0.1.0"
}
