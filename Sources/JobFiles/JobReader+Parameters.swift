internal import Scheduling

/// `params`: values that each run of the job has of its own.
extension JobReader {
    mutating func readParameters(of job: inout Job) {
        for (name, value) in parameters() {
            job.parameters[name.value] = .some(value)
            if job.environment[name.value] != nil {
                findings.warning(name.place, "`\(name.value.shortened)` stands in `env` as well, and the one in `params` counts")
            }
            guard value == nil, job.schedule != nil || !job.after.isEmpty else { continue }
            let origin = job.schedule != nil ? "the schedule makes" : "parents make"
            findings.error(
                name.place,
                "`params.\(name.value.shortened)` must be given, but nobody gives it to a run that \(origin) due; write a value for `null`")
        }
    }

    /// Names with their values, in the order of the file; nil for one that must be given.
    private mutating func parameters() -> [(name: Placed<String>, value: String?)] {
        guard let element = fields.element("params") else { return [] }
        guard case .map(let members) = element.content else {
            findings.error(element.place, "`params` must be a map such as { REGION: eu, DAY: null }, not \(element.kind)")
            return []
        }
        let parameters = members.filter(isParameter)
        let canonical = parameters.map { ($0.key, $0.text.map(CanonicalValue.text) ?? .null) }
        fields.record("params", .map(Dictionary(canonical) { first, _ in first }))
        return parameters.map { (Placed(value: $0.key, place: $0.place), $0.text) }
    }

    /// Whether it has a name and a value, or `null` for one; what is wrong with it is told.
    private func isParameter(_ member: Element.Member) -> Bool {
        let path = "params.\(member.key.shortened)"
        if !ParameterName.isValid(member.key) {
            findings.error(member.place, "`\(member.key.shortened)` is no name of a parameter: \(ParameterName.rule)")
        }
        switch member.value.content {
        case .text(let text):
            if text.utf8.contains(0) { findings.error(member.value.place, "`\(path)` holds a NUL character") }
            return true
        case .null: return true
        case .nothing:
            findings.error(member.place, "`\(path)` has no value; write one, \"\" for an empty text, or null for one that must be given")
        case .list, .map:
            findings.error(member.value.place, "`\(path)` must be a text, or null for one that must be given, not \(member.value.kind)")
        }
        return false
    }
}

extension Element.Member {
    /// The value when it is a text.
    fileprivate var text: String? {
        if case .text(let text) = value.content { text } else { nil }
    }
}
