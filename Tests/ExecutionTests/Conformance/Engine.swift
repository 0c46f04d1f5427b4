import Foundation
import Glibc
import TestSupport
import Testing

@testable import Execution

/// An engine as the conformance suite knows it: how an executor for it is made, and in what its runs may differ from those of others.
///
/// The suite itself knows only `Executor` and the folder of a run. Another engine plugs in here, and in `all`.
struct Engine: Sendable, CustomTestStringConvertible {
    /// Where an executor is made.
    struct Ground: Sendable {
        /// A folder of the test's own, which the nodes of the engine see.
        let path: String
        /// The folders of the runs, below it.
        let runs: String
        let hasControlGroups: Bool

        /// The folders of the runs over there, of an engine that does not share them.
        var runsElsewhere: String { "\(path)/there" }
    }

    let testDescription: String
    /// What its nodes may be called.
    let nodes: Set<String>
    /// How the names of variables begin that it adds to those of a run.
    let ownVariables: [String]
    /// How many runs are many.
    let crowd: Int
    /// Whether its nodes see other folders of the runs than the scheduler.
    var isElsewhere = false
    let makeExecutor: @Sendable (Ground, Reports) throws -> any Executor
    /// What a scheduler may have done about a run before it died.
    let beginnings: [Beginning]

    struct Beginning: Sendable, CustomTestStringConvertible {
        let testDescription: String
        /// Whether something is under way that may start the run.
        var mayStart = false
        let make: @Sendable (Place, Launch) throws -> Void
    }

    /// Those that can be had here.
    static let all: [Engine] =
        [.local] + (SlurmCluster.isPossible ? [.slurm] : [])
        + (SlurmCluster.isPossible && SSHServer.isPossible ? [.remoteSlurm] : [])

    static let beginnings: [(engine: Engine, beginning: Beginning)] = all.flatMap { engine in engine.beginnings.map { (engine, $0) } }
}

extension Engine {
    static let local = Engine(
        testDescription: "local",
        nodes: ["node-1"],
        ownVariables: [],
        crowd: 200,
        makeExecutor: { ground, reports in
            try LocalExecutor(runs: ground.runs, keeper: Place.keeper(), node: "node-1", hasControlGroups: ground.hasControlGroups) {
                reports.add($0)
            }
        },
        beginnings: [
            Beginning(testDescription: "the intent alone") { _, _ in },
            Beginning(testDescription: "an empty folder") { place, launch in
                _ = try Files.makeFolder(place.folder(launch.run).path, mode: 0o700)
            },
            Beginning(testDescription: "a folder with all that a keeper needs") { place, launch in
                _ = try place.folder(launch.run).prepare(launch, bootID: RunFolder.currentBootID(), node: "node-1")
            },
        ]
    )
}
