import Execution
import Scheduling
import TestSupport
import Testing

/// What Slurm cannot be asked for.
struct SlurmDemandTests {
    private func job(_ change: (inout Job) -> Void) -> Job {
        var job = TestSupport.job("a", nil)
        job.runOn = "hpc"
        change(&job)
        return job
    }

    private var settings = SlurmSettings(name: "hpc")

    private func objections(_ submitter: SlurmDemand.Submitter? = nil, _ change: (inout Job) -> Void) -> [String] {
        SlurmDemand.objections(to: job(change), on: settings, submitter: submitter).map { "\($0.key): \($0.message)" }
    }

    @Test func whatTheKeeperAndTheOptionsCanDoIsFine() {
        let told = objections(SlurmDemand.Submitter(name: "root", isRoot: true)) { job in
            job.cpus = 2
            job.memory = 1 << 30
            job.disk = 1 << 30
            job.gres = ["gpu:2"]
            job.constraints = [
                Constraint(attribute: "feature", operation: .equals, value: "bigmem"),
                Constraint(attribute: "node", operation: .like, value: "n[1-3]"),
                Constraint(attribute: "hostname", operation: .unlike, value: "n2"),
            ]
            job.slurm = ["nice": "100", "exclusive": "", "partition": "long", "mail-type": "FAIL", "licenses": "a:1", "gres-flags": "x"]
            job.user = "etl"
            job.timeout = .seconds(60)
            job.umask = 0o027
            job.nice = 5
            job.limits.processes = 5
            job.labels = ["team": "data"]
        }
        #expect(told == [])
    }

    @Test func anAttributeThatNodesDoNotHaveIsRefused() {
        #expect(
            objections { $0.constraints = [Constraint(attribute: "rack", operation: .equals, value: "r1")] } == [
                "constraints.0: the executor `hpc` is a Slurm cluster, whose nodes have no attribute `rack`; there are `node`, `hostname`, "
                    + "`nodename`, `feature`, and a feature is named as its value: [feature, EQUALS, bigmem]"
            ])
    }

    @Test(arguments: ["a&b", "a|b", "n1,n2", "n[1-2]", "", "!x", "a b", "-x"]) func whatIsNoNameIsRefused(value: String) {
        let told = objections { $0.constraints = [Constraint(attribute: "feature", operation: .equals, value: value)] }
        #expect(told.count == 1 && told.first?.hasPrefix("constraints.0: `\(value)` cannot be the name of a feature") == true)
    }

    @Test(arguments: [
        ("n[1-3]", true), ("n(1|2)|m.*", true), (#"n\."#, true), (#"n\d+"#, false), ("n(?:1|2)", false), (#"\bn1"#, false),
        (#"n(.)\1"#, false),
    ])
    func patternsAreThoseOfPOSIX(pattern: String, isFine: Bool) {
        for operation in [Constraint.Operator.like, .unlike] {
            let told = objections { $0.constraints = [Constraint(attribute: "node", operation: operation, value: pattern)] }
            #expect(told.isEmpty == isFine, "\(told)")
            #expect(
                isFine
                    || told[0].hasPrefix("constraints.0: the executor `hpc` takes extended regular expressions of POSIX, and `\(pattern)`"))
        }
    }

    /// Also what is only the beginning of such an option, which sbatch takes for the whole.
    @Test(arguments: [
        "job-name", "comment", "output", "error", "parsable", "wrap", "export", "export-file", "requeue", "no-requeue", "array", "uid",
        "gid", "wait", "hold", "test-only", "dependency", "input", "open-mode", "chdir", "quiet", "verbose", "help", "version", "usage",
        "clusters",
        "signal", "begin", "get-user-env", "container", "outp", "expor", "arr", "ui",
    ])
    func whatIsOursIsRefusedWithItsReason(option: String) {
        let told = objections { $0.slurm = [option: "x"] }
        #expect(told.count == 1)
        #expect(told.first?.hasPrefix("slurm.\(option): `slurm.\(option)` is not for a task of the executor `hpc`: ") == true)
        #expect(SlurmOption.refusal(of: option).map { $0.count > 10 } == true)
    }

    @Test(arguments: [
        ("cpus-per-task", "cpus"), ("mem", "memory"), ("mem-per-cpu", "memory"), ("tmp", "disk"), ("gres", "gres"),
        ("constraint", "constraints"), ("nodelist", "constraints"), ("exclude", "constraints"), ("time", "timeout"),
    ])
    func whatAKeyOfTheJobSaysIsNotSaidTwice(option: String, key: String) {
        #expect(objections { $0.slurm = [option: "1"] } == [], "where the job does not say it")
        let told = objections { job in
            job.cpus = 1
            job.memory = 1 << 20
            job.disk = 1
            job.gres = ["gpu"]
            job.constraints = [Constraint(attribute: "node", operation: .equals, value: "n1")]
            job.timeout = .seconds(1)
            job.slurm = [option: "1"]
        }
        #expect(told == ["slurm.\(option): `slurm.\(option)` says once more what `\(key)` says to the executor `hpc`; take one out"])
    }

    @Test func oneLoginOverSSHIsOneUser() {
        var settings = settings
        settings.ssh = "login1"
        let root = SlurmDemand.Submitter(name: "root", isRoot: true)
        #expect(SlurmDemand.objections(to: job { $0.user = "etl" }, on: settings, submitter: root).map(\.key) == ["user"])
    }

    @Test func onlyRootSubmitsForOthers() {
        let ada = SlurmDemand.Submitter(name: "ada", isRoot: false)
        #expect(objections(ada) { $0.user = "ada" } == [])
        #expect(objections { $0.user = "etl" } == [], "where it is not known who submits")
        #expect(
            objections(ada) { $0.user = "etl" } == [
                "user: the executor `hpc` submits tasks as `ada`, and only root may do that for `etl`; run the scheduler as root, or take "
                    + "`user` out"
            ])
    }
}
