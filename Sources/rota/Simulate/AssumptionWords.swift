import Scheduling

/// What a simulation takes for granted, for people.
struct AssumptionWords {
    private let assumptions: Rehearsal.Assumptions
    /// Jobs of which nobody knows how long they take.
    private let unknown: [JobName]

    init(_ assumptions: Rehearsal.Assumptions, _ graph: JobGraph) {
        self.assumptions = assumptions
        unknown = graph.order.filter { assumptions.durations[$0] == nil && graph[$0]?.disabled == false }
    }

    var sentence: String {
        let fate = "Assumed: every run succeeds" + (assumptions.failing.isEmpty ? "" : " but those of --fail")
        let lasting = assumptions.durations.isEmpty ? "" : ", and takes what is known of its job"
        return fate + lasting + (guess.map { "; " + $0 } ?? "")
    }

    /// nil when something is known of each job.
    var guess: String? {
        guard !unknown.isEmpty else { return nil }
        let names = unknown.prefix(3).map(\.text).joined(separator: ", ") + (unknown.count > 3 ? ", …" : "")
        let verb = unknown.count == 1 ? "takes" : "take"
        return "\(unknown.count.of("job")) (\(names)) of which nothing is known \(verb) \(assumptions.usual.words), see --assume"
    }
}
