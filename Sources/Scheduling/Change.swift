/// One row of the audit and of the event stream: what somebody asked for, or what is to be told beside the rows of runs and gaps.
package struct Change: Hashable, Sendable {
    package var kind: String
    package var job: JobName?
    package var run: RunKey?
    /// nil for what nobody asked for.
    package var who: String?
    package var detail: String?

    package init(kind: String, job: JobName? = nil, run: RunKey? = nil, who: String? = nil, detail: String? = nil) {
        self.kind = kind
        self.job = job
        self.run = run
        self.who = who
        self.detail = detail
    }
}
