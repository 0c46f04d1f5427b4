import Scheduling
import Timetable

/// A simulation for people: day by day what runs, then what was too full, and what was not run.
struct SimulationTimeline: SimulationReport {
    private let start: Instant
    private let end: Instant
    private let zone: Zone
    /// nil for all.
    private let shown: Set<JobName>?
    /// Of a long time months are told, not days.
    private let isLong: Bool
    private(set) var runs = 0
    private var states: [RunState: Int] = [:]
    private var jobs: Set<JobName> = []
    private var parts: [String: Part] = [:]
    private var unrun = UnrunSlots()

    /// A day, or a month.
    private struct Part {
        var count = 0
        /// The first few.
        var runs: [Run] = []
        var jobs: [JobName: Tally] = [:]

        mutating func add(_ run: Run, at instant: Instant) {
            count += 1
            if runs.count < SimulationTimeline.mostRuns { runs.append(run) }
            jobs[run.key.job, default: Tally(first: instant, last: instant)].add(run.state, at: instant)
        }
    }

    /// What came of one job in a day, or a month.
    private struct Tally {
        var count = 0
        var first: Instant
        var last: Instant
        var states: [RunState: Int] = [:]

        mutating func add(_ state: RunState, at instant: Instant) {
            count += 1
            first = min(first, instant)
            last = max(last, instant)
            states[state, default: 0] += 1
        }
    }

    private static let mostRuns = 12
    private static let mostJobs = 12

    init(from start: Instant, to end: Instant, zone: Zone, shown: Set<JobName>?) {
        (self.start, self.end, self.zone, self.shown) = (start, end, zone, shown)
        isLong = end - start > .seconds(62 * 86_400)
    }

    mutating func take(_ happening: Rehearsal.Happening) {
        switch happening {
        case .gap(let gap): if isShown(gap.job) { unrun.take(gap) }
        case .ended(let run):
            runs += 1
            guard isShown(run.key.job) else { return }
            unrun.take(run)
            note(run)
        }
    }

    private func isShown(_ job: JobName) -> Bool { shown?.contains(job) ?? true }

    private mutating func note(_ run: Run) {
        states[run.state, default: 0] += 1
        jobs.insert(run.key.job)
        let at = run.moment
        parts[String(zone.date(at).prefix(isLong ? 7 : 10)), default: Part()].add(run, at: at)
    }

    // MARK: for people

    mutating func finish(_ rehearsal: Rehearsal, _ assumptions: Rehearsal.Assumptions) throws {
        let open = rehearsal.openRuns.filter { isShown($0.key.job) }
        for run in open where run.state == .running { note(run) }
        printHead(rehearsal.graph, assumptions)
        for (name, part) in parts.sorted(by: { $0.key < $1.key }) { print(part, of: name) }
        printWaiting(open.filter { $0.state == .waiting })
        printLoad(rehearsal.load)
        printUnrun()
        printClock(rehearsal)
    }

    private func printHead(_ graph: JobGraph, _ assumptions: Rehearsal.Assumptions) {
        let known = RunState.allCases.filter { states[$0] != nil }
        let counts = known.map { "\(states[$0] ?? 0) \(Terminal.painted($0.rawValue))" }.joined(separator: ", ")
        let outcome = counts.isEmpty ? "nothing runs" : "\(counts); \(jobs.count.of("job"))"
        Swift.print("\(zone.local(start.wholeSecond)) to \(zone.local(end.wholeSecond)): \(outcome)")
        Swift.print(AssumptionWords(assumptions, graph).sentence)
    }

    private func print(_ part: Part, of name: String) {
        Swift.print("")
        Swift.print(Terminal.bold(name + (isLong ? "" : " " + weekday(of: name))) + "  \(part.count.of("run"))")
        if part.count <= Self.mostRuns {
            let runs = part.runs.sorted { ($0.moment, $0.key.job, $0.key.attempt) < ($1.moment, $1.key.job, $1.key.attempt) }
            return rows(runs.map(row))
        }
        let jobs = part.jobs.sorted { ($1.value.count, $0.key) < ($0.value.count, $1.key) }
        rows(jobs.prefix(Self.mostJobs).map { row($0.key, $0.value) })
        guard jobs.count > Self.mostJobs else { return }
        let rest = jobs.dropFirst(Self.mostJobs)
        Swift.print("  and \(rest.reduce(0) { $0 + $1.value.count }.of("run")) of \(rest.count.of("other job"))")
    }

    private func row(_ run: Run) -> [String] {
        var notes: [String] = []
        if let start = run.startedAt {
            let lasts = run.endedAt.map { "takes \(($0 - start).words)" } ?? "still runs at the end"
            notes.append(lasts)
            if start - run.readyAt >= .seconds(1) { notes.append("\((start - run.readyAt).words) late") }
        }
        if run.key.attempt > 1 { notes.append("attempt \(run.key.attempt)") }
        if let reason = run.reason { notes.append(reason) }
        let time = isLong ? String(zone.local(run.moment).prefix(19)) : time(of: run.moment)
        return [time, run.key.job.text, Terminal.painted(run.state.rawValue), notes.joined(separator: ", ")]
    }

    private func row(_ job: JobName, _ tally: Tally) -> [String] {
        let others = RunState.allCases.filter { $0 != .succeeded && tally.states[$0] != nil }
        let states = others.map { "\(tally.states[$0] ?? 0) \($0.rawValue)" }.joined(separator: ", ")
        let ends = [tally.first, tally.last].map { isLong ? zone.date($0) : time(of: $0) }
        let span = ends[0] == ends[1] ? ends[0] : ends.joined(separator: " – ")
        return [job.text, tally.count.of("run"), span, states]
    }

    private func rows(_ rows: [[String]]) {
        guard let columns = rows.first?.count else { return }
        let widths = (0..<columns).map { column in rows.map { $0[column].count }.max() ?? 0 }
        for row in rows {
            var line = "  "
            for (column, cell) in row.enumerated() where column < columns - 1 {
                line += cell + String(repeating: " ", count: widths[column] - cell.count + 2)
            }
            line += row.last ?? ""
            while line.last == " " { line.removeLast() }
            Swift.print(line)
        }
    }

    private func printWaiting(_ waiting: [Run]) {
        guard !waiting.isEmpty else { return }
        Swift.print("\n" + Terminal.bold("still waiting at the end"))
        for run in waiting.prefix(Self.mostRuns) {
            Swift.print("  \(run.key.job) due \(zone.local(run.key.due))" + (run.reason.map { ": \($0)" } ?? ""))
        }
        if waiting.count > Self.mostRuns { Swift.print("  and \((waiting.count - Self.mostRuns).of("other"))") }
    }

    private func printLoad(_ load: RehearsalLoad) {
        guard load.running.most > 0 else { return }
        Swift.print("\n" + Terminal.bold("at the most"))
        var lines = [["all", "\(load.running.most.words) at once" + (load.running.at.map { " at \(zone.local($0))" } ?? "")]]
        lines += load.pools.sorted { $0.key < $1.key }.map { [$0.key, $0.value.words(in: zone)] }
        rows(lines)
    }

    private func printUnrun() {
        let all = unrun.all
        guard !all.isEmpty else { return }
        Swift.print("\n" + Terminal.bold("not run"))
        rows(
            all.prefix(Self.mostUnrun).map { sum in
                let span =
                    sum.firstDue == sum.lastDue ? zone.local(sum.firstDue) : "\(zone.local(sum.firstDue)) – \(zone.local(sum.lastDue))"
                return [sum.fate.job.text, sum.slots.of("slot"), "\(sum.fate.state.rawValue): \(sum.fate.reason)", span]
            })
        if all.count > Self.mostUnrun { Swift.print("  and \((all.count - Self.mostUnrun).of("line")) more; --json has all") }
    }

    private static let mostUnrun = 40

    private func printClock(_ rehearsal: Rehearsal) {
        let lines = ClockEffects(of: rehearsal.schedules.filter { isShown($0.key) }, from: start, to: end).lines
        guard !lines.isEmpty else { return }
        Swift.print("\n" + Terminal.bold("changes of the clock"))
        for line in lines { Swift.print("  " + line) }
    }

    private func time(of instant: Instant) -> String { String(zone.local(instant).dropFirst(11).prefix(8)) }

    private func weekday(of date: String) -> String {
        guard let day = Instant(rfc3339: date + "T00:00:00Z") else { return "" }
        let names = ["Thursday", "Friday", "Saturday", "Sunday", "Monday", "Tuesday", "Wednesday"]
        let number = Int((day.microseconds / 86_400_000_000) % 7)
        return names[number < 0 ? number + 7 : number]
    }
}

extension Run {
    /// When it began, or was told that it would not.
    fileprivate var moment: Instant { startedAt ?? endedAt ?? readyAt }
}

extension Instant {
    /// Without the fraction of its second.
    fileprivate var wholeSecond: Instant { Instant(seconds: microseconds / 1_000_000) }
}

extension Int64 {
    /// `1 run`, `2 runs`.
    fileprivate var words: String { Int(self).of("run") }
}

/// What changes of the clock do to the slots of jobs in a time to come, for people.
struct ClockEffects {
    let lines: [String]

    private static let mostOfJob = 3
    private static let most = 30

    init(of schedules: [JobName: Schedule], from start: Instant, to end: Instant) {
        var lines: [String] = []
        for (job, schedule) in schedules.sorted(by: { $0.key < $1.key }) where lines.count <= Self.most {
            let changed = schedule.changedSlots(after: start - Instant.resolution, through: end, atMost: Self.mostOfJob).filter {
                $0.change == nil || schedule.contains($0.due)
            }
            lines += changed.map { "\(job): \($0.words(in: schedule))" }
        }
        self.lines = lines.count > Self.most ? lines.prefix(Self.most) + ["and more; `rota explain JOB` tells of one"] : lines
    }
}
