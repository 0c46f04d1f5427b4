import Timetable

/// What the rows of a due tell.
extension WhyFacts {
    func tellTrigger(of row: Row, _ why: inout Why) {
        let run = attempts.first?.run ?? row.run
        // What kept it from being due is the whole story.
        if run.isSkippedUpstream { return }
        switch run.trigger {
        case .schedule: tellSlot(&why)
        case .upstream:
            let parents = edges.map { "`\($0.parent)`" }
            why.say(
                .parents, at: run.readyAt,
                "Its parents made it due in the flow `\(run.flow.head)` of \(words(run.flow.due))"
                    + (parents.isEmpty ? "." : ", by the ends of \(list(parents))."))
            if let backfill, backfill.id == run.backfill {
                why.say(.request, at: backfill.at, "It goes with the backfill \(backfill.id), which \(backfill.by) asked for.")
            }
        case .latest:
            let parents = (definition?.after ?? []).map { "`\($0.parent)`" }
            why.say(
                .parents, at: run.readyAt,
                "It became due at \(moment(run.readyAt)), when \(list(parents)) had ended since its run before.")
        case .manual:
            let who = request?.who ?? "Somebody"
            why.say(.request, at: run.readyAt, "\(who) asked for it at \(moment(run.readyAt)).")
        case .backfill:
            why.say(.request, at: run.readyAt, "A backfill made it due at \(moment(run.readyAt)): \(backfillWords(run)).")
        case .retry: why.say(.request, at: run.readyAt, "It is a retry; the attempt before it is not in the ledger any more.")
        case .mark: why.say(.request, at: run.readyAt, "Somebody marked it as succeeded without running it.")
        }
    }

    /// What came before the newest attempt.
    func tellEarlierAttempts(_ why: inout Why) {
        let earlier = attempts.dropLast()
        if earlier.count > 3 { why.say(.outcome, "\(earlier.count) attempts came before this one; these are the last three.") }
        for row in earlier.suffix(3) {
            why.say(.outcome, at: row.run.endedAt, "Attempt \(row.run.key.attempt) \(ending(of: row.run)).")
        }
        if let run = newest?.run, !earlier.isEmpty { tellAnotherAttempt(run, &why) }
    }

    /// Why there is one more.
    private func tellAnotherAttempt(_ run: Run, _ why: inout Why) {
        let attempt = "Attempt \(run.key.attempt)"
        switch run.trigger {
        case .mark: why.say(.retries, at: run.readyAt, "\(attempt) marks it as succeeded.")
        case .retry:
            let asked = trail.first { $0.kind == "request.retry" }?.who.map { "was asked for by \($0)" } ?? "came by itself"
            why.say(.retries, at: run.readyAt, "\(attempt) \(run.retry > 0 ? "is automatic retry \(run.retry)" : asked).")
        case .backfill: why.say(.request, at: run.readyAt, "For attempt \(run.key.attempt), \(backfillWords(run)).")
        case .upstream: why.say(.parents, at: run.readyAt, "\(attempt) follows what came before it in its flow, which came to another end.")
        case .schedule, .latest, .manual: break
        }
    }

    private func backfillWords(_ run: Run) -> String {
        guard let backfill, backfill.id == run.backfill else { return run.backfill.map { "the backfill \($0)" } ?? "it is not known which" }
        return "\(backfill.by) asked with the backfill \(backfill.id), from \(words(backfill.first)) to \(words(backfill.last))"
    }

    func tellRun(_ row: Row, _ why: inout Why) {
        tellHolds(of: row.run, &why)
        switch row.run.state {
        case .waiting: tellWaiting(row, &why)
        case .launching, .running: tellActive(row, &why)
        case .skipped, .missed: tellNotRun(row, &why)
        case .succeeded, .failed, .timedOut, .couldNotStart, .killed, .lost: tellEnd(row, &why)
        }
    }

    // MARK: on the way

    private func tellWaiting(_ row: Row, _ why: inout Why) {
        let run = row.run
        let since = trail.last { $0.kind == "run.waiting" }?.at ?? run.waitingSince
        switch Cause(run.reason) {
        case .retry:
            let until = run.notBefore.map(moment) ?? "its time"
            why.say(.retries, at: since, "It waits until \(until), as `retries` has it.")
            why.advise("rota retry \(row.id)")
        case .overlap:
            let active = others.filter(\.run.state.isActive)
            let who = active.first.map { "\(words($0)) is \($0.run.state.rawValue) since \(moment($0.run.startedAt ?? $0.run.readyAt))" }
            why.say(
                .overlap, at: since,
                "It waits for the end of another run of the job: \(who ?? "one that is under way") (`overlap: \(overlapWord)`).")
            for other in active.prefix(1) { why.advise("rota kill \(other.id)") }
        case .parents(let names): tellAwaited(names, since: since, &why)
        case .pool(let text): tellPool(text, since: since, &why)
        case .held(let who):
            let held = order?.since ?? since
            why.say(.hold, at: held, "It is held\(who) since \(moment(held)).")
            why.advise("rota release \(row.id)")
        case .other(let text): why.say(.executor, at: since, "It waits: \(text).")
        default: why.say(.executor, at: since, "Nothing holds it back any more: it is handed over at the next step of the scheduler.")
        }
        if run.mayMissWindow, order == nil, let within = definition?.startWithin {
            why.say(
                .startWithin, at: run.readyAt + within,
                "If it has not started by \(moment(run.readyAt + within)), it is missed (`startWithin`).")
        }
        why.advise("rota kill \(row.id)")
    }

    private func tellAwaited(_ names: [String], since: Instant, _ why: inout Why) {
        let lates = names.map { name -> String in
            let on = definition?.after.first { $0.parent.text == name }?.on ?? .success
            return "`\(name)`" + (on == .success ? "" : " (on \(on.rawValue))")
        }
        why.say(.parents, at: since, "It waits for an end of \(list(lates)) since its slot before.")
        for name in names.prefix(2) { why.advise("rota why \(name)") }
    }

    private func tellPool(_ text: String, since: Instant, _ why: inout Why) {
        let named = text.split(separator: ",").map { $0.trimmingBlanks.prefix { $0 != " " } }
        let uses = pools.filter { named.contains($0.name[...]) }
        let taken = uses.compactMap { use -> String? in
            let shares = PoolResource.held.compactMap { resource in
                use.capacity[resource].map { resource.words(use.used[resource], of: $0) }
            }
            return shares.isEmpty ? nil : "`\(use.name)` has \(shares.joined(separator: ", ")) taken"
        }
        let rates = uses.compactMap { use in
            use.capacity[.starts].map { "`\(use.name)` makes at most \(PoolResource.starts.words($0))" }
        }
        let most = backfill.map { ["the backfill \($0.id) runs at most \($0.maxRunning) at a time"] } ?? []
        let limits = taken + rates + most
        let now = limits.isEmpty ? "" : ": \(limits.joined(separator: "; "))"
        why.say(
            .pool, at: since,
            "It waits for a place in the \(text.contains(", ") ? "pools" : "pool") \(text)\(now). Whoever has the higher priority goes first; this job has \(definition?.priority ?? 5)."
        )
        why.advise("rota status")
    }

    /// Why it did not start at once, as the audit has it.
    func tellWait(of run: Run, _ why: inout Why) {
        let (end, verb) = run.startedAt.map { ($0, "started") } ?? (handedOver ?? now, "was handed over")
        tellLateLook(at: run, &why)
        guard end - run.readyAt > .seconds(1) else { return }
        let waits = trail.filter { $0.kind == "run.waiting" && $0.detail != nil }
        var told: [String] = []
        for (place, wait) in waits.enumerated() {
            let until =
                place + 1 < waits.count ? waits[place + 1].at : trail.first { $0.at >= wait.at && $0.kind == "run.launching" }?.at ?? end
            // How long a hold took is told by itself: a run is ready when it is released.
            guard let detail = wait.detail, !Cause(detail).isHold else { continue }
            told.append("\(Cause(detail).awaited) for \(length(from: wait.at, to: until))")
        }
        if let turn = turn(of: run) { told.append(turn) }
        let reason = told.isEmpty ? "" : ": it waited for \(list(told))"
        why.say(
            rule(of: waits.last?.detail), at: run.readyAt, "It \(verb) \(length(from: run.readyAt, to: end)) after it was ready\(reason).")
    }

    /// A slot that nobody looked at when it came: no scheduler ran, it did not get to it, or the machine slept.
    private func tellLateLook(at run: Run, _ why: inout Why) {
        guard run.trigger == .schedule, run.key.attempt == 1, run.waitingSince - run.readyAt > .seconds(1) else { return }
        let looked =
            "Nobody looked at it until \(moment(run.waitingSince)), when it was \(length(from: run.readyAt, to: run.waitingSince)) overdue"
        if run.isCaughtUp {
            why.say(.catchUp, at: run.waitingSince, "\(looked); `catchUp: all` brought it back.")
        } else if run.waitingSince - run.readyAt > .seconds(60) {
            why.say(.catchUp, at: run.waitingSince, "\(looked); it was the newest slot then, and `catchUp: latest` runs that.")
        } else {
            why.say(.scheduler, at: run.waitingSince, "\(looked): no scheduler ran, or it had not come to it.")
        }
    }

    private func rule(of reason: String?) -> Why.Rule {
        switch Cause(reason) {
        case .overlap: .overlap
        case .pool: .pool
        case .parents: .parents
        case .retry: .retries
        case .held: .hold
        default: .executor
        }
    }

    // MARK: ended

    private func tellEnd(_ row: Row, _ why: inout Why) {
        let run = row.run
        if run.startedAt != nil { tellWait(of: run, &why) }
        why.say(.outcome, at: run.endedAt, "It \(ending(of: run)).")
        if run.state != .succeeded { tellRetry(of: run, &why) }
        if run.isHeld(under: definition?.onUnknown) {
            why.say(
                .onUnknown, at: run.endedAt, "Nobody knows how it ended, and `onUnknown: hold` has its flow wait until somebody decides.")
            why.advise("rota retry \(row.id)")
            why.advise("rota mark-success \(row.id)")
        }
        if run.executor != nil { why.advise("rota logs \(row.id)") }
        if run.state != .succeeded { why.advise("rota retry \(row.id)") }
    }

    /// `succeeded at …, after 3 minutes`
    func ending(of run: Run) -> String {
        let at = run.endedAt.map { " at \(moment($0))" } ?? ""
        let took = run.startedAt.flatMap { start in run.endedAt.map { ", after \(length(from: start, to: $0))" } } ?? ""
        let code = run.exitCode.map { " with exit code \($0)" } ?? run.signal.map { " by signal \($0)" } ?? ""
        let reason = run.reason.map { " (\($0))" } ?? ""
        return switch run.state {
        case .succeeded: "succeeded\(at)\(took)\(reason)"
        case .failed: "failed\(code)\(at)\(took)\(reason)"
        case .timedOut: "was ended\(at) because its `timeout`\(definition?.timeout.map { " of \($0.inWords)" } ?? "") had passed\(reason)"
        case .couldNotStart: "could not start\(at)\(reason)"
        case .killed: "was killed\(at)\(run.reason.map { ", \($0)" } ?? "")"
        case .lost: "was lost\(at)\(reason)"
        case .skipped where run.isSkippedUpstream: "was skipped\(at), for a parent had come to an end that its `after` does not take"
        case .skipped: "was skipped\(at)\(reason)"
        case .missed: "was missed\(at)\(reason)"
        case .waiting, .launching, .running: "is \(run.state.rawValue)\(reason)"
        }
    }

    private func tellNotRun(_ row: Row, _ why: inout Why) {
        let run = row.run
        let cause = Cause(run.reason)
        if case .upstream = cause {
            tellUpstream(&why)
        } else if case .startWithin = cause {
            let within = definition?.startWithin.map { " of \($0.inWords)" } ?? ""
            let waits =
                trail.last { $0.kind == "run.waiting" && $0.detail != nil }?.detail.map { "; the last that it waited for was \($0)" } ?? ""
            why.say(
                .startWithin, at: run.endedAt,
                "It was missed at \(moment(run.endedAt ?? due)): it had not started within its `startWithin`\(within)\(waits).")
        } else {
            tellFate(cause, run.state, decidedAt: run.endedAt, reason: run.reason, &why)
            if case .overlap = cause { tellOverlapBelow(run, &why) }
        }
        if !run.isSkippedUpstream, definition?.disabled != true, control.removedAt == nil { why.advise("rota retry \(row.id)") }
    }

    /// Whoever asks for several runs of a job at a time may not expect that of those that follow them.
    private func tellOverlapBelow(_ run: Run, _ why: inout Why) {
        guard [.upstream, .latest].contains(run.trigger) else { return }
        why.say(
            .overlap,
            "The overlap policy judges whatever parents make due, also after runs that somebody asked for. `rota retry` runs it all the same when its turn comes; with `overlap: allow` none of them is skipped, and the runs of a `rota backfill` never are."
        )
    }

    /// The same words for rows and for gaps.
    func tellFate(_ cause: Cause, _ state: RunState, decidedAt: Instant?, reason: String?, _ why: inout Why) {
        let verb = state == .missed ? "missed" : "skipped"
        let at = decidedAt.map { " at \(moment($0))" } ?? ""
        switch cause {
        case .paused: tellPaused(at: at, decidedAt, &why)
        case .disabled:
            why.say(.disabled, at: decidedAt, "It was skipped\(at) because the job was disabled in its file.")
        case .removed: why.say(.removed, at: decidedAt, "It was \(verb)\(at): \(reason ?? "removed").")
        case .overlap:
            let blocking = others.first.map { ": \(words($0)) was under way" } ?? ""
            why.say(
                .overlap, at: decidedAt,
                "It was skipped\(at) by `overlap: \(overlapWord)`, for another run of the job had not ended\(blocking).")
        case .catchUp:
            why.say(
                .catchUp, at: decidedAt,
                "It was missed: nobody looked at it until\(at.isEmpty ? " later" : at.dropFirst(3)), when it was \(length(from: due, to: decidedAt ?? now)) overdue, and \(catchUpWords(reason))."
            )
        case .by(let who): why.say(.skip, at: decidedAt, "It was \(verb)\(at) \(who).")
        case .backfillCancelled(let who):
            let number = backfill.map { " \($0.id)" } ?? ""
            why.say(.skip, at: decidedAt, "It was \(verb)\(at): the backfill\(number) that it went with was cancelled\(who).")
        case .startWithin: why.say(.startWithin, at: decidedAt, "It was missed\(at): \(reason ?? "").")
        case .ledger: why.say(.ledger, at: decidedAt, "What became of it was lost with a damaged ledger, which was made anew\(at).")
        default: why.say(.outcome, at: decidedAt, "It was \(verb)\(at): \(reason ?? "no reason is known").")
        }
    }

    private func catchUpWords(_ reason: String?) -> String {
        if reason == "maxCatchUp" {
            return "`maxCatchUp\(definition?.maxCatchUp.map { ": \($0)" } ?? "")` runs no more than so many of what was overdue, the newest"
        }
        return switch definition?.catchUp {
        case .all: "`catchUp: all` did not reach so far back"
        case .some(.none): "`catchUp: none` runs nothing of what was overdue"
        default: "`catchUp: latest` runs the newest overdue slot alone"
        }
    }

    private func tellPaused(at: String, _ decidedAt: Instant?, _ why: inout Why) {
        let pause = definition.flatMap { pauses.holding($0) }
        let who: String =
            if let pause, pause.since <= due {
                " \(pause.words), which is in force still"
            } else if let pauseThen, let by = pauseThen.who {
                " \(pauseThen.detail.map { "with \($0), " } ?? "")by \(by) at \(moment(pauseThen.at))"
            } else {
                ""
            }
        why.say(.paused, at: decidedAt, "It was skipped\(at) because the job was paused\(who).")
        if let pause, pause.since <= due { why.advise(pause.scope.resumption) }
    }

    var overlapWord: String { (definition?.overlap ?? .queue).text }
}

/// What the reason of a row says, by its first word.
enum Cause {
    case none, retry, overlap, upstream, paused, disabled, removed, catchUp, startWithin, ledger
    case parents([String])
    case pool(String)
    case held(String)
    case by(String)
    case backfillCancelled(String)
    case other(String)

    init(_ reason: String?) {
        guard let reason else {
            self = .none
            return
        }
        func rest(_ prefix: String) -> String? { reason.hasPrefix(prefix) ? String(reason.dropFirst(prefix.count)) : nil }
        self =
            switch reason {
            case "retry": .retry
            case "overlap": .overlap
            case Run.skippedUpstream: .upstream
            case Run.paused: .paused
            case Run.disabled: .disabled
            case let text where text.hasPrefix(Run.removed) || text.hasPrefix("schedule changed"): .removed
            case let text where text.hasPrefix("ledger rebuilt"): .ledger
            case let text where text.hasPrefix("startWithin"): .startWithin
            case let text where text.hasPrefix("catch-up") || text == "maxCatchUp": .catchUp
            default:
                if let names = rest("parents: ") {
                    .parents(names.split(separator: ",").map { String($0.trimmingBlanks) })
                } else if let pool = rest("pool: ") {
                    .pool(pool)
                } else if let who = rest("held") {
                    .held(who)
                } else if let who = rest("backfill cancelled") {
                    .backfillCancelled(who)
                } else if reason.hasPrefix("by ") {
                    .by(reason)
                } else {
                    .other(reason)
                }
            }
    }
}

extension Cause {
    var isHold: Bool { if case .held = self { true } else { false } }

    /// What was waited for.
    fileprivate var awaited: String {
        switch self {
        case .overlap: "another run of the job"
        case .parents(let names): "an end of " + list(names.map { "`\($0)`" })
        case .pool(let pool): "a place in the pool \(pool)"
        case .other(let text): text
        default: "its turn"
        }
    }
}

extension Substring {
    fileprivate var trimmingBlanks: Substring { drop { $0 == " " } }
}
