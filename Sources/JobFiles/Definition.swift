package import Scheduling

/// A job as its file defines it, beside the texts from which it was read; a copy costs nothing.
package struct Definition: Sendable {
    private let parts: Parts

    package var job: Job { parts.job.job }

    /// The same, for whoever keeps it.
    var shared: SharedJob { parts.job }

    /// Canonical JSON: keys sorted, defaults not filled in, values typed by their key.
    ///
    /// `job.version` is its SHA-256.
    package var canonical: String { parts.canonical }

    /// The text of its document in the file.
    package var source: String { parts.source }

    /// The path as the user would write it.
    package var file: String { parts.file }

    /// Where its document begins in the file, from 1.
    package var line: Int { parts.line }

    /// Places within its document; nil when it was not read from its file, but kept from before a restart.
    var places: DefinitionPlaces? { parts.places }

    private final class Parts: Sendable {
        let job: SharedJob
        let canonical: String
        let source: String
        let file: String
        let line: Int
        let places: DefinitionPlaces?

        init(_ job: SharedJob, _ canonical: String, _ source: String, _ file: String, _ line: Int, _ places: DefinitionPlaces?) {
            self.job = job
            self.canonical = canonical
            self.source = source
            self.file = file
            self.line = line
            self.places = places
        }
    }

    package init(job: SharedJob, canonical: String, source: String, file: String, line: Int) {
        parts = Parts(job, canonical, source, file, line, nil)
    }

    init(job: Job, canonical: String, source: String, file: String, line: Int, places: DefinitionPlaces?) {
        parts = Parts(SharedJob(job), canonical, source, file, line, places)
    }

    /// The same, holding the job and the texts of `known` where those are no others.
    func sharing(_ known: Definition?) -> Definition {
        guard let known, known.parts.canonical == parts.canonical, known.job == job else { return self }
        let source = known.parts.source == parts.source ? known.parts.source : parts.source
        return Definition(Parts(known.parts.job, known.parts.canonical, source, parts.file, parts.line, parts.places))
    }

    private init(_ parts: Parts) { self.parts = parts }

    /// The job of a canonical text made earlier, with the same version; nil when the text is none.
    ///
    /// Also nil when the text was fine then and cannot be carried out now, for example because a time zone left the tz database.
    /// - Parameter calendars: The same for several texts, so that jobs that except one calendar share it.
    package static func parse(canonical: String, calendars: Calendars = Calendars()) -> Job? {
        guard let root = JSONText.value(of: canonical), case .map(let members) = root.content else { return nil }
        let findings = Findings(file: "", text: canonical)
        let shape = members.first { $0.key == canonicalShapeKey } == nil ? JobShape.rota : .chronos
        let fields = Fields(members.filter { $0.key != canonicalShapeKey }, at: root.place, isLenient: shape == .chronos, findings)
        let named = NamedCalendars(calendars, besides: nil)
        guard let read = shape.read(fields, fallbackName: nil, named), read.isWhole, findings.errors == 0 else { return nil }
        var job = read.job
        job.version = sha256(canonical)
        return job
    }

    /// The same definition with the rules that its zones have now; nil when they make it an error.
    func readAgain(_ calendars: Calendars) -> Definition? {
        guard let job = Self.parse(canonical: canonical, calendars: calendars) else { return nil }
        return Definition(job: job, canonical: canonical, source: source, file: file, line: line, places: places)
    }

    /// Stands in the canonical text of a job in the Chronos shape, whose own keys may all have had their default.
    static let canonicalShapeKey = "shape"
}
