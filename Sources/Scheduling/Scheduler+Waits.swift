import Timetable

/// When waiting runs are to be looked at again.
///
/// A run that is held, or a retry whose time has not come, steps out of the line of its job: whose turn it is does not depend on it, and a
/// hundred thousand of them cost the others nothing. What may end its rest wakes it: its alarm, a release, a request for just this run;
/// and whatever concerns all that wait, another definition, a pause, a start, a clock that was set back, wakes all.
extension Scheduler {
    struct WaitAlarm: Comparable, Sendable {
        let at: Instant
        let key: RunKey

        static func < (left: WaitAlarm, right: WaitAlarm) -> Bool {
            if left.at != right.at { return left.at < right.at }
            return (left.key.due, left.key.job, left.key.attempt) < (right.key.due, right.key.job, right.key.attempt)
        }
    }

    /// At most one alarm of a run is in force; without an instant none.
    mutating func look(at key: RunKey, again instant: Instant?) {
        guard waitingUntil[key] != instant else { return }
        waitingUntil[key] = instant
        if let instant { waitAlarms.insert(WaitAlarm(at: instant, key: key)) }
        dropStaleWaitAlarms()
    }

    /// So that nobody wakes up for nothing, and few are kept of runs that ended.
    private mutating func dropStaleWaitAlarms() {
        while let first = waitAlarms.first, waitingUntil[first.key] != first.at { _ = waitAlarms.popFirst() }
        if waitAlarms.count > 2 * waitingUntil.count + 16 {
            waitAlarms = PriorityQueue(waitingUntil.map { WaitAlarm(at: $1, key: $0) })
        }
    }

    mutating func ringWaitAlarms() {
        while let alarm = waitAlarms.first, alarm.at <= step.now {
            _ = waitAlarms.popFirst()
            guard waitingUntil[alarm.key] == alarm.at else { continue }
            waitingUntil[alarm.key] = nil
            wake(alarm.key)
        }
        dropStaleWaitAlarms()
    }

    /// A waiting run is to be judged before the step ends, whatever it waited for.
    mutating func wake(_ key: RunKey) {
        guard let run = runs[key] else { return }
        turns[key.job]?.wake(run)
        step.touch(key.job)
    }

    /// All were worked out from another now.
    mutating func forgetWaitAlarms() {
        waitingUntil = [:]
        waitAlarms = PriorityQueue()
    }
}
