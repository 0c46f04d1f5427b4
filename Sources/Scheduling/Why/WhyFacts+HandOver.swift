import Timetable

/// What is known of a run that its executor has.
extension WhyFacts {
    /// When its executor got it; nil when that is not in the ledger any more.
    var handedOver: Instant? { trail.first { $0.kind == "run.launching" }?.at }

    func tellActive(_ row: Row, _ why: inout Why) {
        let run = row.run
        tellWait(of: run, &why)
        if run.state == .running, let startedAt = run.startedAt {
            why.say(.executor, at: startedAt, "It runs since \(moment(startedAt)) on \(run.node ?? run.executor ?? "its executor").")
        } else {
            tellPending(run, &why)
        }
        if let trouble { tell(trouble, run, &why) }
        if let wanted = run.killWanted { why.say(.kill, "It is being killed, \(wanted).") } else { why.advise("rota kill \(row.id)") }
        why.advise("rota logs -f \(row.id)")
    }

    private func tellPending(_ run: Run, _ why: inout Why) {
        let handing = "It was handed over to the executor `\(run.executor ?? "?")`\(handedOver.map { " at \(moment($0))" } ?? "")"
        if trouble != nil { return why.say(.executor, at: handedOver, "\(handing).") }
        guard let reason = run.reason else {
            return why.say(.executor, at: handedOver, "\(handing), and its start is not known yet.")
        }
        let told = trail.last { $0.kind == "run.launching" && $0.detail == reason }?.at
        let since = told.map { " since \(moment($0))" } ?? ""
        why.say(.executor, at: told ?? handedOver, "\(handing), and is pending there\(since): \(Self.withoutWord(reason)).")
    }

    /// Nobody takes it for failed because nobody answers.
    private func tell(_ trouble: ExecutorTrouble, _ run: Run, _ why: inout Why) {
        let meaning =
            switch (run.state, trouble.isOfAll) {
            case (.running, _): "Its command goes on, and what becomes of it is taken in when that is over."
            case (_, true): "It is not taken for failed: what was submitted stays there, and what was not is submitted when that is over."
            case (_, false): "It is submitted when that is over."
            }
        why.say(
            .executor, at: trouble.since,
            "Since \(moment(trouble.since)) the executor `\(trouble.executor)` is in trouble: \(trouble.reason). \(meaning)")
        why.advise("rota doctor")
    }

    /// How long it was pending before its command began; nil when its executor told of nothing that kept it.
    func turn(of run: Run) -> String? {
        guard let startedAt = run.startedAt, let handedOver, startedAt - handedOver > .seconds(1) else { return nil }
        guard let last = trail.last(where: { $0.kind == "run.launching" && $0.detail != nil })?.detail else { return nil }
        let length = length(from: handedOver, to: startedAt)
        return "its turn on the executor `\(run.executor ?? "?")` for \(length) (\(Self.withoutWord(last)))"
    }

    /// That it is in a queue is what the sentence says already.
    private static func withoutWord(_ reason: String) -> Substring {
        reason.hasPrefix("queued: ") ? reason.dropFirst("queued: ".count) : reason[...]
    }
}
