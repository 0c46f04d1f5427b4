/// Which options of `sbatch` a site or a job may give, by their long names without dashes.
package enum SlurmOption {
    /// Why a task may not have the option; nil for one that it may have, also for one that `sbatch` does not know.
    package static func refusal(of name: String) -> String? {
        if let reason = reasons[name] { return reason }
        // sbatch takes the beginning of a long option for the whole of it.
        return reasons.keys.filter { $0.hasPrefix(name) }.min().map { "it is the beginning of `\($0)`; write the whole name of an option" }
    }

    /// Options that say what the keys of a job say, with those keys.
    static let keys: [String: String] = [
        "cpus-per-task": "cpus", "mem": "memory", "mem-per-cpu": "memory", "mem-per-gpu": "memory", "tmp": "disk", "gres": "gres",
        "constraint": "constraints", "nodelist": "constraints", "exclude": "constraints", "nodefile": "constraints", "time": "timeout",
        "time-min": "timeout",
    ]

    /// The key of a job that says what the option says, however much of its name is written.
    static func key(for name: String) -> String? {
        keys[name] ?? keys.keys.filter { $0.hasPrefix(name) }.min().flatMap { keys[$0] }
    }

    private static let reading = "what `sbatch` prints is read to know the task"
    private static let retries = "a task is never put in the queue again; `retries` says what is run once more"
    private static let output = "the command's output is kept in the run's folder, for `rota logs`"
    private static let environment = "a task has the environment of its run; write `env`"
    private static let name = "by this the task is found again"

    private static let reasons: [String: String] = [
        "job-name": name,
        "comment": "it tells of the run, and of the job's `labels`",
        "clusters": "tasks are looked for in one cluster; make each an executor of its own",
        "output": output,
        "error": output,
        "open-mode": output,
        "input": "a command has an empty input",
        "parsable": reading,
        "quiet": reading,
        "verbose": reading,
        "help": reading,
        "usage": reading,
        "version": reading,
        "test-only": "nothing would be run; try `sbatch --test-only` by hand",
        "wait": "it would hold up all others; `rota run --wait` waits",
        "wrap": "a task is the keeper of its run; write `command`",
        "hold": "nobody would release it; `rota hold` keeps a run waiting",
        "export": environment,
        "export-file": environment,
        "get-user-env": environment,
        "requeue": retries,
        "no-requeue": retries,
        "array": "each run is a task of its own",
        "uid": "write `user`",
        "gid": "write `user`",
        "dependency": "what comes before a job is `after`",
        "kill-on-invalid-dep": "what comes before a job is `after`",
        "batch": "the keeper, which is the batch script, runs on any node of the task",
        "propagate": "write `limits`",
        "begin": "when a job is due is its `schedule`",
        "chdir": "write `workdir`",
        "signal": "`timeout`, `killAfter` and `rota kill` say which signals a command gets",
        "container": "the keeper of the run would be looked for inside of it; start the container in `command`",
        "container-id": "the keeper of the run would be looked for inside of it; start the container in `command`",
    ]
}
