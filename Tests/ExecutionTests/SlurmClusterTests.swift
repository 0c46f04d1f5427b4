import Foundation
import TestSupport
import Testing

/// The cluster that the tests of Slurm run against is a real one, and can be had or says why not.
@Suite(.enabled(if: SlurmCluster.isPossible, Comment(rawValue: SlurmCluster.absence)), .timeLimit(.minutes(3))) struct SlurmClusterTests {
    @Test func itTakesTasksAndKeepsAccounts() throws {
        let cluster = try SlurmCluster.running()
        #expect(try SlurmCluster.running() === cluster, "one for the whole process")

        let id = try cluster.run("sbatch", "--parsable", "--wait", "-J", "cluster-test", "-o", "/dev/null", "-D", "/", "--wrap", "exit 0")
        let row = "\(id.dropLast())|COMPLETED\n"
        #expect(wait { (try? cluster.run("sacct", "-X", "-n", "-P", "--name=cluster-test", "-o", "jobid,state")) == row })
    }

    @Test func itSaysWhatItRefuses() throws {
        #expect(throws: SlurmCluster.Failure.self) { try SlurmCluster.running().change("no-such-subcommand") }
        #expect(throws: SlurmCluster.Failure.self) { try SlurmCluster.running().run("sbatch", "-p", "nowhere", "--wrap", "true") }
    }
}
