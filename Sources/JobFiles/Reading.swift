package import Scheduling
package import Timetable

/// What one look at a jobs folder comes to.
package struct Reading: Sendable {
    /// The jobs in force.
    package var graph: JobGraph
    /// Their definitions: of each job of the graph, and of no other.
    package var definitions: [JobName: Definition]
    /// Of all files, sorted by place; what is wrong between jobs stands at one of them.
    package var problems: [Problem]
    /// When to look again though nothing may have changed: a file was put off, or one vanished.
    package var lookAgain: Instant?
    /// How many files are named like job files.
    package var files: Int
}
