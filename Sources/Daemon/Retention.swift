import Execution
import Logging
import RunHistory
import Timetable

/// Removes what is older than the rule says, in rounds of steps of a few milliseconds, with pauses ten times as long.
///
/// Files go first, in the executors' own threads; once they are gone, the rows go in a commit of the loop. After a crash the next round
/// finds the same rows again.
struct Retention {
    private enum Stage {
        case resting
        case runs(EndPlace), outputs(EndPlace), gaps, backfills, changes
        case definitions(seenAt: Instant, version: String)
    }

    /// What the executors were asked to remove, and have not told yet.
    private struct Batch {
        var dues: [CondemnedDue] = []
        /// Of the executors that were asked.
        var answersMissing = 0
        var gone: [RunData: Set<String>] = [:]
    }

    private let rule: RetentionRule
    private let ledger: Ledger
    private let executors: [String: any Executor]
    private let clock: any WallClock
    private let log: Logger
    /// When `step` is wanted again.
    private(set) var nextStep: Instant
    private var stage = Stage.resting
    private var beganAt = Instant.distantPast
    private var definitionsLookedAt = Instant.distantPast
    private var batch = Batch()
    private var removed = Removal()
    /// How long the loop was held by one step of this round.
    private var longestStep = Duration.zero
    /// Runs whose files could not be removed in this round, and why one of them could not.
    private var kept = (runs: 0, reason: "")

    /// From round to round: an hour, or a tenth of the age at which something goes if that is less.
    private let period: Duration
    /// A start has other things to do first.
    private static let firstRound = Duration.seconds(60)
    /// How long a step reads or removes before it ends.
    private static let budget = Duration.milliseconds(5)
    private static let batchSize = 50

    init(_ rule: RetentionRule, ledger: Ledger, executors: [String: any Executor], clock: any WallClock, log: Logger) {
        self.rule = rule
        self.ledger = ledger
        self.executors = executors
        self.clock = clock
        self.log = log
        let shortest = [rule.runs, rule.logs].compactMap(\.self).min() ?? .zero
        period = min(max(shortest / 10, .seconds(1)), .seconds(3_600))
        nextStep = rule == .forever ? .distantFuture : clock.now() + min(Self.firstRound, period)
    }

    /// The wall clock was set: pauses that were worked out from it may be anywhere.
    mutating func forgetPause() {
        if nextStep != .distantFuture { nextStep = min(nextStep, clock.now() + period) }
    }

    /// One small step, if it is time for one.
    mutating func step() throws(LedgerError) {
        let start = clock.now()
        guard nextStep <= start else { return }
        try advance(at: start)
        let taken = min(max(clock.now() - start, .zero), .seconds(1))
        longestStep = max(longestStep, taken)
        if case .resting = stage, batch.answersMissing == 0 { tellRound() }
        guard batch.answersMissing == 0 else { return nextStep = .distantFuture }
        if case .resting = stage { return nextStep = beganAt + period }
        nextStep = clock.now() + taken * 10
    }

    /// Takes what an executor told of a batch.
    mutating func take(_ data: RunData, gone: [String], kept: [String: String]) {
        guard batch.answersMissing > 0 else { return }
        batch.gone[data, default: []].formUnion(gone)
        if let reason = kept.values.first { self.kept = (self.kept.runs + kept.count, reason) }
        batch.answersMissing -= 1
        if batch.answersMissing == 0 { nextStep = clock.now() }
    }

    // MARK: a round

    private mutating func advance(at now: Instant) throws(LedgerError) {
        if try removeBatch(at: now) { return }
        switch stage {
        case .resting: begin(at: now)
        case .runs(let place): try condemnRuns(from: place)
        case .outputs(let place): try condemnOutputs(from: place)
        case .gaps: try removeGaps(at: now)
        case .backfills: try removeBackfills()
        case .changes: try removeChanges(at: now)
        case .definitions(let seenAt, let version): try removeDefinitions(from: (seenAt, version), at: now)
        }
    }

    private mutating func begin(at now: Instant) {
        beganAt = now
        removed = Removal()
        kept = (0, "")
        longestStep = .zero
        stage = .runs(.beginning)
    }

    private func tellRound() {
        if !removed.isEmpty {
            log.info(
                "removed what is older than the settings say",
                metadata: [
                    "runs": "\(removed.runs)", "outputs": "\(removed.outputs)", "gaps": "\(removed.gaps)", "changes": "\(removed.changes)",
                    "definitions": "\(removed.definitions)", "longestStep": "\(longestStep.wholeMicroseconds / 1_000) ms",
                ])
        }
        if kept.runs > 0 {
            log.warning(
                "some runs could not be removed and are tried again in the next round",
                metadata: ["runs": "\(kept.runs)", "reason": "\(kept.reason)"])
        }
    }

    private func limit(_ age: Duration) -> Instant { beganAt - age }

    private func isInTime(since start: Instant) -> Bool {
        let taken = clock.now() - start
        return taken >= .zero && taken < Self.budget
    }

    private mutating func condemnRuns(from place: EndPlace) throws(LedgerError) {
        guard let age = rule.runs else { return stage = .outputs(.beginning) }
        let start = clock.now()
        let found = try ledger.condemnedDues(endedBefore: limit(age), after: place, count: Self.batchSize) { isInTime(since: start) }
        stage = found.next.map(Stage.runs) ?? .outputs(.beginning)
        batch.dues = found.dues.filter { hasExecutors($0.runs) }
        ask(for: .everything, of: batch.dues.flatMap(\.runs))
    }

    private mutating func condemnOutputs(from place: EndPlace) throws(LedgerError) {
        guard let age = rule.logs else { return stage = .gaps }
        let found = try ledger.outputs(endedBefore: limit(age), after: place, count: Self.batchSize)
        stage = found.next.map(Stage.outputs) ?? .gaps
        ask(for: .output, of: found.runs.filter { hasExecutors([$0]) })
    }

    /// Only the executor that had a run knows where its files are: without it, they wait until it is configured again.
    private mutating func hasExecutors(_ runs: [HandedOverRun]) -> Bool {
        guard let stranger = runs.first(where: { executors[$0.executor] == nil }) else { return true }
        kept = (kept.runs + runs.count, "no executor `\(stranger.executor)` is configured")
        return false
    }

    private mutating func ask(for data: RunData, of runs: [HandedOverRun]) {
        let asked = Dictionary(grouping: runs, by: \.executor)
        batch.answersMissing = asked.count
        for (executor, runs) in asked { executors[executor]?.discard(data, of: runs.map(\.id)) }
    }

    /// Removes the rows of what is gone.
    ///
    /// - Returns: Whether there was anything to do.
    private mutating func removeBatch(at now: Instant) throws(LedgerError) -> Bool {
        if let outputs = batch.gone[.output], !outputs.isEmpty {
            try ledger.noteOutputsRemoved(Array(outputs), round: beganAt, at: now)
            removed.outputs += outputs.count
            batch = Batch()
            return true
        }
        let gone = batch.gone[.everything] ?? []
        let dues = batch.dues.filter { $0.runs.allSatisfy { gone.contains($0.id) } }
        guard let age = rule.runs, !dues.isEmpty else {
            batch = Batch()
            return false
        }
        let result = try ledger.remove(dues, endedBefore: limit(age), round: beganAt, at: now) { isInTime(since: now) }
        DurableStep.rowsRemoved.passed()
        removed.runs += result.runs
        batch.dues = result.left
        return true
    }

    private mutating func removeGaps(at now: Instant) throws(LedgerError) {
        guard let age = rule.runs else { return stage = .resting }
        let gaps = try ledger.removeGaps(decidedBefore: limit(age), count: Self.batchSize, round: beganAt, at: now)
        removed.gaps += gaps
        if gaps < Self.batchSize { stage = .backfills }
    }

    /// Their runs went before them.
    private mutating func removeBackfills() throws(LedgerError) {
        guard let age = rule.runs else { return stage = .resting }
        if try ledger.removeBackfills(askedBefore: limit(age), count: Self.batchSize) < Self.batchSize { stage = .changes }
    }

    private mutating func removeChanges(at now: Instant) throws(LedgerError) {
        guard let age = rule.runs else { return stage = .resting }
        let count = Self.batchSize * 5
        let changes = try ledger.removeChanges(before: limit(age), count: count, round: beganAt, at: now)
        removed.changes += changes
        guard changes < count else { return }
        // One look at each text a day: there are as many as jobs, and they become superfluous seldom.
        guard definitionsLookedAt + .seconds(86_400) <= beganAt || beganAt < definitionsLookedAt else { return stage = .resting }
        definitionsLookedAt = beganAt
        stage = .definitions(seenAt: .distantPast, version: "")
    }

    private mutating func removeDefinitions(from place: (seenAt: Instant, version: String), at now: Instant) throws(LedgerError) {
        guard let age = rule.runs else { return stage = .resting }
        let found = try ledger.removeDefinitions(
            seenBefore: limit(age), after: place, count: Self.batchSize, round: beganAt, at: now)
        removed.definitions += found.definitions
        guard let next = found.next else { return stage = .resting }
        stage = .definitions(seenAt: next.seenAt, version: next.version)
    }
}
