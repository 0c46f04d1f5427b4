import Execution
import Foundation
import Scheduling
import TestSupport
import Testing

/// The list of options is held against the real sbatch.
struct SlurmOptionTests {
    private static let sbatch = "/usr/bin/sbatch"

    /// It wants a configuration to read, and no cluster: what it says of its arguments comes before anything is asked.
    @Test(.enabled(if: FileManager.default.isExecutableFile(atPath: sbatch), "sbatch is not installed; slurm-client brings it"))
    func theListIsThatOfTheRealSbatch() throws {
        let folder = try TemporaryFolder()
        try folder.write("ClusterName=none\nSlurmctldHost=localhost\n", to: "slurm.conf")
        func complaint(_ argument: String) throws -> String {
            try Program.run(Self.sbatch, [argument], environment: ["SLURM_CONF": folder.path + "/slurm.conf"]).stderr
        }
        #expect(SlurmOption.names.count == 103)
        for name in SlurmOption.names {
            let alone = try complaint("--\(name)")
            #expect(!alone.contains("unrecognized option"), "\(name): \(alone)")
            if alone.contains("requires an argument") {
                #expect(SlurmOption.form(of: name) == .value, "\(name)")
            } else {
                let takesNone = try complaint("--\(name)=x").contains("doesn't allow an argument")
                #expect(SlurmOption.form(of: name) == (takesNone ? .flag : .either), "\(name)")
            }
        }
        #expect(try complaint("--partion=x").contains("unrecognized option"))
    }

    @Test(arguments: [
        ("partion", "`sbatch` has no option `partion`; did you mean `partition`?"),
        ("cpus-per-taks", "`sbatch` has no option `cpus-per-taks`; did you mean `cpus-per-task`?"),
        ("mail_type", "`sbatch` has no option `mail_type`; did you mean `mail-type`?"),
        ("part", "it is the beginning of `partition`; write the whole name of an option"),
        ("job-nam", "it is the beginning of `job-name`; write the whole name of an option"),
    ])
    func aSlipIsToldWithWhatWasMeant(name: String, expected: String) {
        #expect(SlurmOption.fault(of: name) == expected)
    }

    @Test(arguments: ["tres-per-task", "segment", "consolidate-segments", "partition", "nice"]) func whatMayBeIsNoFault(name: String) {
        #expect(SlurmOption.fault(of: name) == nil)
    }

    private func objections(_ options: [String: String]) -> [String] {
        var job = TestSupport.job("a", nil)
        job.runOn = "hpc"
        job.slurm = options
        return SlurmDemand.objections(to: job, on: SlurmSettings(name: "hpc")).map { "\($0.key) \($0.isWarning): \($0.message)" }
    }

    @Test func aJobIsToldBeforeItIsSubmitted() {
        #expect(
            objections(["partion": "x", "exclusive": "", "overcommit": "2", "qos": "", "tres-per-task": "gpu:1"]) == [
                "slurm.overcommit false: `slurm.overcommit` cannot be asked of the executor `hpc`: `overcommit` takes no value; write true",
                "slurm.partion false: `slurm.partion` cannot be asked of the executor `hpc`: `sbatch` has no option `partion`; did you mean "
                    + "`partition`?",
                "slurm.qos false: `slurm.qos` cannot be asked of the executor `hpc`: `qos` needs a value; write it instead of true",
                "slurm.tres-per-task true: `slurm.tres-per-task`: `sbatch` of Slurm 22.05 has no option `tres-per-task`; it is passed on for a "
                    + "later one, and an earlier one refuses the task",
            ])
    }
}
