import Scheduling

/// Who asked for something and waits, by the tokens under which the core answers.
struct OpenRequests {
    private var questions: [UInt64: Mailbox.Question] = [:]
    private var lastToken: UInt64 = 0

    /// In the order in which they were asked.
    var tokens: [UInt64] { questions.keys.sorted() }

    subscript(token: UInt64) -> Mailbox.Question? { questions[token] }

    mutating func add(_ question: Mailbox.Question) {
        lastToken += 1
        questions[lastToken] = question
    }

    /// - Parameter ids: Of the runs that are open.
    mutating func answer(_ token: UInt64, with answer: Answer, ids: [RunKey: String]) {
        let durable: RequestAnswer =
            switch answer {
            case .accepted(let key): ids[key].map { .accepted(id: $0, key) } ?? .refused("the run ended before it could be told")
            case .paused(let jobs): .paused(jobs: jobs)
            case .resumed(let jobs, let stillPaused): .resumed(jobs: jobs, stillPaused: stillPaused)
            case .ordered(let job, let due): .ordered(job, due)
            case .released(let orders, let runs): .released(orders: orders, runs: runs)
            case .backfilling(let id, let slots, let leftAlone): .backfilling(id, slots: slots, leftAlone: leftAlone)
            case .cancelled(let id, let withdrawn, let active): .cancelled(id, withdrawn: withdrawn, active: active)
            case .already(let text): .already(text)
            case .unknownJob(let name): .unknownJob(name)
            case .unknownRun(let key): .unknownRun(key)
            case .refused(let text): .refused(text)
            }
        questions.removeValue(forKey: token)?.answer.resume(returning: durable)
    }

    /// Answers those who wait for a commit of which nobody knows whether it came.
    mutating func refuseAll() {
        let text =
            "the ledger could not be written, and what you asked for may have been noted or not; look at `rota history` or `rota status` before you ask again"
        for question in questions.values { question.answer.resume(returning: .unavailable(text)) }
        questions = [:]
    }
}

extension Request {
    /// Judged by what the ledger holds, in which everything before it must be.
    var readsLedger: Bool {
        switch self {
        case .retry, .markSuccess, .skip, .hold, .release, .backfill: true
        case .run, .kill, .pause, .resume, .cancelBackfill: false
        }
    }
}
