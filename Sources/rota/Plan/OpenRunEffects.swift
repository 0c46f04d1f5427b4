import RunHistory
import Scheduling

/// What a change of its definition means for a run that has not ended.
struct OpenRunEffect {
    let id: String
    let state: RunState
    /// For people, one sentence.
    let text: String

    /// - Parameter job: The definition to come; nil when the job goes.
    init(_ stored: StoredRun, becoming job: Job?) {
        id = stored.id
        state = stored.run.state
        text =
            switch (stored.run.state.isActive, job) {
            case (true, nil): "it goes on to its end, and is not retried"
            case (true, .some): "it goes on as it was handed over; a retry of it is run as the file says now"
            case (false, nil): "it is skipped: removed"
            case (false, .some(let job)) where job.disabled: "it is skipped: disabled"
            case (false, .some): "it is run as the file says now"
            }
    }
}
