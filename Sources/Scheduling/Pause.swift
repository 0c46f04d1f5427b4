package import Timetable

/// What a pause holds: nothing that comes by itself is run of it.
package enum PauseScope: Hashable, Sendable {
    case job(JobName)
    /// Every job with this label, also one that is added later; with any value when none is named.
    case label(key: String, value: String?)
    case everything

    /// The order in which several pauses of one job are told: the narrowest first.
    private var rank: Int {
        switch self {
        case .job: 0
        case .label(_, .some): 1
        case .label(_, .none): 2
        case .everything: 3
        }
    }

    /// `the job `a``, `the label team=data`, `everything`.
    package var words: String {
        switch self {
        case .job(let name): "the job `\(name)`"
        case .label(let key, let value): "the label " + key + (value.map { "=" + $0 } ?? "")
        case .everything: "everything"
        }
    }

    package func holds(_ job: Job) -> Bool {
        switch self {
        case .job(let name): job.name == name
        case .label(let key, let value): job.labels[key].map { value == nil || value == $0 } ?? false
        case .everything: true
        }
    }

    static func isBefore(_ left: PauseScope, _ right: PauseScope) -> Bool { (left.rank, left.words) < (right.rank, right.words) }
}

/// A pause in force: a control row, which outlives restarts and the files of its jobs.
package struct Pause: Hashable, Sendable {
    package let scope: PauseScope
    /// Who asked for it.
    package let by: String
    package let since: Instant

    package init(scope: PauseScope, by: String, since: Instant) {
        self.scope = scope
        self.by = by
        self.since = since
    }

    /// `by ada since 2026-03-01T02:00:00Z`.
    package var origin: String { "by \(by) since \(since.rfc3339)" }
    /// The same for one of the jobs that it holds: `with everything, by ada since …`, or without the first part when it is the job's own.
    package var words: String { if case .job = scope { origin } else { "with \(scope.words), \(origin)" } }
}

/// The pauses in force, each scope at most once. Which of them holds a job is asked in the time that its labels take to read.
package struct Pauses: Sendable {
    private var byScope: [PauseScope: Pause] = [:]

    package init(_ pauses: [Pause] = []) {
        byScope = Dictionary(pauses.map { ($0.scope, $0) }) { first, _ in first }
    }

    package var isEmpty: Bool { byScope.isEmpty }
    /// The narrowest first, then in the order of their words.
    package var all: [Pause] { byScope.values.sorted { PauseScope.isBefore($0.scope, $1.scope) } }

    package subscript(scope: PauseScope) -> Pause? { byScope[scope] }

    mutating func insert(_ pause: Pause) { byScope[pause.scope] = pause }
    mutating func remove(_ scope: PauseScope) { byScope[scope] = nil }

    /// The narrowest pause that holds `job`; nil when none does.
    package func holding(_ job: Job) -> Pause? { holding(job.name, labels: job.labels) }

    /// The same for a job of which only name and labels are known.
    package func holding(_ name: JobName, labels: [String: String]) -> Pause? {
        if byScope.isEmpty { return nil }
        if let own = byScope[.job(name)] { return own }
        let scopes = labels.flatMap { [PauseScope.label(key: $0, value: $1), .label(key: $0, value: nil)] }
        return scopes.compactMap { byScope[$0] }.min { PauseScope.isBefore($0.scope, $1.scope) } ?? byScope[.everything]
    }
}
