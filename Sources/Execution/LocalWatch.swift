import CPlatform
import Glibc
internal import Timetable

/// The thread of a LocalExecutor: everything it knows, and the loop that learns more.
///
/// What is true of a run is in its folder and in its lock; this only remembers which are watched.
struct LocalWatch {
    struct Place: Sendable {
        var runs: String
        var keeper: String
        var node: String
        var bootID: String
        /// nil where runs can have none.
        var groups: ControlGroups?
    }

    enum Request {
        case launch([Launch])
        case kill(run: String, reason: String)
        case reattach([OpenRun], Latch)
        case shutdown
    }

    /// Descriptors of the loop; it closes them.
    struct Channels: Sendable {
        let epoll: Int32
        /// Where keepers tell a start; its writing end is inherited by them.
        let reports: Int32
        let reportsForKeepers: Int32

        init(inbox: Int32) throws(SystemError) {
            var pipe: [Int32] = [-1, -1]
            guard platform_pipe(&pipe) == 0 else { throw SystemError("pipe", "reports") }
            (reports, reportsForKeepers) = (pipe[0], pipe[1])
            epoll = platform_epoll()
            guard epoll >= 0, Self.add(inbox, to: epoll), Self.add(reports, to: epoll) else {
                let error = SystemError("epoll", "executor")
                close()
                throw error
            }
        }

        func close() {
            for descriptor in [epoll, reports, reportsForKeepers] where descriptor >= 0 { _ = Glibc.close(descriptor) }
        }

        static func add(_ file: Int32, to epoll: Int32) -> Bool {
            platform_epoll_add(epoll, file, EPOLLIN.rawValue, UInt64(file)) == 0
        }
    }

    /// A run that was handed over and of which no end was told.
    struct Kept {
        enum Stage {
            case queued
            /// Its keeper lives, or has just ended.
            case kept
            /// As `kept`, but without a descriptor: its lock is looked at from time to time.
            case keptByLock
            /// Its keeper is dead; what it left behind is being ended.
            case clearing(LeftOvers)
            /// Something could not be found out; it is tried again.
            case unsure
        }

        var folder: RunFolder
        var launch: Launch?
        var bootID: String?
        var killWanted: String?
        var stage = Stage.queued
        /// A descriptor of the keeper's process.
        var keeper: Int32?
        /// Our child, when there was no descriptor to be had of it.
        var child: pid_t?
        var isStartTold = false
        /// Whether an earlier scheduler may have started a keeper that has not come to its claim yet.
        ///
        /// Until one has the run, it cannot be said that nothing will be started.
        var mayHaveOlderKeeper = false
        /// Why it had to wait, as far as that was told.
        var reasonsTold: Set<String> = []
        /// Not to be looked at again before this steady time.
        var quietUntil: Int64 = 0

        /// Whether to look at it without being called.
        var needsLook: Bool {
            switch stage {
            case .queued: false
            case .kept: !isStartTold
            case .keptByLock, .clearing, .unsure: true
            }
        }
    }

    /// How many launches are done before ends and requests are looked at again.
    private static let batch = 8
    /// Beyond these, those that are handed over again are looked for like any other.
    private static let mostUnstarted = 10_000
    /// Milliseconds between looks.
    private static let pause: Int64 = 100

    let place: Place
    let channels: Channels
    let inbox: Inbox<Request>
    let report: @Sendable (ExecutorReport) -> Void

    var runs: [String: Kept] = [:]
    var byKeeper: [Int32: String] = [:]
    var looking: Set<String> = []
    /// Runs of which it was told that nothing was started and nothing will be: whoever hands one over again need not be told what became of it.
    var unstarted: Set<String> = []
    var reattaching: (latch: Latch, missing: Set<String>, until: Int64)?
    private var queue: [String] = []
    private var queued = 0
    private var lastLook: Int64 = 0
    private var orphans = Orphans(of: getpid())
    private var unread: [UInt8] = []
    private var isShutDown = false

    init(place: Place, channels: Channels, inbox: Inbox<Request>, report: @escaping @Sendable (ExecutorReport) -> Void) {
        self.place = place
        self.channels = channels
        self.inbox = inbox
        self.report = report
    }

    /// Returns after a shutdown.
    mutating func run() {
        while !isShutDown {
            handleEvents()
            launchBatch()
            lookAgain()
            orphans?.look(at: Self.steadyTime())
        }
        reattaching?.latch.open(.failure(SystemError("reattach", "executor", ECANCELED)))
        for keeper in byKeeper.keys { close(keeper) }
        channels.close()
    }

    private mutating func handleEvents() {
        var events = [platform_event](repeating: platform_event(), count: 64)
        let count = platform_epoll_wait(channels.epoll, &events, Int32(events.count), timeout())
        for event in events.prefix(Int(max(count, 0))) {
            let descriptor = Int32(truncatingIfNeeded: event.key)
            if descriptor == inbox.descriptor {
                inbox.take().forEach { handle($0) }
            } else if descriptor == channels.reports {
                readReports()
            } else if let run = byKeeper[descriptor] {
                readReports()
                keeperEnded(run)
            }
        }
    }

    private func timeout() -> Int32 {
        if queued < queue.count { return 0 }
        let time = Self.steadyTime()
        let looks = [looking.isEmpty ? nil : lastLook + Self.pause, orphans?.nextLook].compactMap(\.self)
        return looks.min().map { Int32(max(0, $0 - time)) } ?? -1
    }

    private mutating func handle(_ request: Request) {
        switch request {
        case .launch(let launches): launches.forEach { accept($0) }
        case .kill(let run, let reason): kill(run: run, reason: reason)
        case .reattach(let open, let latch): reattach(open, latch)
        case .shutdown: isShutDown = true
        }
    }

    private mutating func accept(_ launch: Launch) {
        guard runs[launch.run] == nil else { return }
        guard let refusal = Self.refusal(launch) else {
            runs[launch.run] = Kept(folder: folder(launch.run), launch: launch)
            queue.append(launch.run)
            return
        }
        report(.ended(run: launch.run, Ending(kind: .couldNotStart, reason: refusal, endedAt: Self.now(), node: place.node)))
    }

    private mutating func launchBatch() {
        for _ in 0..<Self.batch where queued < queue.count {
            let run = queue[queued]
            queued += 1
            if case .queued = runs[run]?.stage { begin(run) }
        }
        if queued == queue.count {
            queue = []
            queued = 0
        }
    }

    private mutating func lookAgain() {
        let time = Self.steadyTime()
        guard !looking.isEmpty, time - lastLook >= Self.pause else { return }
        lastLook = time
        for run in looking { look(again: run) }
        if let open = reattaching, time >= open.until {
            // What does not die stays watched; nothing else waits for it.
            reattaching = nil
            open.latch.open(.success(()))
        }
    }

    /// Keepers write whole lines of at most PIPE_BUF bytes: `<run> started <µs> <pid>`.
    private mutating func readReports() {
        var chunk = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let count = read(channels.reports, &chunk, chunk.count)
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { return }
            unread.append(contentsOf: chunk[..<count])
            while let end = unread.firstIndex(of: UInt8(ascii: "\n")) {
                handleReport(String(decoding: unread[..<end], as: UTF8.self))
                unread.removeFirst(end + 1)
            }
        }
    }

    private mutating func handleReport(_ line: String) {
        let words = line.split(separator: " ")
        guard words.count == 4, words[1] == "started", let at = RunFolder.instant(String(words[2])) else { return }
        tellStart(String(words[0]), at)
    }
}

extension LocalWatch {
    func folder(_ run: String) -> RunFolder { RunFolder(runs: place.runs, run: run) }

    /// Changes what is known of a run, and keeps `looking` in step with it.
    mutating func update(_ run: String, _ change: (inout Kept) -> Void) {
        guard var kept = runs[run] else { return }
        change(&kept)
        runs[run] = kept
        if !kept.needsLook {
            looking.remove(run)
        } else if looking.insert(run).inserted, looking.count == 1 {
            lastLook = Self.steadyTime()
        }
    }

    mutating func tellStart(_ run: String, _ at: Instant) {
        guard let kept = runs[run], !kept.isStartTold else { return }
        update(run) { $0.isStartTold = true }
        report(.started(run: run, at: at, node: place.node))
    }

    mutating func tellPending(_ run: String, _ reason: String) {
        guard var kept = runs[run], kept.reasonsTold.insert(reason).inserted else { return }
        runs[run] = kept
        report(.pending(run: run, reason: reason))
    }

    mutating func tellEnd(_ run: String, _ ending: Ending) {
        if let at = ending.startedAt { tellStart(run, at) }
        leave(run)
        report(.ended(run: run, ending))
        reattached(run)
    }

    /// Reports a refusal, or, when nobody can promise that nothing will be started, says so and tries again in a second.
    mutating func tellNothingStarted(_ launch: Launch, _ reason: String) {
        let run = launch.run
        guard let kept = runs[run] else { return }
        if kept.mayHaveOlderKeeper {
            update(run) { kept in
                kept.stage = .unsure
                kept.quietUntil = Self.steadyTime() + 1000
            }
            tellPending(run, reason)
            return reattached(run)
        }
        unlink(kept.folder.runFile)
        leave(run)
        // Of those that are given up nobody speaks again.
        if unstarted.count >= Self.mostUnstarted { unstarted = [] }
        unstarted.insert(run)
        report(.couldNotHandOver(launch, reason: reason))
        reattached(run)
    }

    private mutating func leave(_ run: String) {
        runs[run] = nil
        looking.remove(run)
    }

    /// What no process can be made of; it cannot become right by itself.
    static func refusal(_ launch: Launch) -> String? {
        if !RunFolder.isName(launch.run) { return "not-valid: \(launch.run) is no run id" }
        if launch.words.isEmpty { return "not-valid: there is no command" }
        var texts = launch.words + launch.environment.map { "\($0.key)=\($0.value)" }
        texts.append(launch.workdir ?? "")
        texts.append(launch.user ?? "")
        return texts.contains { $0.utf8.contains(0) } ? "not-valid: the command or its environment holds a NUL character" : nil
    }

    static func now() -> Instant {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Instant(microseconds: Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1000)
    }

    static func steadyTime() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
    }
}
