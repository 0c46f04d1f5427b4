import Execution
import JobFiles
package import Scheduling
import Synchronization
package import Timetable

/// What reaches the loop from other threads. Nothing in it is lost when a session breaks off: a stop stays wanted, the newest reading of the
/// job files stays known, and whoever asks is always answered.
final class Mailbox: Sendable {
    /// What came since the last look, each kind in the order in which it came.
    struct Mail: Sendable {
        var reports: [ExecutorReport] = []
        var questions: [Question] = []
        /// The newest reading, if there is one that nobody took yet.
        var reading: Reading?
        /// Why the job folder could not be read.
        var complaint: String?
    }

    /// A request of somebody who waits for its answer.
    struct Question: Sendable {
        let request: Request
        /// For the audit: by which way it came.
        let who: String
        let answer: CheckedContinuation<RequestAnswer, Never>
    }

    private struct State {
        var mail = Mail()
        var newestReading: Reading
        var isStopWanted = false
        var isClosed = false
    }

    let bell: Bell
    private let state: Mutex<State>

    /// - Parameter reading: The first reading of the job files.
    init(reading: Reading) throws(DaemonError) {
        bell = try Bell()
        state = Mutex(State(newestReading: reading))
    }

    // MARK: posting

    func post(_ report: ExecutorReport) { put { $0.mail.reports.append(report) } }

    func post(_ reading: Reading) {
        put { state in
            state.newestReading = reading
            state.mail.reading = reading
        }
    }

    func post(complaint: String) { put { $0.mail.complaint = complaint } }

    func stop() { put { $0.isStopWanted = true } }

    /// Once the mailbox is closed, a question is refused at once.
    func post(_ question: Question) {
        let isClosed = state.withLock { state in
            if !state.isClosed { state.mail.questions.append(question) }
            return state.isClosed
        }
        if isClosed { question.answer.resume(returning: .unavailable("the scheduler is stopping")) } else { bell.ring() }
    }

    private func put(_ change: (inout sending State) -> Void) {
        state.withLock { change(&$0) }
        bell.ring()
    }

    // MARK: taking

    var isStopWanted: Bool { state.withLock { $0.isStopWanted } }

    /// Everything that came; the bell is silent until something new comes.
    func takeAll() -> Mail {
        bell.hear()
        return state.withLock { state in
            defer { state.mail = Mail() }
            return state.mail
        }
    }

    /// The newest reading, whether somebody took it before or not, and the reports; the rest stays for later.
    func takeForBeginning() -> (reading: Reading, reports: [ExecutorReport]) {
        state.withLock { state in
            defer {
                state.mail.reading = nil
                state.mail.reports = []
            }
            return (state.newestReading, state.mail.reports)
        }
    }

    /// What executors that are gone could not take, or did not get to know, says nothing about those that come; starts and ends stay true.
    func forgetRefusals() {
        state.withLock { state in
            state.mail.reports.removeAll { report in
                switch report {
                case .couldNotHandOver, .pending, .trouble, .discarded: true
                case .started, .ended: false
                }
            }
        }
    }

    /// Refuses everybody who waits, in these words.
    func refuseAll(because text: String) {
        bell.hear()
        let questions = state.withLock { state in
            defer { state.mail.questions = [] }
            return state.mail.questions
        }
        for question in questions { question.answer.resume(returning: .unavailable(text)) }
    }

    /// Refuses everybody who waits or will ask.
    func close() {
        state.withLock { $0.isClosed = true }
        refuseAll(because: "the scheduler is stopping")
    }
}

/// What became of a request, once it is durable.
package enum RequestAnswer: Hashable, Sendable {
    /// The run is in the ledger under this id, and what was asked of it.
    case accepted(id: String, RunKey)
    /// So many jobs in force are held by the pause that began.
    case paused(jobs: Int)
    /// The pause is over for so many jobs in force, of which some are held by another.
    case resumed(jobs: Int, stillPaused: Int)
    /// What was ordered about a slot that is still to come is in the ledger.
    case ordered(JobName, Instant)
    /// So many orders were taken back, of which so many runs may go on now.
    case released(orders: Int, runs: Int)
    /// The slots that got a run in this backfill, and those that were left alone.
    case backfilling(Int64, slots: Int, leftAlone: Int)
    /// The runs of the backfill that were withdrawn, and those that are still under way.
    case cancelled(Int64, withdrawn: Int, active: Int)
    /// Nothing was to be done: it is so already. In one sentence.
    case already(String)
    case unknownJob(JobName)
    case unknownRun(RunKey)
    /// In one sentence, with a way out.
    case refused(String)
    /// Not now: the scheduler stops, or the ledger cannot be written.
    case unavailable(String)
}
