internal import Timetable

/// What the end of a task means for its run, where the keeper's own word is not there or not all of it.
struct SlurmCause {
    var end: SlurmEnd
    /// What Slurm said in the run's folder.
    var lastWord: String?
    /// Why a node that was to begin the task takes no more.
    var nodeFault: String?

    /// Of a run of which nothing was started.
    func withoutStart(now: Instant) -> Ending {
        let (kind, reason) = unstarted
        return Ending(kind: kind, reason: withLastWord(reason), endedAt: end.ended ?? now, node: node)
    }

    /// Of a run whose keeper had it and left no outcome.
    func withoutOutcome(startedAt: Instant?, now: Instant) -> Ending {
        let (kind, reason) = fromOutside ?? withoutCause
        return Ending(
            kind: kind, signal: kind == .signaled && end.signal > 0 ? end.signal : nil, reason: reason, startedAt: startedAt,
            // Slurm knows whole seconds.
            endedAt: max(end.ended ?? now, startedAt ?? .distantPast), node: node)
    }

    /// Of a run whose keeper was told to stop by somebody else than us: its outcome, with the reason why. Where that is nothing that Slurm
    /// did to the task, the outcome stands as it is: the command had ended by itself, or the keeper alone was told.
    func explaining(_ outcome: Ending) -> Ending {
        guard let (kind, reason) = fromOutside else { return outcome }
        var ending = outcome
        ending.kind = kind
        ending.reason = reason
        return ending
    }

    private var node: String? { end.nodes.isEmpty ? nil : end.nodes }
    private var onNode: String { end.nodes.isEmpty ? "the node" : "node \(end.nodes)" }
    private var exit: String { end.signal > 0 ? "signal \(end.signal)" : "exit code \(end.exitCode)" }

    /// What Slurm, or somebody through it, did to the task.
    private var fromOutside: (Ending.Kind, String)? {
        switch end.state {
        case .cancelled: (.killed, cancelled)
        case .nodeFail: (.signaled, "node-failed: \(onNode) failed under the command")
        case .bootFail: (.signaled, "boot-failed: \(onNode) did not boot")
        case .preempted: (.signaled, "preempted: another task took its place on \(onNode)")
        case .outOfMemory: (.signaled, "out-of-memory: the task needed more memory than Slurm gave it; `memory` of the job says how much")
        case .timeout: (.timedOut, "timeout: the time limit that Slurm has for the task was over; with `timeout` the job gets its own")
        case .deadline: (.timedOut, "deadline: the task's deadline in Slurm was reached")
        case .requeued, .requeueHold, .specialExit:
            (.signaled, "requeued: somebody on the cluster took the task from \(onNode) and put it into the queue again; a run begins once")
        case .pending, .requeueFederated:
            (.signaled, "node-failed: Slurm lost sight of the task on \(onNode), and has it in the queue again")
        case .revoked: (.lost, "revoked: another cluster took the task")
        default: nil
        }
    }

    private var cancelled: String {
        guard let by = end.by else { return "cancelled: by somebody on the cluster" }
        return "cancelled: by \(by.allSatisfy(\.isNumber) ? "user \(by)" : by) on the cluster"
    }

    private var withoutCause: (Ending.Kind, String) {
        if let lastWord, Self.tellsOfMemory(lastWord) { return (.signaled, "out-of-memory: \(lastWord)") }
        if (end.signal, end.exitCode) == (0, Self.claimed) {
            return (.lost, "keeper-killed: the task that began it is gone without an outcome; one that Slurm began later started nothing")
        }
        return (.lost, "keeper-killed: \(onNode) ended the task with \(exit), and the command with it")
    }

    /// How a keeper ends whose run somebody else has.
    private static let claimed = 75

    private static func tellsOfMemory(_ word: String) -> Bool {
        ["exceeded memory limit", "oom-kill", "oom_kill", "Out Of Memory", "memory limit"].contains { word.holds($0) }
    }

    private var unstarted: (Ending.Kind, String) {
        switch end.state {
        case .cancelled where nodeFault != nil:
            (.couldNotStart, "launch-failed: \(onNode) could not begin the task and takes no more: \(nodeFault ?? "")")
        case .cancelled: (.killed, cancelled)
        case .nodeFail: (.couldNotStart, "node-failed: \(onNode) failed before the command began")
        case .bootFail: (.couldNotStart, "boot-failed: \(onNode) did not boot")
        case .preempted: (.couldNotStart, "preempted: another task took its place on \(onNode) before the command began")
        case .deadline: (.couldNotStart, "deadline: the task's deadline in Slurm was reached before it could begin")
        case .outOfMemory: (.couldNotStart, "out-of-memory: the memory that Slurm gave the task was too little to begin the command")
        case .timeout: (.couldNotStart, "timeout: the time limit that Slurm has for the task was over before the command began")
        case .revoked: (.couldNotStart, "revoked: another cluster took the task")
        default: (.couldNotStart, unstartedByItself)
        }
    }

    /// The exit codes are those of the keeper, and of the shell that could not execute it.
    private var unstartedByItself: String {
        switch (end.signal, end.exitCode) {
        case (0, 66): "no-folder: \(onNode) cannot see the run's folder; `folder` of the executor must be one that all nodes share"
        case (0, 126), (0, 127): "no-keeper: \(onNode) cannot execute the keeper"
        case (0, 71): "no-resources: the keeper got no process, pipe or memory on \(onNode)"
        case (0, 73): "no-space: the keeper could not reserve room for the outcome"
        case (0, 64), (0, 65): "keeper-failed: the keeper cannot read on \(onNode) what is to be run"
        default:
            // 53 is Slurm's own: it could not open the file for what it has to say, which lies in the run's folder.
            end.reason == "JobLaunchFailure" || end.signal == 53
                ? "launch-failed: \(onNode) could not begin the task; it must see the run's folder, and its user must be known there"
                : "launch-failed: the task ended on \(onNode) with \(exit) before the command began"
        }
    }

    private func withLastWord(_ reason: String) -> String { lastWord.map { "\(reason); Slurm: \($0)" } ?? reason }
}

/// Why a task waits, in words, and whether it ever will begin.
struct SlurmReason {
    var text: String

    /// Whether nothing but a change of the request, or of the cluster, will let it begin.
    var isForEver: Bool {
        if Self.never.contains(text) { return true }
        let isOfOneTask = text.hasSuffix("PerJob") || text.hasSuffix("PerJobLimit")
        return isOfOneTask && (text.hasPrefix("AssocMax") || text.hasPrefix("QOSMax")) || text.hasPrefix("QOSMin")
    }

    /// Whether nodes tried to begin it, and could not.
    var isOfLaunch: Bool { text == "launch failed requeued held" || text == "JobHoldMaxRequeue" }

    private static let never: Set<String> = [
        "PartitionNodeLimit", "PartitionTimeLimit", "PartitionConfig", "BadConstraints", "InvalidAccount", "InvalidQOS",
        "AccountNotAllowed", "QOSNotAllowed", "DependencyNeverSatisfied", "MaxMemPerLimit", "JobHoldMaxRequeue", "ReservationInvalid",
        "launch failed requeued held",
    ]

    /// A stable word first.
    var words: String {
        switch text {
        case "", "None": "queued: the cluster has it, and did not look at it yet"
        case "Resources": "queued: it is next, and waits for nodes that are free (Resources)"
        case "Priority": "queued: others are before it (Priority)"
        case "JobHeldUser", "JobHeldAdmin": "held: somebody holds it back on the cluster; `scontrol release` lets it go (\(text))"
        case "BeginTime": "queued: it may not begin yet (BeginTime)"
        case "Dependency": "queued: it waits for another task (Dependency)"
        case "PartitionDown", "PartitionInactive": "queued: its partition takes no tasks now (\(text))"
        default: "queued: \(text)"
        }
    }
}
