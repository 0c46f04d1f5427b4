import Glibc
internal import Timetable

/// One question about all open runs: the controller first, then the folders, then, for those of which nothing goes on, the books.
struct SlurmPoll: Sendable {
    struct Subject: Sendable {
        var run: String
        /// Whether the folder is looked into even while the task waits in the queue.
        var hasBegun: Bool
        /// Whether nothing but its end is of interest while it runs.
        var isStartTold: Bool
        /// Whether nothing of it goes on.
        var isSilent: Bool
    }

    struct Answer: Sendable {
        /// Why the controller was not heard; what folders say is there all the same.
        var controllerTrouble: EngineTrouble?
        /// What is wrong with the folder of the runs' folders.
        var folderTrouble: EngineTrouble?
        var sights: [String: SlurmSight] = [:]
        /// Tasks that wait in the queue for runs that have ended.
        var strays: [String] = []
        /// Whether there is more output to be fetched of runs that are over, and it comes.
        var isUnfinished = false
    }

    let commands: SlurmCommands
    let place: SlurmPlace
    let subjects: [Subject]
    /// Users whose tasks they are, beside ours.
    let users: Set<String>
    /// Before the first of them was submitted.
    let since: Instant

    /// How many names go into one question.
    private static let bunch = 200
    /// How many tasks the controller is asked for one by one.
    private static let mostSingle = 20

    func answer() -> Answer {
        var answer = Answer()
        let arguments = ["-h", "-t", "all"] + userArguments + ["-o", SlurmRow.format]
        let seen = place.remote(commands)?.look(subjects, listing: arguments)
        let listing = seen.map { $0.listing } ?? commands.run(.squeue, arguments)
        answer.isUnfinished = seen?.isWorthAnother == true
        answer.controllerTrouble = seen?.trouble
        if let listing, !listing.hasSucceeded, seen?.trouble == nil {
            answer.controllerTrouble = .of(listing, .squeue, commands.settings)
        }
        answer.folderTrouble = place.trouble()
        var rows = listing.map { $0.hasSucceeded ? byRun(SlurmRow.rows($0.output)) : [:] } ?? [:]
        for subject in subjects {
            let own = rows.removeValue(forKey: subject.run) ?? []
            answer.sights[subject.run] = look(subject, own.filter { !$0.isRefusal }, seen)
        }
        guard answer.controllerTrouble == nil else { return answer }
        answer.strays = rows.flatMap { run, rows in strays(run, rows) }
        askBooks(&answer)
        return answer
    }

    private var userArguments: [String] {
        if commands.settings.ssh != nil { return ["--me"] }
        return ["-u", (["\(geteuid())"] + users.sorted()).joined(separator: ",")]
    }

    private func byRun(_ rows: [SlurmRow]) -> [String: [SlurmRow]] {
        var byRun: [String: [SlurmRow]] = [:]
        for row in rows where row.workdir == place.programFolder {
            if let run = SlurmArguments.run(of: row.name), RunFolder.isName(run) { byRun[run, default: []].append(row) }
        }
        return byRun
    }

    private func look(_ subject: Subject, _ rows: [SlurmRow], _ seen: SlurmRemote.Look?) -> SlurmSight {
        var sight = SlurmSight(rows: rows)
        let isWaiting = !rows.isEmpty && rows.allSatisfy { $0.state.phase == .waiting || $0.state.phase == .held }
        guard !isWaiting || subject.hasBegun else { return sight }
        if let seen { return look(subject.run, sight, seen) }
        do throws(SystemError) {
            if subject.isStartTold, sight.activeRow != nil {
                // One file of each, which is mostly not there, instead of all that a folder tells.
                let ending = try place.folder(subject.run).outcome()
                sight.trace = TaskTrace(isMarked: true, ending: ending, isKnown: true)
            } else {
                sight.trace = try place.trace(subject.run)
            }
        } catch {
            sight.fault = "folder: \(error)"
        }
        return sight
    }

    /// What is in the mirror by now, and what of the folder over there is not for the mirror.
    private func look(_ run: String, _ sight: SlurmSight, _ seen: SlurmRemote.Look) -> SlurmSight {
        var sight = sight
        do throws(SystemError) {
            if let error = seen.faults[run] { throw error }
            var trace = try place.trace(run)
            trace.claim = seen.claims[run] ?? trace.claim
            trace.isKnown = trace.isKnown && !seen.missing.contains(run)
            sight.trace = trace
            sight.fault = seen.trouble?.reason
            // What is missing may be its last words.
            if seen.unfinished.contains(run), sight.activeRow == nil { sight.fault = "output: the rest of it is being fetched" }
        } catch {
            sight.fault = "folder: \(error)"
        }
        return sight
    }

    /// Tasks in the queue whose run is over, or never will be: those of runs that were killed or given up.
    private func strays(_ run: String, _ rows: [SlurmRow]) -> [String] {
        let waiting = rows.filter { $0.state.phase == .waiting || $0.state.phase == .held }
        guard !waiting.isEmpty, let trace = try? place.trace(run), trace.ending != nil || trace.claim?.cancelled != nil else { return [] }
        return waiting.map(\.id)
    }

    // MARK: ends

    private func askBooks(_ answer: inout Answer) {
        let wanted = answer.sights.filter { Self.needsEnd($0.value) }.map(\.key).sorted()
        guard !wanted.isEmpty else { return }
        for start in stride(from: 0, to: wanted.count, by: Self.bunch) {
            askBooks(for: wanted[start..<min(start + Self.bunch, wanted.count)], &answer)
        }
        for run in wanted.prefix(Self.mostSingle) {
            // One question that is not answered takes long enough.
            guard askController(for: run, &answer), askNode(for: run, &answer) else { break }
        }
        for run in wanted {
            answer.sights[run]?.lastWord = place.folder(run).lastWordOfEngine()
            if answer.sights[run]?.trace?.claim != nil, place.remoteFolder == nil {
                answer.sights[run]?.isKeeperAlive = place.folder(run).isClaimHeld()
            }
        }
    }

    /// Nothing goes on, and the keeper did not say all.
    private static func needsEnd(_ sight: SlurmSight) -> Bool {
        guard sight.activeRow == nil, sight.fault == nil, let trace = sight.trace, trace.claim?.cancelled == nil else { return false }
        return trace.ending?.isOfStoppedKeeper ?? true
    }

    private func askBooks(for runs: ArraySlice<String>, _ answer: inout Answer) {
        let names = runs.map(SlurmArguments.name).joined(separator: ",")
        let books = commands.run(
            .sacct,
            [
                "-X", "-n", "-P", "-D", "--name=\(names)", "-S", Self.time(since), "-E", "now+1day", "--format=\(SlurmEnd.format)",
            ] + (geteuid() == 0 && commands.settings.ssh == nil ? ["-a"] : []))
        guard books.hasSucceeded else {
            // Where there are no books, nothing can be missing in them.
            if books.errors.holds("accounting storage is disabled") { return }
            for run in runs { answer.sights[run]?.accountFault = "accounting: \(books.complaint(of: "sacct"))" }
            return
        }
        for end in SlurmEnd.ends(books.output) where end.workdir == place.programFolder {
            guard let run = SlurmArguments.run(of: end.name) else { continue }
            answer.sights[run]?.ends.append(withName(end))
        }
    }

    /// The books have a number of whoever cancelled it, which is this machine's name too, unless they are another machine's.
    private func withName(_ end: SlurmEnd) -> SlurmEnd {
        guard commands.settings.ssh == nil, let name = end.by.flatMap({ uid_t($0) }).flatMap(RunOwner.name) else { return end }
        var end = end
        end.by = name
        return end
    }

    /// It knows a code at once that the books have later; only they know who cancelled a task.
    ///
    /// - Returns: false when nobody answered.
    private func askController(for run: String, _ answer: inout Answer) -> Bool {
        guard let row = answer.sights[run]?.rows.last(where: { $0.state.phase == .over }) else { return true }
        let known = answer.sights[run]?.ends.last { $0.id == row.id && $0.state.phase == .over }
        guard known.map({ $0.isVague }) ?? (row.state != .cancelled || answer.sights[run]?.accountFault != nil) else { return true }
        let answerOfOne = commands.run(.scontrol, ["-o", "show", "job", row.id])
        guard answerOfOne.hasSucceeded, let end = SlurmEnd.end(ofControl: answerOfOne.output), end.name == row.name,
            end.state.phase == .over
        else { return answerOfOne.end != .tookTooLong }
        answer.sights[run]?.ends.append(end)
        return true
    }

    /// A task that its node could not begin is shown as one that somebody cancelled; the node is drained, and tells why.
    ///
    /// - Returns: false when nobody answered.
    private func askNode(for run: String, _ answer: inout Answer) -> Bool {
        guard let sight = answer.sights[run], sight.trace?.claim == nil, let end = sight.end(isSettled: true), end.state == .cancelled,
            !end.nodes.isEmpty
        else { return true }
        let reasons = commands.run(.sinfo, ["-h", "-N", "-n", end.nodes, "-o", "%E"])
        guard reasons.hasSucceeded else { return reasons.end != .tookTooLong }
        answer.sights[run]?.nodeFault = reasons.output.split(whereSeparator: \.isNewline).map { String($0) }.first { reason in
            Self.launchFaults.contains { reason.holds($0) }
        }
        return true
    }

    /// What the controller writes to a node that it drains by itself for a launch that failed.
    private static let launchFaults = ["Prolog error", "Duplicate jobid", "batch job complete failure"]

    /// `2026-11-22T23:36:16`, in UTC as the commands are told.
    private static func time(_ instant: Instant) -> String {
        let whole = Instant(seconds: instant.microseconds / 1_000_000)
        return String(whole.rfc3339.dropLast())
    }
}
