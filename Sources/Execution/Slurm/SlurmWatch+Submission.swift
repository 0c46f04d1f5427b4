import Glibc
internal import Timetable

/// From a launch to a task that the cluster knows.
extension SlurmWatch {
    /// In the order in which they came, a few at a time.
    mutating func submitNext() {
        guard pollTrouble == nil, LocalWatch.steadyTime() >= submissionsWaitUntil else { return }
        while submitting < Self.mostSubmissions, queued < queue.count {
            var orders: [SlurmSubmitter.Order] = []
            while orders.count < ordersAtOnce, queued < queue.count {
                if let order = order(queue[queued]) { orders.append(order) }
                queued += 1
            }
            if !orders.isEmpty { submit(orders) }
        }
        if queued == queue.count {
            queue = []
            queued = 0
        }
    }

    /// A connection costs more than what goes through it; the last ones are shorter, so that all end at about the same time.
    private var ordersAtOnce: Int {
        settings.ssh == nil ? 1 : min(Self.mostInConnection, max(8, (queue.count - queued) / (2 * Self.mostSubmissions)))
    }

    private mutating func order(_ run: String) -> SlurmSubmitter.Order? {
        guard let task = tasks[run], task.stage == .queued, let launch = task.launch else { return nil }
        update(run) { $0.stage = .submitting }
        return SlurmSubmitter.Order(launch: launch, mayBeKnown: !task.isAgain)
    }

    private mutating func submit(_ orders: [SlurmSubmitter.Order]) {
        submitting += 1
        helpers.submissions.post { [submitter, inbox] in inbox.post(.submitted(submitter.submit(orders))) }
    }

    mutating func take(_ result: SlurmSubmitter.Result, of run: String) {
        guard let task = tasks[run], task.stage == .submitting else { return }
        switch result {
        case .accepted:
            clusterAnswered()
            open(run, isDoubtful: false)
        case .wasSubmitted: open(run, isDoubtful: true)
        case .unclear(let words):
            open(run, isDoubtful: true)
            tellPending(run, "unclear: \(words); it is looked for by its name")
        case .notNow(let trouble): submitLater(run, trouble)
        case .notTried: putBack(run)
        case .notPrepared(let error): giveBack(run, error)
        // It may have been refused here.
        case .refused(let ending): tellEnd(run, ending)
        }
        // What came in between had to wait for the answer.
        if tasks[run]?.killWanted != nil, tasks[run]?.stage == .open { close(run) }
    }

    private mutating func open(_ run: String, isDoubtful: Bool) {
        update(run) { task in
            task.stage = .open
            task.isDoubtful = isDoubtful
            task.isAgain = false
            task.silentSince = nil
        }
        if place.remoteFolder == nil { glances.runs.append(run) }
        // The cluster looks at it within a second.
        nextPoll = min(nextPoll, LocalWatch.steadyTime() + settings.pollInterval.wholeMilliseconds)
    }

    mutating func clusterAnswered() {
        submissionFailures = 0
        submissionsWaitUntil = 0
        // One that is full takes another now and then.
        if submissionTrouble?.isOfAll == false, queued < queue.count { return tellTrouble() }
        submissionTrouble = nil
        tellTrouble()
    }

    private mutating func putBack(_ run: String) {
        update(run) { $0.stage = .queued }
        queue.insert(run, at: queued)
        if tasks[run]?.killWanted != nil { close(run) }
    }

    /// Nothing is submitted for a while, and this one first then.
    private mutating func submitLater(_ run: String, _ trouble: EngineTrouble) {
        putBack(run)
        if tasks[run]?.killWanted != nil { return }
        submissionFailures += 1
        let pause = min(Self.longestPause, settings.pollInterval.wholeMilliseconds << min(submissionFailures - 1, 8))
        submissionsWaitUntil = LocalWatch.steadyTime() + pause
        submissionTrouble = trouble
        tellTrouble()
    }

    /// Whoever handed it over decides what next; not of one that somebody may have submitted before.
    private mutating func giveBack(_ run: String, _ error: SystemError) {
        guard let task = tasks[run], let launch = task.launch else { return }
        guard task.isUntold else {
            return submitLater(run, EngineTrouble(reason: error.description, isOfAll: false))
        }
        if let reason = task.killWanted {
            return tellEnd(run, Ending(kind: .killed, reason: reason, endedAt: LocalWatch.now()))
        }
        tasks[run] = nil
        report(.couldNotHandOver(launch, reason: error.description))
        reattached(run)
    }
}
