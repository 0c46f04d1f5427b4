internal import Timetable

/// What is wrong with the whole cluster. It is told of the executor and not of each of its runs, of which there may be thousands.
extension SlurmWatch {
    /// The longest time between two questions to a controller that does not answer, in milliseconds: so long it may go on being told of as
    /// absent when it is back.
    private static let longestSilence: Int64 = 10_000

    /// Until the next question, from the answer to the last.
    var pauseAfterPoll: Int64 {
        let usual = settings.pollInterval.wholeMilliseconds
        return max(usual, min(Self.longestSilence, usual << min(pollFailures, 8)))
    }

    /// Of the answer to a question.
    mutating func note(_ trouble: EngineTrouble?) {
        let isOver = trouble == nil && pollTrouble != nil
        pollTrouble = trouble
        // One that is back takes submissions again; one that takes none though it answers is not asked more often for that.
        if isOver || trouble == nil && queued == queue.count && submitting == 0 { clusterAnswered() }
        tellTrouble()
    }

    mutating func tellTrouble() {
        let trouble = pollTrouble ?? submissionTrouble
        guard troubleTold != .some(trouble) else { return }
        troubleTold = .some(trouble)
        report(.trouble(executor: settings.name, trouble))
    }

    /// What waits here to be submitted, and surely never was, goes back when its time for that is over: whoever handed it over decides what
    /// becomes of it.
    mutating func giveBackOverdue() {
        guard let trouble = pollTrouble ?? submissionTrouble, queued < queue.count else { return }
        let now = LocalWatch.now()
        for run in queue[queued...] {
            guard let task = tasks[run], let launch = task.launch, let end = launch.handOverBy, end <= now, task.stage == .queued,
                task.isUntold, task.killWanted == nil
            else { continue }
            tasks[run] = nil
            report(.couldNotHandOver(launch, reason: trouble.reason))
            reattached(run)
        }
    }
}
