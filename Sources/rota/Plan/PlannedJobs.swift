import JobFiles
import RunHistory
import Scheduling

/// What a folder of job files would change of the definitions in force.
struct PlannedJobs {
    struct Added {
        let definition: Definition
        /// A job that goes at the same time, and says the same but for its name.
        fileprivate(set) var renamedFrom: JobName?
    }

    struct Changed {
        let definition: Definition
        let changes: [KeyChange]
    }

    struct Removed {
        let job: JobName
        fileprivate(set) var renamedTo: JobName?
    }

    private(set) var added: [Added] = []
    private(set) var changed: [Changed] = []
    private(set) var removed: [Removed] = []
    /// Jobs in force that stay as they are, although the files say something else, for these have errors.
    private(set) var kept: [Definition] = []

    var isEmpty: Bool { added.isEmpty && changed.isEmpty && removed.isEmpty }

    /// - Parameters:
    ///   - stored: The definitions in force.
    ///   - reading: What would be in force.
    ///   - asWritten: What the files alone come to.
    init(_ stored: [StoredDefinition], _ reading: Reading, asWritten: Reading) {
        let inForce = Dictionary(stored.map { ($0.job, $0) }) { first, _ in first }
        for (name, definition) in reading.definitions.sorted(by: { $0.key < $1.key }) {
            guard let old = inForce[name.text] else {
                added.append(Added(definition: definition))
                continue
            }
            if old.version != definition.job.version {
                changed.append(Changed(definition: definition, changes: KeyChange.all(from: old.canonical, to: definition.canonical)))
            } else if asWritten.definitions[name]?.job.version != old.version {
                kept.append(definition)
            }
        }
        let gone = stored.compactMap { JobName($0.job) }.filter { reading.definitions[$0] == nil }
        removed = gone.sorted().map { Removed(job: $0) }
        pairRenamed(inForce)
    }

    /// A guess, made only where one job that goes and one that comes fit no other.
    private mutating func pairRenamed(_ inForce: [String: StoredDefinition]) {
        for place in removed.indices {
            guard let old = inForce[removed[place].job.text]?.canonical else { continue }
            let fitting = added.indices.filter { KeyChange.isRenaming(from: old, to: added[$0].definition.canonical) }
            guard fitting.count == 1, let match = fitting.first, added[match].renamedFrom == nil else { continue }
            let twins = removed.count { other in
                inForce[other.job.text].map { KeyChange.isRenaming(from: $0.canonical, to: added[match].definition.canonical) } == true
            }
            guard twins == 1 else { continue }
            added[match].renamedFrom = removed[place].job
            removed[place].renamedTo = added[match].definition.job.name
        }
    }
}
