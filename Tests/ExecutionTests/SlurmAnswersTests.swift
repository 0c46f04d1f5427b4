import Testing
import Timetable

@testable import Execution

/// What Slurm 22.05 prints, as it prints it.
struct SlurmAnswersTests {
    private let settings = SlurmSettings(name: "hpc")

    @Test func rowsOfTheQueue() {
        let text = """
            1|COMPLETED|None|n1|rota-abc-1|/srv/rota/bin
            2|PENDING|ReqNodeNotAvail, UnavailableNodes:n1||rota-abc-2|/srv/a|b
            3|CONFIGURING|None|n[1-3]|other|/
            4|STOPPED|None|n2|rota-abc-4|/srv/rota/bin
            garbage
            """
        let rows = SlurmRow.rows(text)

        #expect(rows.map(\.id) == ["1", "2", "3", "4"])
        #expect(rows.map(\.state) == [.completed, .pending, .configuring, .other])
        #expect(rows.map(\.state.phase) == [.over, .waiting, .waiting, .active])
        #expect(rows[1].reason == "ReqNodeNotAvail, UnavailableNodes:n1" && rows[1].nodes.isEmpty && rows[1].workdir == "/srv/a|b")
        #expect(rows.map { SlurmArguments.run(of: $0.name) } == ["abc-1", "abc-2", nil, "abc-4"])
    }

    @Test func endsInTheBooks() {
        let text = """
            7|FAILED|1:0|None assigned|1795390513|1795390513|None|rota-a-1|/b
            10|CANCELLED by 1000|0:15|n2|1795390482|1795390484|None|rota-a-2|/b
            11|NODE_FAIL|1:0|n1|1795390482|1795390490|None|rota-a-3|/b
            12|FAILED|0:9|n1|1795390482|Unknown|None|rota-a-4|/b
            13|FAILED|0:0|n1|1795390482|1795390490|None|rota-a-5|/b
            """
        let ends = SlurmEnd.ends(text)

        #expect(ends.map(\.state) == [.failed, .cancelled, .nodeFail, .failed, .failed])
        #expect(ends.map(\.isRefusal) == [true, false, false, false, false])
        #expect(ends.map(\.isVague) == [false, false, false, false, true])
        #expect(ends[1].by == "1000" && ends[1].signal == 15 && ends[1].ended == Instant(seconds: 1_795_390_484))
        #expect(ends[3].signal == 9 && ends[3].ended == nil && ends[3].workdir == "/b")
    }

    @Test func anEndAsTheControllerTellsIt() {
        let text =
            "JobId=42 JobName=rota-a-1 UserId=root(0) GroupId=root(0) MCS_label=N/A Priority=4294901740 Nice=0 Account=root QOS=normal "
            + "JobState=FAILED Reason=NonZeroExitCode Dependency=(null) Requeue=0 Restarts=0 BatchFlag=1 Reboot=0 ExitCode=4:0 "
            + "RunTime=00:00:01 TimeLimit=01:00:00 TimeMin=N/A SubmitTime=1795390500 EligibleTime=1795390500 StartTime=1795390501 "
            + "EndTime=1795390502 Deadline=N/A NodeList=n1 BatchHost=n1 NumNodes=1 Comment=rota run=a-1 JobState=x WorkDir=/b"
        let end = SlurmEnd.end(ofControl: text)

        #expect(end?.id == "42" && end?.name == "rota-a-1" && end?.state == .failed && end?.exitCode == 4 && end?.nodes == "n1")
        #expect(end?.ended == Instant(seconds: 1_795_390_502))
        #expect(SlurmEnd.end(ofControl: "slurm_load_jobs error: Invalid job id specified") == nil)
    }

    private func answer(_ end: CommandAnswer.End, _ output: String = "", _ errors: String = "") -> CommandAnswer {
        CommandAnswer(end: end, output: output, errors: errors)
    }

    @Test(arguments: [("17\n", "17"), ("17;alpha\n", "17"), ("site says: hello\n17\n", "17")])
    func anAcceptedTaskHasANumber(output: String, id: String) {
        #expect(SlurmSubmission(answer(.exited(0), output), settings, overSSH: false) == .accepted(id: id))
    }

    @Test func whatIsNotSaidIsUnclear() {
        for end: CommandAnswer.End in [.signaled(9), .tookTooLong, .notWanted, .exited(0)] {
            guard case .unclear = SlurmSubmission(answer(end), settings, overSSH: false) else {
                Issue.record("\(end)")
                continue
            }
        }
        #expect(
            SlurmSubmission(
                answer(.exited(1), "", "sbatch: error: Batch job submission failed: Socket timed out on send/recv operation\n"),
                settings, overSSH: false)
                == .unclear("Socket timed out on send/recv operation"))
    }

    @Test(arguments: [
        ("sbatch: error: Batch job submission failed: Invalid partition name specified", 1, "Invalid partition name specified"),
        (
            "sbatch: error: Memory specification can not be satisfied\n"
                + "sbatch: error: Batch job submission failed: Requested node configuration is not available", 1,
            "Requested node configuration is not available"
        ),
        ("sbatch: unrecognized option '--bogus'\nTry \"sbatch --help\" for more information", 255, "sbatch: unrecognized option '--bogus'"),
        ("sbatch: error: Invalid --time specification", 255, "Invalid --time specification"),
    ])
    func aRefusalIsForEver(errors: String, code: Int, words: String) {
        for overSSH in [false, true] {
            #expect(SlurmSubmission(answer(.exited(code), "", errors), settings, overSSH: overSSH) == .refused(words))
        }
    }

    @Test(arguments: [
        "sbatch: error: Batch job submission failed: Unable to contact slurm controller (connect failure)",
        "sbatch: error: Batch job submission failed: Job violates accounting/QOS policy (job submit limit, user's size and/or time limits)",
        "sbatch: error: Batch job submission failed: Protocol authentication error",
        "env: 'sbatch': No such file or directory",
    ])
    func troubleOfTheClusterIsNoRefusal(errors: String) {
        guard case .notNow = SlurmSubmission(answer(.exited(1), "", errors), settings, overSSH: false) else {
            Issue.record("\(errors)")
            return
        }
    }

    /// A connection that breaks may have carried the request.
    @Test func sshThatFailsIsUnclearUnlessItNeverCameThere() {
        let broken = SlurmSubmission(answer(.exited(255), "", "client_loop: send disconnect: Broken pipe"), settings, overSSH: true)
        #expect(broken == .unclear("client_loop: send disconnect: Broken pipe"))
        let absent = "ssh: Could not resolve hostname login1: Name or service not known"
        guard case .notNow(let trouble) = SlurmSubmission(answer(.exited(255), "", absent), settings, overSSH: true) else {
            Issue.record("it never came there")
            return
        }
        #expect(trouble.reason.hasSuffix(absent), "\(trouble)")
    }

    @Test(arguments: [
        ("ssh: connect to host login1 port 22: Connection timed out", false), ("me@login1: Permission denied (publickey).", false),
        ("Read from remote host login1: Connection timed out", true), ("client_loop: send disconnect: No route to host", true),
        ("packet_write_wait: Connection to 10.0.0.1 port 22: Connection refused", true), ("sh: 1: cannot open x: Permission denied", true),
    ])
    func aConnectionThatDiesIsNoneThatNeverWas(errors: String, isUnclear: Bool) {
        let submission = SlurmSubmission(answer(.exited(255), "", errors), settings, overSSH: true)
        #expect(isUnclear == (submission == .unclear(errors)), "\(submission)")
    }

    @Test func wordsOfReasons() {
        #expect(SlurmReason(text: "Resources").words == "queued: it is next, and waits for nodes that are free (Resources)")
        #expect(SlurmReason(text: "QOSMaxJobsPerUserLimit").words == "queued: QOSMaxJobsPerUserLimit")
        let never = ["PartitionTimeLimit", "AssocMaxCpuPerJobLimit", "QOSMaxWallDurationPerJobLimit", "BadConstraints", "InvalidQOS"]
        #expect(never.allSatisfy { SlurmReason(text: $0).isForEver })
        let some = ["Resources", "Priority", "AssocMaxJobsLimit", "QOSMaxCpuPerUserLimit", "JobHeldAdmin", "Licenses", "None"]
        #expect(some.allSatisfy { !SlurmReason(text: $0).isForEver })
        #expect(!SlurmReason(text: "ReqNodeNotAvail, UnavailableNodes:n1").isForEver)
    }
}
