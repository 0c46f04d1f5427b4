package import Timetable

/// What was promised of a run when its row was made. An edit of `expect` holds for rows that are made later.
package struct Promises: Hashable, Sendable {
    /// The last instant at which its command is to begin.
    package var startBy: Instant?
    /// The last instant at which its due is to come to a success, at whichever attempt.
    package var endBy: Instant?
    /// How long its command may take.
    package var duration: Duration?

    package init(startBy: Instant? = nil, endBy: Instant? = nil, duration: Duration? = nil) {
        self.startBy = startBy
        self.endBy = endBy
        self.duration = duration
    }

    package var isEmpty: Bool { startBy == nil && endBy == nil && duration == nil }
}

/// What is told of promises: which was broken, or that one is likely to be. In changes the word stands behind `breach.`.
package enum Breach: String, Hashable, Sendable, CaseIterable {
    case startWithin, endBy, duration, likely

    /// The kind of the change that tells it.
    package var changeKind: String { "breach.\(rawValue)" }
}

/// By when a member of a flow is to come to a success; as long as it has no row, its flow's row tells whether it did.
package struct FlowPromise: Hashable, Sendable {
    package var endBy: Instant
    /// It was told that the member had no row by then.
    package var isBroken: Bool

    package init(endBy: Instant, isBroken: Bool = false) {
        self.endBy = endBy
        self.isBroken = isBroken
    }
}

extension Expectation {
    /// `06:00`.
    package var endByText: String? {
        endBy.map { minutes in
            [minutes / 60, minutes % 60].map { $0 < 10 ? "0\($0)" : "\($0)" }.joined(separator: ":")
        }
    }

    var isEmpty: Bool { startWithin == nil && endBy == nil && duration == nil }

    /// Whether it helps to know how long runs take.
    var isAboutEnds: Bool { endBy != nil || duration != nil }

    /// The first instant after `due` at which the clock of the zone shows `endBy`.
    func end(after due: Instant) -> Instant? { endBy.map { zone.next(minuteOfDay: $0, after: due) } }
}

extension JobControl {
    /// So many successful runs tell how long the next one may take.
    private static let durationsKept = 20

    mutating func noteDuration(of run: Run) {
        // An end before its start was read from a clock that was set back, and tells nothing.
        guard run.state == .succeeded, let start = run.startedAt, let end = run.endedAt, start <= end else { return }
        durations.append((end - start).wholeMicroseconds / 1_000)
        if durations.count > Self.durationsKept { durations.removeFirst(durations.count - Self.durationsKept) }
    }

    /// Half of the last successful runs took no longer; nil without any.
    package var typicalDuration: Duration? {
        durations.isEmpty ? nil : .milliseconds(durations.sorted()[(durations.count - 1) / 2])
    }
}

extension Run {
    /// What a retry inherits: by when its due is to come to a success, and whether it is told already that it did not.
    ///
    /// - Parameter request: When somebody asked for it; nothing is promised then of an end that was over, or had come.
    mutating func takePromises(of before: Run, askedAt request: Instant? = nil) {
        promises = Promises(endBy: before.promises.endBy, duration: before.promises.duration)
        breaches = before.breaches.intersection([.endBy])
        guard let request, let endBy = promises.endBy else { return }
        if before.state == .succeeded || breaches.isEmpty && endBy <= request {
            promises.endBy = nil
            breaches = []
        }
    }

    /// A start or an end is heard of a moment after it happened: only then can be said that there was none.
    private static let timeOfReports = Duration.seconds(1)

    private var unheard: Duration { state.isActive ? Self.timeOfReports : .zero }

    /// The first instant at which a promise is known to be broken if nothing is heard of the run; nil when none can be.
    var nextBreach: Instant? {
        guard state.isOpen else { return nil }
        return Breach.allCases.filter { !breaches.contains($0) }.compactMap(lastMoment).min().map { $0 + unheard + Instant.resolution }
    }

    /// Whether time has run out for a promise while the run is open.
    func breaks(_ breach: Breach, byWaitingUntil now: Instant) -> Bool {
        state.isOpen && lastMoment(for: breach).map { now > $0 + unheard } == true
    }

    private func lastMoment(for breach: Breach) -> Instant? {
        switch breach {
        case .startWithin: startedAt == nil ? promises.startBy : nil
        case .endBy: promises.endBy
        case .duration: startedAt.flatMap { start in promises.duration.map { start + $0 } }
        case .likely: nil
        }
    }

    /// Whether what is known of its start and its end breaks a promise, whenever it became known.
    func breaks(_ breach: Breach, isSettled: Bool, softError: Bool) -> Bool {
        switch breach {
        case .startWithin:
            guard let startBy = promises.startBy else { return false }
            return (startedAt ?? endedAt).map { $0 > startBy } ?? false || state == .missed
        case .duration:
            guard let duration = promises.duration, let startedAt, let endedAt, state != .lost else { return false }
            return endedAt - startedAt > duration
        case .endBy:
            guard let endBy = promises.endBy, let endedAt, isSettled else { return false }
            return succeeds(softError: softError) ? endedAt > endBy : isFailureOfPromise
        case .likely: return false
        }
    }

    private func succeeds(softError: Bool) -> Bool { state == .succeeded || state == .failed && softError }

    /// An end without a success that nobody wanted: what a rule or somebody took out of the way on purpose breaks no promise.
    private var isFailureOfPromise: Bool {
        switch state {
        case .failed, .timedOut, .couldNotStart, .lost, .missed: true
        case .killed: killWanted != Run.replaced
        case .skipped: isSkippedUpstream
        case .waiting, .launching, .running, .succeeded: false
        }
    }
}
