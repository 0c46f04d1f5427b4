import Foundation
import Glibc
import TestSupport
import Timetable

@testable import Execution

extension SlurmSettings {
    /// As a site that is in a hurry says them.
    static func forTests(on cluster: SlurmCluster) -> SlurmSettings {
        var settings = SlurmSettings(name: "hpc")
        settings.configuration = "\(cluster.path)/etc/slurm.conf"
        settings.pollInterval = .milliseconds(300)
        settings.doubt = .seconds(5)
        return settings
    }

    static func forTests(bySSHTo cluster: SlurmCluster, _ ground: Engine.Ground) throws -> SlurmSettings {
        var settings = forTests(on: cluster)
        settings.ssh = "login"
        settings.sshConfiguration = try SSHServer.running().configuration
        settings.remoteFolder = ground.runsElsewhere
        return settings
    }
}

extension Engine {
    /// The tasks of a real cluster.
    static let slurm = slurm("slurm") { try .running() }

    /// The same on a cluster that may be broken meanwhile.
    static let fragileSlurm = slurm("fragile slurm") { try .fragile() }

    /// Tasks of the same cluster, handed over by ssh; nothing is shared.
    static let remoteSlurm = Engine(
        testDescription: "slurm by ssh",
        nodes: slurm.nodes,
        ownVariables: slurm.ownVariables,
        crowd: slurm.crowd,
        isElsewhere: true,
        makeExecutor: { ground, reports in
            try? FileManager.default.createDirectory(atPath: ground.runsElsewhere, withIntermediateDirectories: true)
            return try SlurmExecutor(.forTests(bySSHTo: .running(), ground), runs: ground.runs, keeper: Place.keeper()) { reports.add($0) }
        },
        beginnings: [
            Beginning(testDescription: "the intent alone") { _, _ in },
            Beginning(testDescription: "a mirror alone") { place, launch in
                let there = RunFolder(runs: place.ground.runsElsewhere, run: launch.run)
                _ = try place.folder(launch.run).prepareMirror(of: there, launch, bootID: RunFolder.currentBootID(), task: TaskKeeping())
            },
            Beginning(testDescription: "a mark of a task that never came") { place, launch in
                let there = RunFolder(runs: place.ground.runsElsewhere, run: launch.run)
                _ = try place.folder(launch.run).prepareMirror(of: there, launch, bootID: RunFolder.currentBootID(), task: TaskKeeping())
                try place.folder(launch.run).writeMark(TaskMark(at: LocalWatch.now()))
            },
            Beginning(testDescription: "a task of which nobody heard", mayStart: true) { place, launch in
                guard case .accepted = try place.remoteSlurm().submit(launch, mayBeKnown: false) else {
                    throw SystemError("submit", launch.run, EPROTO)
                }
                try place.folder(launch.run).writeMark(TaskMark(at: LocalWatch.now()))
            },
        ]
    )

    private static func slurm(_ name: String, _ cluster: @escaping @Sendable () throws -> SlurmCluster) -> Engine {
        Engine(
            testDescription: name,
            nodes: ["n1", "n2", "n3"],
            ownVariables: ["SLURM_", "SLURMD_", "TMPDIR"],
            crowd: 40,
            makeExecutor: { ground, reports in
                try SlurmExecutor(.forTests(on: cluster()), runs: ground.runs, keeper: Place.keeper()) { reports.add($0) }
            },
            beginnings: [
                Beginning(testDescription: "the intent alone") { _, _ in },
                Beginning(testDescription: "a folder with all that a keeper needs") { place, launch in
                    _ = try place.folder(launch.run).prepare(launch, bootID: RunFolder.currentBootID(), node: nil, task: TaskKeeping())
                },
                Beginning(testDescription: "a mark of a task that never came") { place, launch in
                    _ = try place.folder(launch.run).prepare(launch, bootID: RunFolder.currentBootID(), node: nil, task: TaskKeeping())
                    _ = try place.slurm(cluster()).place.providePrograms()
                    try place.folder(launch.run).writeMark(TaskMark(at: LocalWatch.now()))
                },
                Beginning(testDescription: "a task of which nobody heard", mayStart: true) { place, launch in
                    guard case .accepted = try place.slurm(cluster()).submitter.submit(launch, mayBeKnown: false) else {
                        throw SystemError("submit", launch.run, EPROTO)
                    }
                    try place.folder(launch.run).writeMark(TaskMark(at: LocalWatch.now()))
                },
                Beginning(testDescription: "two tasks", mayStart: true) { place, launch in
                    for _ in 0..<2 {
                        guard case .accepted = try place.slurm(cluster()).submitter.submit(launch, mayBeKnown: false) else {
                            throw SystemError("submit", launch.run, EPROTO)
                        }
                    }
                },
            ]
        )
    }
}

extension Place {
    func remoteSlurm() throws -> SlurmSubmitter {
        let settings = try SlurmSettings.forTests(bySSHTo: .running(), ground)
        let place = SlurmPlace(
            links: runs, shared: nil, remote: settings.remoteFolder, keeper: try Self.keeper(), bootID: try RunFolder.currentBootID())
        return SlurmSubmitter(commands: SlurmCommands(settings: settings, stop: nil), place: place)
    }

    /// What an executor on these runs is made of, for what no executor would do.
    func slurm(_ cluster: SlurmCluster) throws -> (place: SlurmPlace, submitter: SlurmSubmitter) {
        let place = SlurmPlace(links: runs, shared: nil, keeper: try Self.keeper(), bootID: try RunFolder.currentBootID())
        let commands = SlurmCommands(settings: .forTests(on: cluster), stop: nil)
        return (place, SlurmSubmitter(commands: commands, place: place))
    }
}
