internal import Scheduling

/// The two ways to write a job: ours, and that of Chronos.
enum JobShape {
    case rota, chronos

    /// A job is in the Chronos shape as soon as it has a key that only Chronos has.
    init(of members: [Element.Member]) {
        self = members.contains { ChronosReader.ownKeys.contains($0.key) && !ContainerReader.isOurs($0) } ? .chronos : .rota
    }

    /// A job as it was understood; what is wrong with it stands in the findings, and a job with errors may not come into force.
    struct Reading {
        var job: Job
        var canonical: [String: CanonicalValue]
        var places: DefinitionPlaces
        /// Whether it has a command, without which there is only something to be judged.
        var isWhole: Bool
    }

    /// nil when not even a name could be read.
    func read(_ fields: Fields, fallbackName: JobName?, _ calendars: NamedCalendars) -> Reading? {
        switch self {
        case .rota:
            var reader = JobReader(fields, calendars)
            return reader.read(fallbackName: fallbackName)
        case .chronos:
            var reader = ChronosReader(fields)
            return reader.read(fallbackName: fallbackName)
        }
    }
}
