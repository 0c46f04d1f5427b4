internal import Scheduling

/// One file of jobs: YAML, or JSON when its name ends in `.json`.
package enum JobFile {
    /// Reads every job of a file's text and everything that is wrong with it; one bad job does not hide the others.
    ///
    /// A job with an error is not among the definitions; warnings keep none out. The problems are sorted by their place.
    /// - Parameters:
    ///   - file: The path as the user would write it; the name of a single job without `name` is its base name, and the calendars that
    ///     jobs name are read from its folder.
    ///   - asChronos: Takes every job for one in the shape of Chronos, also one without a field that only Chronos has: what comes
    ///     in through its API.
    ///   - placement: What is to be told of the places that jobs name; nil when nothing is known of any.
    package static func read(
        text: String, file: String, asChronos: Bool = false, placement: Placement? = nil
    ) -> (definitions: [Definition], problems: [Problem]) {
        let contents = contents(of: text, file: file, asChronos: asChronos, calendars: Calendars(), placement: placement)
        return (contents.definitions, contents.problems)
    }

    struct Contents: Sendable {
        var definitions: [Definition] = []
        var problems: [Problem] = []
        /// Names of jobs that stand in the file, but have an error.
        var refused: Set<JobName> = []
        /// Paths of the calendars that its jobs name.
        var calendars: Set<String> = []
        /// Whether some of them cannot be read for the moment, so that nothing can be said of the file.
        var isPutOff = false

        var hasErrors: Bool { problems.contains { $0.severity == .error } }

        /// Holds what is the same as in `known` only once.
        mutating func share(_ known: [Definition]) {
            guard !known.isEmpty else { return }
            let known = Dictionary(known.map { ($0.job.name, $0) }) { first, _ in first }
            definitions = definitions.map { $0.sharing(known[$0.job.name]) }
        }
    }

    static func contents(
        of text: String, file: String, asChronos: Bool = false, calendars: Calendars, placement: Placement?
    ) -> Contents {
        let findings = Findings(file: file, text: text)
        let reader = DocumentReader(
            isAlwaysChronos: asChronos, findings: findings, calendars: NamedCalendars(calendars, besides: file), placement: placement)
        var contents = Contents()
        if text.utf8.contains(0) {
            findings.error(.start, "not a text file: it holds NUL characters")
        } else if text.utf8.allSatisfy({ $0 == 0x20 || $0 == 0x0A || $0 == 0x0D || $0 == 0x09 }) {
            // Likelier a write that went wrong than the wish to have no job.
            findings.error(.start, "this file is empty; delete it to remove its jobs")
        } else {
            let documents = file.hasSuffix(".json") ? JSONText.documents(in: text, findings) : YAMLText.documents(in: text, findings)
            for document in documents { reader.read(document, isOnly: documents.count == 1, into: &contents) }
        }
        contents.problems = findings.problems.sorted()
        contents.calendars = reader.calendars.paths
        contents.isPutOff = reader.calendars.isPutOff
        return contents
    }

    static let nameWording = "letters, digits, `_`, `.` and `-`, at most 128, the first a letter, a digit or `_`"
}

/// Reads the documents of one file, each of them a job.
private struct DocumentReader {
    /// Also without a field that only Chronos has.
    let isAlwaysChronos: Bool
    let findings: Findings
    let calendars: NamedCalendars
    let placement: Placement?

    func read(_ document: Document, isOnly: Bool, into contents: inout JobFile.Contents) {
        guard case .map(let members) = document.root.content else {
            findings.error(document.root.place, "a job must be a map of keys such as `command: ./job.sh`, not \(document.root.kind)")
            return
        }
        let errorsBefore = findings.errors
        let shape = isAlwaysChronos ? .chronos : JobShape(of: members)
        let fields = Fields(members, at: document.root.place, isLenient: shape == .chronos, findings)
        let fallback = fields.has("name") ? nil : fallbackName(isOnly: isOnly, at: document.root.place)
        let read = shape.read(fields, fallbackName: fallback, calendars)
        if let read { placement?.tell(of: read.job, in: document.root, findings, isFlawed: findings.errors > errorsBefore) }
        guard let reading = read, reading.isWhole, findings.errors == errorsBefore, !document.root.isFlawed else {
            if let name = fallback ?? name(among: members) { contents.refused.insert(name) }
            return
        }
        var canonical = reading.canonical
        canonical["name"] = .text(reading.job.name.text)
        if shape == .chronos { canonical[Definition.canonicalShapeKey] = .text("chronos") }
        let text = CanonicalValue.map(canonical).json
        var job = reading.job
        job.version = sha256(text)
        let line = document.root.place.line
        contents.definitions.append(
            Definition(
                job: job, canonical: text, source: document.source, file: findings.file, line: line, places: reading.places))
    }

    private func name(among members: [Element.Member]) -> JobName? {
        guard case .text(let text)? = members.first(where: { $0.key == "name" })?.value.content else { return nil }
        return JobName(text)
    }

    private func fallbackName(isOnly: Bool, at place: Place) -> JobName? {
        guard isOnly else {
            findings.error(place, "`name` is missing; a file with several jobs must name each")
            return nil
        }
        let base = findings.file.split(separator: "/").last ?? ""
        let stem = base.lastIndex(of: ".").map { base[..<$0] } ?? base
        if let name = JobName(String(stem)) { return name }
        findings.error(place, "the file's name `\(String(stem).shortened)` cannot be the job's (\(JobFile.nameWording)); write a `name`")
        return nil
    }
}
