import Foundation
import TestSupport
import Testing

@testable import Execution

/// What a controller forgets that is killed, and what is asked for while it does.
extension SlurmFailureTests {
    /// Waits until the controller has saved all that it knows by now; what it has not when it is killed it loses, and gives the numbers of
    /// the tasks that it lost to others.
    ///
    /// What it saved holds comments in plain letters: one that it learns now is there once the rest is.
    @discardableResult
    func awaitSave() throws -> Data {
        let comment = "saved-\(UInt64.random(in: 0...UInt64.max))"
        try cluster.run("sbatch", "--hold", "-J", "saved", "--comment", comment, "-o", "/dev/null", "-D", "/", "--wrap", "true")
        var saved = Data()
        let isSaved = wait {
            saved = FileManager.default.contents(atPath: "\(cluster.path)/state/job_state") ?? Data()
            return saved.range(of: Data(comment.utf8)) != nil
        }
        #expect(isSaved)
        try cluster.run("scancel", "-n", "saved")
        return saved
    }

    /// The controller is killed, and comes back as one that saved nothing later.
    private func crash(to saved: Data) throws {
        try cluster.change("ctld-down")
        try saved.write(to: URL(fileURLWithPath: "\(cluster.path)/state/job_state"))
        try? FileManager.default.removeItem(atPath: "\(cluster.path)/state/job_state.old")
        try cluster.change("ctld-up")
        try cluster.run("scancel", "-n", "saved")
    }

    /// Whatever took the run first, its end was asked for.
    @Test func aKillOfATaskWhoseNodeDiesIsAKill() async throws {
        place.executor.launch([waiting(on: "n1")])
        await place.reports.start(of: "t-1")
        try cluster.change("node-down", "n1")
        defer { #expect(throws: Never.self) { try cluster.change("node-up", "n1") } }
        place.executor.kill(run: "t-1", reason: "by ada")
        #expect(wait { Files.exists(place.folder("t-1").killFile) })
        try cluster.run("scontrol", "update", "nodename=n1", "state=down", "reason=test")

        let ending = await place.reports.ending(of: "t-1")
        #expect(ending.kind == .killed && ending.startedAt != nil, "\(ending)")
        #expect(ending.reason == "by ada; Slurm: node-failed: node n1 failed under the command", "\(ending)")
    }

    /// Of what a crash made the controller forget, and a node with it, nobody knows; unless its end was asked for.
    ///
    /// catalogue 78
    @Test(arguments: [nil, "by ada"]) func aTaskThatTheControllerForgotIsLost(kill: String?) async throws {
        let saved = try awaitSave()
        place.executor.launch([waiting(on: "n1")])
        await place.reports.start(of: "t-1")
        try cluster.change("node-down", "n1")
        if let kill {
            place.executor.kill(run: "t-1", reason: kill)
            #expect(wait { Files.exists(place.folder("t-1").killFile) })
        }
        try crash(to: saved)
        try cluster.change("node-up", "n1")

        let ending = await place.reports.ending(of: "t-1")
        let reason = "task-vanished: the cluster knows nothing of the task any more, and it left no outcome"
        #expect(ending.kind == (kill == nil ? .lost : .killed), "\(ending)")
        #expect(ending.reason == (kill.map { "\($0); Slurm: \(reason)" } ?? reason), "\(ending)")
    }

    /// The number of a task that a crash made the controller forget is given to another; by their names they are told apart.
    ///
    /// catalogue 77
    @Test func aTaskThatTheControllerForgotIsSubmittedAgain() async throws {
        let blocker = try occupy("n3")
        let saved = try awaitSave()
        place.executor.launch([waiting("t-1", on: "n3")])
        await pending("queued: ")
        let forgotten = try tasks("t-1")
        try crash(to: saved)
        place.executor.launch([place.shell("t-2", "exit 3")])
        #expect(await place.reports.ending(of: "t-2").exitCode == 3)
        #expect(try tasks("t-2") == forgotten, "the number was given to another")
        try cluster.run("scancel", blocker)
        await place.reports.start(of: "t-1")
        place.openGate()

        #expect(await place.reports.ending(of: "t-1").exitCode == 7)
        #expect(try marks == ["t-1"])
    }

    /// It comes back with a task in the queue that runs: it ends what the node has of it, and would begin it anew.
    @Test func aTaskThatTheControllerTakesForWaitingIsBegunOnce() async throws {
        let blocker = try occupy("n3")
        place.executor.launch([waiting(on: "n3")])
        await pending("queued: ")
        // So that it does not begin anew before the first one was missed.
        try cluster.run("scontrol", "hold", tasks()[0])
        let saved = try awaitSave()
        try cluster.run("scontrol", "release", tasks()[0])
        try cluster.run("scancel", blocker)
        await place.reports.start(of: "t-1")
        try crash(to: saved)
        // That one it has again, too, and would for long.
        try cluster.run("scancel", blocker)

        let ending = await place.reports.ending(of: "t-1")
        #expect(ending.kind == .signaled && ending.startedAt != nil, "\(ending)")
        #expect(ending.reason == "node-failed: Slurm lost sight of the task on node n3, and has it in the queue again", "\(ending)")
        #expect(wait { (try? tasks("t-1", "pending").isEmpty) == true })
        #expect(try marks == ["t-1"])
    }
}
