import Scheduling
import TestSupport
import Testing
import Timetable

/// The picture of states.
struct RunStateTests {
    private static let steps: [RunState: Set<RunState>] = [
        .waiting: [.launching, .skipped, .missed, .killed, .succeeded],
        .launching: [.running, .succeeded, .failed, .timedOut, .killed, .lost, .couldNotStart, .missed],
        .running: [.succeeded, .failed, .timedOut, .killed, .lost],
        .lost: [.succeeded, .failed, .timedOut, .couldNotStart, .killed],
    ]

    @Test(arguments: RunState.allCases) func thereIsNoOtherStepAndNoWayBack(state: RunState) {
        for next in RunState.allCases where next != state {
            #expect(state.mayBecome(next) == (Self.steps[state] ?? []).contains(next), "\(state) → \(next)")
        }
    }

    @Test(arguments: RunState.allCases) func onlyAnOpenRowMayBeWrittenAgainAsItIs(state: RunState) {
        #expect(state.mayBecome(state) == state.isOpen)
    }

    @Test func latenessCountsFromWhenTheRunWasReady() {
        var run = Run(
            key: RunKey(job: "a", due: "00:00:00", attempt: 1), flow: FlowKey(head: "a", due: "00:00:00"), trigger: .retry,
            readyAt: "00:01:00",
            waitingSince: "00:00:30")
        #expect(run.lateness == nil)
        run.startedAt = "00:01:02"
        #expect(run.lateness == .seconds(2))
    }
}
