import Scheduling
import TestSupport
import Testing
import Timetable

/// Why an end is the last attempt: which word it goes by, and which words the job names.
struct WhyRetriesTests {
    private func told(_ state: RunState, _ reason: String?, exitCode: Int? = nil, _ change: (inout Retries) -> Void) -> String {
        let definition = job("a", nil) { change(&$0.retries) }
        let control = JobControl(job: "a", version: definition.version, schedule: nil, registeredAt: "00:00:00", accountedUntil: "12:00:00")
        var facts = WhyFacts(due: "01:00:00", now: "12:00:00", control: control, definition: definition, schedule: nil)
        var run = Run(
            key: RunKey(job: "a", due: "01:00:00", attempt: 1), flow: FlowKey(head: "a", due: "01:00:00"), trigger: .manual,
            readyAt: "01:00:00", waitingSince: "01:00:00")
        (run.state, run.reason, run.exitCode, run.endedAt) = (state, reason, exitCode, "02:00:00")
        facts.attempts = [WhyFacts.Row(id: "abc-1", run: run)]
        return facts.answer.reasons.filter { $0.rule == .retries }.map(\.text).joined(separator: " ")
    }

    @Test(
        arguments: [
            (RunState.failed, "out-of-memory: the task needed more", "outOfMemory"), (.failed, "node-failed: node n1 failed", "nodeFailed"),
            (.couldNotStart, "refused: no such partition", "couldNotStart"), (.timedOut, nil, "timedOut"),
        ] as [(RunState, String?, String)])
    func anEndThatIsNotNamedSaysItsWord(state: RunState, reason: String?, word: String) {
        let text = told(state, reason) {
            $0.limit = 2
            $0.on = [.failed, .preempted]
        }
        #expect(
            text
                == "It is not retried: this end goes by the word `\(word)`, and `retries.on` of the job names `failed` and `preempted` alone."
        )
    }

    /// Of retries that there are, or are not, the word for it is what a user does not know.
    @Test(arguments: [0, 2]) func whatSomebodyCancelledSaysHowItWouldBeRetried(limit: Int) {
        let text = told(.killed, "cancelled: by root on the cluster") { $0.limit = limit }
        #expect(
            text.hasPrefix("It is not retried: somebody cancelled its task") && text.contains("says `cancelled` in `retries.on`"), "\(text)"
        )
        #expect(text.contains("the job has no `retries`") == (limit == 0))
        #expect(told(.killed, "by ada") { $0.limit = limit }.isEmpty, "a kill is final, as everybody knows")
    }

    @Test func theRestIsToldAsBefore() {
        #expect(told(.failed, nil, exitCode: 3) { _ in } == "The job has no `retries`.")
        let codes = told(.failed, nil, exitCode: 3) {
            $0.limit = 1
            $0.exitCodes = [1...2]
        }
        #expect(codes == "It is not retried: `retries.exitCodes` does not hold this end.")
    }
}
