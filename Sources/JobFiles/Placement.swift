package import Scheduling

/// What the places where jobs may run have to say of a job.
///
/// Whoever knows the settings and the executors makes it; a job file knows neither.
package struct Placement: Sendable {
    /// Something of a job that a place cannot give it, or that has no effect there.
    package struct Objection: Hashable, Sendable {
        /// The key that it is about, with the keys around it, or the number of an entry from 0: `runOn`, `slurm.output`, `constraints.1`.
        package var key: String
        package var severity: Problem.Severity
        /// One sentence, with a way out.
        package var message: String

        package init(key: String, severity: Problem.Severity, message: String) {
            self.key = key
            self.severity = severity
            self.message = message
        }
    }

    package let objections: @Sendable (Job) -> [Objection]

    package init(objections: @escaping @Sendable (Job) -> [Objection]) { self.objections = objections }

    /// Tells of a job what there is to tell, each where its key stands.
    ///
    /// - Parameter isFlawed: Whether errors were found in it before. Only what cannot have come of them is told then: errors, but nothing
    ///   where one stands already, and nothing at all when it is not even known where the job is to run.
    func tell(of job: Job, in root: Element, _ findings: Findings, isFlawed: Bool) {
        let flawed = isFlawed ? findings.linesWithErrors(besides: root.place) : []
        if root.has("runOn"), flawed.contains(root.place(ofKey: "runOn").line) { return }
        for objection in objections(job) {
            let place = root.place(ofKey: objection.key)
            if isFlawed, objection.severity != .error || flawed.contains(place.line) || !root.has(objection.key) { continue }
            switch objection.severity {
            case .error: findings.error(place, objection.message)
            case .warning: findings.warning(place, objection.message)
            }
        }
    }
}

extension Element {
    /// Whether the first of the keys in `path` is written in this map.
    fileprivate func has(_ path: String) -> Bool {
        guard case .map(let members) = content else { return false }
        return members.contains { $0.key == path.prefix { $0 != "." } }
    }

    /// Where the key `path` stands, or as much of it as is there; where this begins when it is not.
    fileprivate func place(ofKey path: String) -> Place {
        var (element, place) = (self, place)
        for part in path.split(separator: ".", maxSplits: 1) {
            switch element.content {
            case .map(let members):
                guard let member = members.first(where: { $0.key == part }) else { return place }
                (element, place) = (member.value, member.place)
            case .list(let items):
                guard let number = Int(part), items.indices.contains(number) else { return place }
                (element, place) = (items[number], items[number].place)
            case .text, .nothing, .null: return place
            }
        }
        return place
    }
}
