import Scheduling
import TestSupport
import Testing
import Timetable

@testable import Execution

/// How a run is said to sbatch.
struct SlurmArgumentsTests {
    private func arguments(_ change: (inout Launch) -> Void = { _ in }, root: Bool = false, settings: SlurmSettings? = nil) -> [String] {
        var launch = Launch(run: "abc-7", job: "align", due: Instant(seconds: 1_795_390_482), words: ["true"])
        change(&launch)
        return SlurmArguments(settings: settings ?? SlurmSettings(name: "hpc"), isPrivileged: root).arguments(
            launch, folder: "/srv/50%/runs/abc-7", script: "/srv/bin/task.sh", keeper: "/srv/bin/keeper", workdir: "/srv/bin")
    }

    private func options(_ change: (inout Launch) -> Void, root: Bool = false, settings: SlurmSettings? = nil) -> Set<String> {
        Set(arguments(change, root: root, settings: settings)).subtracting(arguments())
    }

    @Test func aRunWithoutDemands() {
        #expect(
            arguments() == [
                "--parsable", "--no-requeue", "--job-name=rota-abc-7",
                "--comment=rota run=abc-7 job=align due=2026-11-22T23:34:42Z attempt=1", "--export=ALL",
                "--output=/srv/50%%/runs/abc-7/slurm", "--error=/srv/50%%/runs/abc-7/slurm", "--open-mode=append", "--chdir=/srv/bin",
                "/srv/bin/task.sh", "/srv/bin/keeper", "/srv/50%/runs/abc-7",
            ])
    }

    @Test func demandsAreSaidInSlurmsUnits() {
        let options = options { launch in
            launch.task.cpus = 1.5
            launch.task.memory = 512 << 20 + 1
            launch.task.disk = 10 << 30
            launch.task.gres = ["gpu:2", "widget:1"]
            launch.timeout = .seconds(90)
            launch.killAfter = .seconds(10)
        }
        #expect(options.isSuperset(of: ["--cpus-per-task=2", "--tmp=10240M", "--gres=gpu:2,widget:1", "--time=7"]))
        #expect(options.contains { $0.hasPrefix("--mem=") && $0.hasSuffix("M") })
    }

    @Test func theJobsOwnWordsWin() {
        var settings = SlurmSettings(name: "hpc")
        settings.partition = "batch"
        settings.account = "genomics"
        settings.options = ["constraint": "avx2", "exclusive": "", "mem": "1G"]
        let options = options({ $0.task.options = ["partition": "gpu", "time": "30"] }, settings: settings)

        #expect(options == ["--partition=gpu", "--account=genomics", "--constraint=avx2", "--exclusive", "--mem=1G", "--time=30"])
    }

    @Test func nobodyTakesWhatMakesATaskARun() {
        #expect(options { $0.task.options = ["output": "/tmp/x", "array": "0-9", "wrap": "rm", "requeue": "", "job-name": "y"] }.isEmpty)
    }

    @Test func constraintsOnEquality() {
        let options = options { launch in
            launch.task.constraints = [
                Constraint(attribute: "feature", operation: .equals, value: "avx2"),
                Constraint(attribute: "rack", operation: .equals, value: "rack1"),
                Constraint(attribute: "hostname", operation: .equals, value: "n3"),
            ]
        }
        #expect(options == ["--constraint=avx2&rack1", "--nodelist=n3"])
    }

    @Test func constraintsByPatternExcludeNodes() {
        let nodes = SlurmNodes("n1|any,rack1,early\nn2|any,rack1,early\nn3|any,rack2,last\nn1|any,rack1,early\nn4|(null)\n")
        func excluded(_ attribute: String, _ operation: Constraint.Operator, _ value: String) -> [String]? {
            nodes.excluded(by: [Constraint(attribute: attribute, operation: operation, value: value)])
        }
        #expect(nodes.nodes.count == 4)
        #expect(excluded("hostname", .like, "n[1-2]") == ["n3", "n4"])
        #expect(excluded("rack", .like, "rack[1-9]") == ["n4"])
        #expect(excluded("rack", .unlike, "rack1") == ["n1", "n2"])
        #expect(excluded("hostname", .unlike, "n[12]|n4") == ["n1", "n2", "n4"])
        #expect(excluded("hostname", .like, "n") == nil, "the whole name")
        #expect(excluded("hostname", .like, "(") == nil)
    }

    @Test func onlyRootGoesAheadOfOthers() {
        #expect(options { $0.task.priority = 2 } == ["--nice=300"])
        #expect(options { $0.task.priority = 9 }.isEmpty)
        #expect(options({ $0.task.priority = 9 }, root: true) == ["--nice=-400"])
    }

    /// A user without a group would keep that of root.
    @Test func anotherUserIsSaidWithHisGroup() {
        let words = SlurmArguments(settings: SlurmSettings(name: "hpc"), isPrivileged: true).arguments(
            Launch(run: "abc-7", job: "align", due: .epoch, words: ["true"]), folder: "/f", script: "/s", keeper: "/k", workdir: "/w",
            owner: RunOwner(user: 1000, group: 100))
        #expect(words.contains("--uid=1000") && words.contains("--gid=100"))
    }

    @Test func aCommentIsOneLine() {
        let comment = arguments { $0.task.labels = ["team": "a\nb|c", "x": String(repeating: "y", count: 900)] }
            .first { $0.hasPrefix("--comment=") }
        #expect(comment?.contains("team=a b c") == true && comment?.contains("\n") == false)
        #expect((comment?.count ?? 0) < 520)
    }

    @Test func wordsAreQuotedForARemoteShell() {
        var settings = SlurmSettings(name: "hpc")
        settings.ssh = "ada@login1"
        settings.commands = "/opt/slurm/bin"
        let words = SlurmCommands.words(settings, .sbatch, ["--comment=it's $HOME; rm", "a b"])

        #expect(words.prefix(5) == ["ssh", "-oBatchMode=yes", "-oConnectTimeout=10", "--", "ada@login1"])
        #expect(
            words.last == #"'env' '-u' 'TMPDIR' 'LC_ALL=C' '/opt/slurm/bin/sbatch' '--comment=it'\''s $HOME; rm' 'a b'"#)
    }

    /// The shell of a login node reads bytes: a quote is one also where an accent behind it makes another character of it.
    @Test(arguments: ["a b", "'", "it's", "'\u{301}; echo x; '\u{301}", "$(id)`id`\\", "", "a\nb", "\u{200D}'\u{FE0F}", "é'"])
    func aWordIsOneWordForAShell(word: String) throws {
        let result = try Program("/bin/sh", ["-c", "printf '%s' \(word.shellWord)"]).wait()
        #expect(result.stdout.utf8.elementsEqual(word.utf8), "\(result)")
    }
}
