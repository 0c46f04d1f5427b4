package import Scheduling

/// How long the commands of jobs take, as somebody wrote it down: a map such as `{ backup: PT10M, report: PT90S }`, in YAML or JSON.
package enum DurationFile {
    /// Reads the file at `path`; what is wrong is told and counts as absent.
    package static func read(path: String) -> (durations: [JobName: Duration], problems: [Problem]) {
        switch FileText(path: path, mindsWriters: false) {
        case .text(let text, _): read(text: text, file: path)
        case .unusable(let message, _): ([:], [Problem(file: path, message: message)])
        case .beingWritten: ([:], [Problem(file: path, message: "this file is being written; try again")])
        }
    }

    package static func read(text: String, file: String) -> (durations: [JobName: Duration], problems: [Problem]) {
        let findings = Findings(file: file, text: text)
        var durations: [JobName: Duration] = [:]
        let documents = file.hasSuffix(".json") ? JSONText.documents(in: text, findings) : YAMLText.documents(in: text, findings)
        if let second = documents.dropFirst().first { findings.error(second.root.place, "the durations are one document") }
        if let root = documents.first?.root {
            if case .map(let members) = root.content {
                durations = read(members, at: root.place, findings)
            } else {
                findings.error(root.place, "durations must be a map such as { backup: PT10M }, not \(root.kind)")
            }
        }
        return (durations, findings.problems.sorted())
    }

    private static func read(_ members: [Element.Member], at place: Place, _ findings: Findings) -> [JobName: Duration] {
        var durations: [JobName: Duration] = [:]
        var fields = Fields(members, at: place, findings)
        for member in members {
            guard let name = JobName(member.key) else {
                findings.error(member.place, "`\(member.key.shortened)` is no name of a job; it has \(JobFile.nameWording)")
                continue
            }
            durations[name] = fields.duration(member.key)
        }
        return durations
    }
}
