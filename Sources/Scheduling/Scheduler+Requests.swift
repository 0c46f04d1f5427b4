import Timetable

/// What people ask for.
extension Scheduler {
    mutating func answer(_ request: Request, token: UInt64) {
        let answer: Answer =
            switch request {
            case .run(let name, let parameters): runByHand(name, parameters: parameters)
            }
        step.then(.answer(token: token, answer))
    }

    /// A run by hand begins a flow of its own, consumes no repetition and has no start window.
    private mutating func runByHand(_ name: JobName, parameters: [String: String]) -> Answer {
        guard let job = graph[name] else { return .unknownJob(name) }
        if job.disabled { return .refused("the job `\(name)` is disabled; take `disabled: true` out of its file to run it") }
        let due = freeDue(for: job, at: step.now)
        let key = RunKey(job: name, due: due, attempt: 1)
        var run = Run(key: key, flow: FlowKey(head: name, due: due), trigger: .manual, readyAt: step.now, waitingSince: step.now)
        run.parameters = parameters
        openFlow(run.flow)
        addWaiting(run)
        return .accepted(key)
    }
}
