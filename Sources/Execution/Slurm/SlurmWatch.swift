import Glibc
internal import Timetable

/// The thread of a SlurmExecutor: everything it knows, and the loop that learns more.
///
/// It decides and reports, and waits for nothing: commands and files are asked in other threads, whose answers come as requests.
struct SlurmWatch {
    enum Request: Sendable {
        case launch([Launch])
        case kill(run: String, reason: String)
        case reattach([OpenRun], Latch)
        case submitted([(run: String, result: SlurmSubmitter.Result)])
        case read([String: Swift.Result<TaskTrace, SystemError>])
        case polled(SlurmPoll.Answer)
        case glanced([String: Ending])
        case closed(run: String, Closing)
        case shutdown
    }

    /// What became of taking a run's claim.
    enum Closing: Sendable {
        /// Nothing was started, and nothing will be.
        case ended(Ending)
        /// A keeper has it, and knows what is wanted of it.
        case told
        case failed(SystemError)
        /// The login node did not answer, for that reason.
        case unreached(String)
    }

    /// The threads that wait.
    struct Helpers: Sendable {
        let submissions: WorkQueue
        let questions: WorkQueue
        let files: WorkQueue
        let glances: WorkQueue
    }

    /// How many submissions are under way at a time.
    static let mostSubmissions = 4
    /// How many runs share one connection to a login node at most.
    static let mostInConnection = 50
    /// Milliseconds.
    static let longestPause: Int64 = 30_000

    let settings: SlurmSettings
    let place: SlurmPlace
    let commands: SlurmCommands
    let submitter: SlurmSubmitter
    let helpers: Helpers
    let inbox: Inbox<Request>
    let report: @Sendable (ExecutorReport) -> Void

    var tasks: [String: SlurmTask] = [:]
    var queue: [String] = []
    var queued = 0
    var submitting = 0
    /// The steady time before which nothing is submitted, because the cluster took nothing the last time.
    var submissionsWaitUntil: Int64 = 0
    var submissionFailures = 0
    var isPolling = false
    var nextPoll: Int64 = 0
    /// Whether the question that is under way is out of date already.
    var mustPollAgain = false
    var pollFailures = 0
    /// What is wrong as the last question showed it, and as the last submission did.
    var pollTrouble: EngineTrouble?
    var submissionTrouble: EngineTrouble?
    /// What of that was told; nil before anything was.
    var troubleTold: EngineTrouble??
    /// Whether there may be tasks in the queue of the cluster that nobody wants.
    var mayHaveStrays = true
    /// Before the first open task was submitted.
    var since = LocalWatch.now()
    var glances = Glances()
    /// How many questions about files of earlier runs are under way.
    var reading = 0
    var reattaching: (latch: Latch, missing: Set<String>, until: Int64)?
    private var isShutDown = false

    init(
        settings: SlurmSettings, place: SlurmPlace, commands: SlurmCommands, helpers: Helpers, inbox: Inbox<Request>,
        report: @escaping @Sendable (ExecutorReport) -> Void
    ) {
        self.settings = settings
        self.place = place
        self.commands = commands
        self.helpers = helpers
        self.inbox = inbox
        self.report = report
        submitter = SlurmSubmitter(commands: commands, place: place)
    }

    /// Returns after a shutdown.
    mutating func run() {
        while !isShutDown {
            var wanted = pollfd(fd: inbox.descriptor, events: Int16(POLLIN), revents: 0)
            _ = poll(&wanted, 1, timeout())
            inbox.take().forEach { handle($0) }
            submitNext()
            pollIfDue()
            glanceIfDue()
            endReattachmentIfDue()
        }
        reattaching?.latch.open(.failure(SystemError("reattach", "executor", ECANCELED)))
    }

    private func timeout() -> Int32 {
        let times = [
            needsPoll && !isPolling ? nextPoll : nil, nextGlance, reattaching?.until,
            queued < queue.count && submitting < Self.mostSubmissions && pollTrouble == nil ? submissionsWaitUntil : nil,
        ]
        return times.compactMap(\.self).min().map { Int32(clamping: max(0, $0 - LocalWatch.steadyTime())) } ?? -1
    }

    private mutating func handle(_ request: Request) {
        switch request {
        case .launch(let launches): launches.forEach { accept($0) }
        case .kill(let run, let reason): kill(run: run, reason: reason)
        case .reattach(let open, let latch): reattach(open, latch)
        case .submitted(let results):
            submitting -= 1
            for (run, result) in results where !result.isPutBack { take(result, of: run) }
            // What was not submitted goes before all others again, in its order.
            for (run, result) in results.reversed() where result.isPutBack { take(result, of: run) }
        case .read(let traces):
            reading -= 1
            for (run, trace) in traces { take(trace, of: run) }
        case .polled(let answer): take(answer)
        case .glanced(let endings): take(endings)
        case .closed(let run, let closing): take(closing, of: run)
        case .shutdown: isShutDown = true
        }
    }

    private mutating func accept(_ launch: Launch) {
        guard tasks[launch.run] == nil else { return }
        tasks[launch.run] = SlurmTask(launch: launch, stage: .queued, isFromBefore: false)
        queue.append(launch.run)
    }
}

extension SlurmWatch {
    mutating func update(_ run: String, _ change: (inout SlurmTask) -> Void) {
        guard tasks[run] != nil else { return }
        change(&tasks[run, default: SlurmTask()])
    }

    mutating func tellStart(_ run: String, _ at: Instant, node: String) {
        guard let task = tasks[run], !task.isStartTold else { return }
        update(run) { $0.isStartTold = true }
        report(.started(run: run, at: at, node: node))
    }

    /// The same reason is told once; one that changes to and fro, now and then.
    mutating func tellPending(_ run: String, _ reason: String) {
        guard let task = tasks[run], task.reasonTold != reason else { return }
        let time = LocalWatch.steadyTime()
        if task.reasonTold != nil, time - task.reasonToldAt < 10_000 { return }
        update(run) { task in
            task.reasonTold = reason
            task.reasonToldAt = time
        }
        report(.pending(run: run, reason: reason))
    }

    mutating func tellEnd(_ run: String, _ ending: Ending) {
        guard let task = tasks[run] else { return }
        var ending = ending
        if ending.node == nil, !task.lastNodes.isEmpty { ending.node = task.lastNodes }
        if let reason = task.killWanted, ending.isOfStoppedKeeper { (ending.kind, ending.reason) = (.killed, reason) }
        if let at = ending.startedAt { tellStart(run, at, node: ending.node ?? "") }
        tasks[run] = nil
        report(.ended(run: run, ending))
        reattached(run)
    }
}
