/// One row of the audit: what somebody asked for.
package struct Change: Hashable, Sendable {
    package var kind: String
    package var job: JobName?
    package var run: RunKey?
    package var who: String
    package var detail: String?

    package init(kind: String, job: JobName? = nil, run: RunKey? = nil, who: String, detail: String? = nil) {
        self.kind = kind
        self.job = job
        self.run = run
        self.who = who
        self.detail = detail
    }
}
