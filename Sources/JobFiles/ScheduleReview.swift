internal import Scheduling
package import Timetable

extension Definition {
    /// What a look at the calendar shows about the job's schedule that is no error, but hardly meant: slots that never come, are all
    /// past, meet a change of the clock within two years of `now`, or come faster than the job's own timeout.
    ///
    /// Only for a definition that was read from its file.
    package func scheduleWarnings(at now: Instant) -> [Problem] {
        guard let places, let schedule = job.schedule?.anchored(at: now), !job.disabled else { return [] }
        let review = ScheduleReview(schedule: schedule, now: now)
        var messages: [String]
        if let message = review.absence {
            messages = [message]
        } else {
            messages = [
                review.clock(schedule.daylight.statedGap != nil ? nil : \.isInGap),
                review.clock(schedule.daylight.statedFold != nil ? nil : \.isInFold),
                job.overlap == .allow ? nil : job.timeout.flatMap(review.haste),
            ].compactMap(\.self)
        }
        let place = places.schedule ?? Place(line: line, column: 1)
        return messages.map { Problem(file: file, line: place.line, column: place.column, severity: .warning, message: $0) }
    }
}

private struct ScheduleReview {
    let schedule: Schedule
    let now: Instant

    private static let horizon = Duration.seconds(2 * 366 * 86_400)
    /// Slots that are looked at for the least distance; where it is smaller later on, nobody is told.
    private static let distances = 64
    private static let mostChanges = 200

    /// Why no slot comes any more; nil when one does.
    var absence: String? {
        if schedule.next(after: now - Instant.resolution) != nil { return nil }
        if let last = schedule.previous(before: now)?.due {
            return "all slots are past, the last was at \(schedule.localZone.local(last)); the job is not due any more"
        }
        let takesAway = Set(schedule.excluded(after: now, through: now + Self.horizon, atMost: 10).map(\.limit.rawValue)).sorted()
        guard !takesAway.isEmpty else { return "this schedule has no slot at all; the job is never due" }
        let verb = takesAway.count == 1 ? "takes" : "take"
        return "the job is never due: \(takesAway.map { "`\($0)`" }.joined(separator: " and ")) \(verb) all its slots away"
    }

    /// What changes of the clock do to slots of one kind; nil when they do nothing, or `kind` is nil.
    func clock(_ kind: KeyPath<ChangedSlot, Bool>?) -> String? {
        guard let kind else { return nil }
        let changed = schedule.changedSlots(after: now, through: now + Self.horizon, atMost: Self.mostChanges).filter {
            $0[keyPath: kind] && (schedule.contains($0.due) || $0.change == nil)
        }
        guard let first = changed.first else { return nil }
        let times = Set(changed.map(\.asked)).count
        let more = times == 1 ? "" : " (and \(times - 1) more within two years)"
        let what =
            switch first.change {
            case nil: "does not exist and has no slot\(more); write `dst: { gap: skip }` if that is meant, else `shift`"
            case .shifted:
                "does not exist, its slot moves to \(schedule.localZone.local(first.due))\(more); write `dst: { gap: shift }` if that is meant, else `skip`"
            case .firstOfTwo, .lastOfTwo:
                "comes twice, \(schedule.daylight.fold.inWords)\(more); write `dst: { fold: \(schedule.daylight.fold.rawValue) }` if that is meant, else `\(schedule.daylight.fold == .first ? "last" : "first")`\(schedule.daylight.fold == .both ? "" : " or `both`")"
            }
        return "the local time \(first.asked) \(what)"
    }

    /// A word about slots that come while a run may still go on; nil when they leave it the time.
    func haste(_ timeout: Duration) -> String? {
        var least: Duration?
        var cursor = now
        for _ in 0..<Self.distances {
            guard let slot = schedule.next(after: cursor)?.due, let second = schedule.next(after: slot)?.due else { break }
            least = min(least ?? second - slot, second - slot)
            cursor = slot
        }
        guard let least, least < timeout else { return nil }
        return
            "slots come as little as \(least.inWords) apart, but a run may take \(timeout.inWords) (`timeout`); those that come meanwhile "
            + "are judged by `overlap`"
    }
}

extension ChangedSlot {
    fileprivate var isInGap: Bool {
        switch change {
        case nil, .shifted: true
        case .firstOfTwo, .lastOfTwo: false
        }
    }

    fileprivate var isInFold: Bool { !isInGap }
}

extension DaylightRule.Fold {
    fileprivate var inWords: String {
        switch self {
        case .first: "the first is its slot"
        case .last: "the second is its slot"
        case .both: "both are slots"
        }
    }
}
