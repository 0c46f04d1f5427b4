import Execution
import Glibc
import Scheduling
import Timetable

/// How a run of a job becomes something that an executor can carry out.
struct LaunchPlan {
    let id: String
    let run: Run
    let job: Job
    /// The schedule of the job, or of the head of its flow, with its anchor pinned.
    let schedule: Schedule?
    /// The folder of the job's file: what relative paths of the job mean.
    let folder: String
    let node: String
    /// The folder of the runs' folders.
    let runs: String

    var launch: Launch {
        Launch(
            run: id, job: job.name.text, due: run.key.due, attempt: run.key.attempt, definition: run.version ?? job.version, words: words,
            environment: environment, workdir: workdir, user: job.user, umask: job.umask, nice: job.nice, limits: job.limits,
            timeout: job.timeout, killAfter: job.killAfter, outputLimit: job.logLimit,
            endsOnFullLog: job.onLogFull == .stop,
            origin: RunOrigin(run, executor: run.executor ?? job.runOn),
            task: TaskDemand(
                cpus: job.cpus, memory: job.memory, disk: job.disk, constraints: job.constraints, gres: job.gres, options: job.slurm,
                priority: job.priority, pool: job.pool, labels: job.labels, container: job.container),
            handOverBy: run.windowEnd(startWithin: job.startWithin)
        )
    }

    private var words: [String] {
        switch job.command {
        case .shell(let text): ["/bin/sh", "-c", text]
        case .words(let words): words
        }
    }

    /// Relative to the folder of the job's file, and that folder itself without `workdir`. In the Chronos shape, where a task had a
    /// sandbox, the run's own folder.
    private var workdir: String {
        if let workdir = job.workdir { return workdir.hasPrefix("/") ? workdir : folder + "/" + workdir }
        return job.isChronos ? RunFolder(runs: runs, run: id).outputFolder : folder
    }

    /// Who runs the scheduler, looked up once; the keeper looks a job's `user` up.
    private static let ownUser: [String: String] = {
        guard let entry = getpwuid(geteuid()) else { return [:] }
        let name = String(cString: entry.pointee.pw_name)
        return ["HOME": String(cString: entry.pointee.pw_dir), "USER": name, "LOGNAME": name]
    }()

    /// Names that are ours win over the job's; the job's win over those of the machine.
    private var environment: [String: String] {
        var environment = job.user == nil ? Self.ownUser : [:]
        environment.merge(["PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8", "SHELL": "/bin/sh"]) {
            $1
        }
        environment.merge(job.environment) { $1 }
        environment.merge(run.parameters) { $1 }
        environment.merge(rotaNames) { $1 }
        environment.merge(chronosNames) { $1 }
        return environment
    }

    private var rotaNames: [String: String] {
        let due = run.key.due
        var names = [
            "ROTA_JOB": job.name.text,
            "ROTA_RUN": id,
            "ROTA_DUE": due.rfc3339,
            "ROTA_DUE_DATE": (schedule?.zone ?? .utc).date(due),
            "ROTA_DUE_EPOCH": "\(due.microseconds / 1_000_000)",
            "ROTA_ATTEMPT": "\(run.key.attempt)",
            "ROTA_TRIGGER": run.trigger.rawValue,
            "ROTA_EXECUTOR": job.runOn,
        ]
        names["ROTA_PREVIOUS_DUE"] = schedule?.previous(before: due)?.due.rfc3339
        names["ROTA_NEXT_DUE"] = schedule?.next(after: due)?.due.rfc3339
        return names
    }

    /// The variables that Chronos gave its tasks; the run time is the slot, in milliseconds.
    private var chronosNames: [String: String] {
        let milliseconds = run.key.due.microseconds / 1_000
        let task = "ct:\(milliseconds):\(run.key.attempt - 1):\(job.name):"
        return [
            "mesos_task_id": task,
            "MESOS_TASK_ID": task,
            "HOST": node,
            "CHRONOS_JOB_NAME": job.name.text,
            "CHRONOS_JOB_OWNER": job.notify.email.joined(separator: ","),
            "CHRONOS_JOB_RUN_TIME": "\(milliseconds)",
            "CHRONOS_JOB_RUN_ATTEMPT": "\(run.key.attempt - 1)",
            "CHRONOS_RESOURCE_CPU": "\(job.cpus ?? 0.1)",
            "CHRONOS_RESOURCE_MEM": "\(job.memory.map { Double($0) / 1_048_576 } ?? 128)",
            "CHRONOS_RESOURCE_DISK": "\(job.disk.map { Double($0) / 1_048_576 } ?? 256)",
        ]
    }
}
