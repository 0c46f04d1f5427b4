import CPlatform
import Glibc

/// The folder in which each local run gets a control group (version 2) of its own, and how to come by it.
///
/// A group holds all that a run started, whatever became of parents, sessions and environments. It is ours to make only below a group
/// that was given to the scheduler: delegated by systemd, or the root of what it sees. Elsewhere runs have none, and are held together by
/// sub-reaping, /proc and the limits of processes.
package struct ControlGroups: Hashable, Sendable {
    /// What runs get of the kernel beyond being held together: limits of a whole run instead of one of its processes, and figures.
    package enum Controller: String, Hashable, Sendable, CaseIterable {
        case memory
        case pids
        case cpu
    }

    /// Of one process: what control groups its runs have, and what they lack.
    package struct Finding: Hashable, Sendable {
        /// The folder of the runs' groups; nil when there may be none.
        package var runs: String?
        /// What these groups limit and count.
        package var controllers: [Controller] = []
        /// What runs do without, and why; nil when nothing is missing.
        package var shortcoming: String?
        /// What to do about it; nil together with `shortcoming`.
        package var remedy: String?
    }

    /// The scheduler's own group when those of its runs have controllers: a group that hands controllers down may hold no process.
    package static let leaf = "rota-scheduler"

    /// The group that holds those of all runs.
    static let folder = "rota-runs"

    /// The folder of the runs' groups.
    let runs: String
    /// Tells the runs of one state folder from those of another, which may be a copy of it with the same run ids.
    let mark: String

    /// What a scheduler that is this process has, or would have. Changes nothing.
    ///
    /// For the process of a running scheduler this is what it works with; for any other, what one would find in its place.
    package static func finding(of process: Int32) -> Finding {
        do {
            return try Surroundings(of: process).finding
        } catch {
            return Finding(shortcoming: "control groups cannot be found out about: \(error)", remedy: "mount /proc for the scheduler")
        }
    }
}
