package import JobFiles
package import RunHistory
package import Scheduling

/// The jobs of the definitions that the ledger had in force, parsed once for all who want them.
package struct StoredJobs {
    private let jobs: [(stored: StoredDefinition, job: SharedJob)]

    /// Leaves out what this version, or this machine's tz database, cannot make anything of.
    package init(_ definitions: [StoredDefinition]) {
        let calendars = Calendars()
        jobs = definitions.compactMap { stored in
            Definition.parse(canonical: stored.canonical, calendars: calendars).map { (stored, SharedJob($0)) }
        }
    }

    package var graph: JobGraph { JobGraph.build(sharing: jobs.map(\.job)).graph }

    /// What was in force of the files below `folder`, named as the user names them now.
    ///
    /// - Parameter other: Where the same files are looked for, if not there: another checkout of them.
    package func definitions(below folder: String, movedTo other: String? = nil) -> [Definition] {
        let root = StateFolder.absolute(folder) + "/"
        let path = other ?? folder
        let named = path.hasSuffix("/") ? path : path + "/"
        return jobs.filter { $0.stored.file.hasPrefix(root) }.map { stored, job in
            Definition(
                job: job, canonical: stored.canonical, source: stored.source, file: named + stored.file.dropFirst(root.count),
                line: stored.line)
        }
    }
}
