@testable import Timetable

/// What every schedule promises, whatever text or zone it was made of, and what of it was found broken.
struct Promises {
    private(set) var broken: [String] = []

    mutating func expect(_ isKept: Bool, _ promise: @autoclosure () -> String) {
        if !isKept { broken.append(promise()) }
    }

    /// What `parse` makes of the text; nil for an error, which must point into the text and say something.
    mutating func value<Value>(of text: String, _ parse: (String) throws(ScheduleError) -> Value) -> Value? {
        do {
            return try parse(text)
        } catch {
            expect(error.column >= 1 && error.column <= text.unicodeScalars.count + 1, "column \(error.column) of the error")
            expect(!error.message.isEmpty && error.message.utf8.count < 600, "message `\(error.message)`")
            return nil
        }
    }

    /// Asks `schedule` from instants in all ages and around changes of the clock.
    mutating func check(_ schedule: Schedule, _ name: String) {
        var probes = [Instant.distantPast, .epoch, Instant(seconds: 1_780_000_000), Instant(seconds: 7_000_000_000), .distantFuture]
        if let change = schedule.zone.nextChange(after: Instant(seconds: 1_774_000_000)) { probes += [change.at, change.at - .seconds(1)] }
        for probe in probes { checkNeighbours(of: probe, schedule, name) }
        for start in [Instant.distantPast, Instant(seconds: 1_774_700_000), Instant(seconds: 1_792_800_000)] {
            checkWalk(from: start, schedule, name)
        }
        checkCounts(schedule, name)
        checkLists(schedule, name)
    }

    /// `next` and `previous` are strict, inverse to each other, and have no slot between them and the probe.
    private mutating func checkNeighbours(of probe: Instant, _ schedule: Schedule, _ name: String) {
        if let next = schedule.next(after: probe)?.due {
            expect(next > probe, "\(name): next after \(probe) is \(next)")
            expect(schedule.contains(next), "\(name): the next slot \(next) is none")
            expect(schedule.count(after: probe, through: next) == 1, "\(name): the count to the next slot \(next) is not 1")
            expect(schedule.count(after: probe, through: next - Instant.resolution) == 0, "\(name): slots before the next, \(next)")
            expect((schedule.previous(before: next)?.due).map { $0 <= probe } ?? true, "\(name): a slot between \(probe) and \(next)")
            _ = schedule.clockChange(at: next)
        }
        if let previous = schedule.previous(before: probe)?.due {
            expect(previous < probe, "\(name): previous before \(probe) is \(previous)")
            expect(schedule.contains(previous), "\(name): the previous slot \(previous) is none")
            expect((schedule.next(after: previous)?.due).map { $0 >= probe } ?? true, "\(name): a slot between \(previous) and \(probe)")
        }
    }

    /// Some slots from `start` on are ascending, come back in the other direction, and are as many as are counted.
    private mutating func checkWalk(from start: Instant, _ schedule: Schedule, _ name: String) {
        var slots: [Slot] = []
        var cursor = start
        while slots.count < 12, let slot = schedule.next(after: cursor) {
            expect(slot.due > cursor, "\(name): \(slot.due) comes after \(cursor)")
            if let last = slots.last?.occurrence, let occurrence = slot.occurrence {
                expect(occurrence >= last, "\(name): occurrence \(occurrence) comes after \(last)")
            }
            slots.append(slot)
            cursor = slot.due
        }
        guard let last = slots.last else { return }
        expect(
            schedule.count(after: start, through: last.due) == slots.count,
            "\(name): \(slots.count) slots from \(start) on, counted otherwise")
        cursor = last.due + Instant.resolution
        for slot in slots.reversed() {
            let previous = schedule.previous(before: cursor)?.due
            expect(previous == slot.due, "\(name): \(slot.due) is \(String(describing: previous)) on the way back")
            cursor = slot.due
        }
    }

    /// A range is its two parts, wherever it is cut.
    private mutating func checkCounts(_ schedule: Schedule, _ name: String) {
        // With limits every day is looked at.
        let (start, end) = (Instant(seconds: 1_773_000_000), Instant(seconds: schedule.limits.isEmpty ? 1_800_000_000 : 1_776_000_000))
        let count = schedule.count(after: start, through: end)
        expect(count >= 0, "\(name): \(count) slots")
        let cuts = [Instant(seconds: 1_774_747_800), schedule.next(after: start)?.due, schedule.previous(before: end)?.due]
        for cut in cuts.compactMap(\.self) where cut >= start && cut <= end {
            let parts = schedule.count(after: start, through: cut) + schedule.count(after: cut, through: end)
            expect(parts == count, "\(name): \(count) slots, but \(parts) when cut at \(cut)")
        }
        expect(schedule.count(after: end, through: start) == 0, "\(name): slots in a range that runs backwards")
    }

    /// Lists for people are no longer than asked for, and ascend.
    private mutating func checkLists(_ schedule: Schedule, _ name: String) {
        let (start, end) = (Instant(seconds: 1_770_000_000), Instant(seconds: 1_800_000_000))
        let excluded = schedule.excluded(after: start, through: end, atMost: 5).map(\.due)
        expect(excluded.count <= 5, "\(name): \(excluded.count) excluded slots of 5")
        expect(zip(excluded, excluded.dropFirst()).allSatisfy(<), "\(name): excluded slots do not ascend")
        expect(!excluded.contains(where: schedule.contains), "\(name): a slot is excluded")
        let changed = schedule.changedSlots(after: start, through: end, atMost: 5)
        expect(changed.count <= 5, "\(name): \(changed.count) changed slots of 5")
    }
}
