import Logging
import TestSupport
import Testing
import Timetable

@testable import Daemon

/// What is told of a clock, for the log.
struct ClockWatchTests {
    private let clock = ManualClock("2026-03-01T00:00:00Z")

    private func findings(_ change: (ManualClock) -> Void) -> [ClockWatch.Finding] {
        var watch = ClockWatch(clock)
        change(clock)
        let found = watch.look(at: clock)
        #expect(watch.look(at: clock) == [], "it is said once")
        return found
    }

    @Test func timeThatPassesIsNothingToTell() {
        #expect(findings { $0.advance(by: .seconds(10)) } == [])
    }

    @Test(arguments: [-3_600, -1, 1, 86_400] as [Int64]) func aClockThatIsSetIsToldWithByHowMuch(seconds: Int64) {
        let found = findings { clock in
            clock.advance(by: .seconds(5))
            clock.set(clock.now() + .seconds(seconds))
        }
        #expect(found == [.set(by: .seconds(seconds))])
        #expect(found.first?.metadata == ["by": "\(seconds < 0 ? "-" : "+")\(Double(abs(seconds))) s"])
    }

    /// catalogue 44
    @Test func aClockThatIsSlewedIsNot() {
        let found = findings { clock in
            clock.advance(by: .seconds(10))
            clock.set(clock.now() - .milliseconds(5))
        }
        #expect(found == [])
    }

    /// Each step back has every job looked at again; a clock that is slewed would ask for that at each look. catalogue 44
    @Test func aClockThatIsSlewedBackStandsStill() {
        let seenAt = clock.now()
        var watch = ClockWatch(clock, seenAt: seenAt)
        for milliseconds in [1, 400, 999] as [Int64] {
            let now = watch.now(reading: seenAt - .milliseconds(milliseconds))
            #expect(now == seenAt && watch.stepBack(at: now) == nil)
        }
        let after = watch.now(reading: seenAt + .milliseconds(1))
        #expect(after == seenAt + .milliseconds(1) && watch.stepBack(at: after) == nil)
        // Small steps that add up to a large one are one.
        let far = watch.now(reading: after - .seconds(1))
        #expect(far == after - .seconds(1) && watch.stepBack(at: far) == after)
        #expect(watch.now(reading: far) == far && watch.stepBack(at: far) == nil)
    }

    /// catalogue 48
    @Test func aMachineThatSleptIsTold() {
        #expect(findings { $0.sleep(for: .seconds(8 * 3600)) } == [.slept(.seconds(8 * 3600))])
        #expect(findings { $0.sleep(for: .seconds(30)) } == [])
    }

    /// catalogue 10, 49
    @Test func aSchedulerThatWasStoppedIsTold() {
        #expect(findings { $0.advance(by: .seconds(600)) } == [.stopped(.seconds(600))])
    }
}
