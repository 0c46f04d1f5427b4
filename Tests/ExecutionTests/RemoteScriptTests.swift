import Foundation
import Glibc
import Testing
import Timetable

@testable import Execution

/// What is carried out on a login node, by the shell that is here: files and disks that break as none of a test cluster does.
@Suite(.timeLimit(.minutes(1))) struct RemoteScriptTests {
    private let ground: String
    private let remote: SlurmRemote

    init() throws {
        ground = "\(NSTemporaryDirectory())/rota-script-\(UUID().uuidString)"
        for name in ["there", "here", "commands"] {
            try FileManager.default.createDirectory(atPath: "\(ground)/\(name)", withIntermediateDirectories: true)
        }
        var settings = SlurmSettings(name: "hpc")
        (settings.ssh, settings.remoteFolder, settings.commands) = ("login1", "\(ground)/there", "\(ground)/commands")
        let place = SlurmPlace(links: "\(ground)/here", shared: nil, remote: settings.remoteFolder, keeper: "/bin/true", bootID: "b")
        remote = SlurmRemote(
            commands: SlurmCommands(settings: settings, stop: nil), host: "login1", folder: "\(ground)/there", place: place)
    }

    private func answer(_ script: RemoteScript, before: String = "") -> RemoteAnswer {
        let answer = CommandRun(
            words: ["/bin/sh", "-c", "\(before)exec sh -s"], environment: ["PATH": "/usr/bin:/bin"], limit: .seconds(30),
            input: Array(script.text.utf8)
        ).answer()
        return RemoteAnswer(answer, mark: script.mark)
    }

    private func names(_ folder: String) -> [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: "\(ground)/\(folder)")) ?? []).sorted()
    }

    // MARK: programs

    private var programs: SlurmPlace.Programs {
        SlurmPlace.Programs(script: "\(ground)/there/bin/task-1.sh", keeper: "\(ground)/there/bin/rota-keeper-1")
    }

    @Test func programsArePutThere() throws {
        let bytes = (0..<70_001).map { UInt8(truncatingIfNeeded: $0 &* 7) }
        #expect(answer(remote.provision(of: programs, keeper: bytes)).isWhole)
        #expect(try Files.read(programs.keeper) == bytes && names("there/bin") == ["rota-keeper-1", "task-1.sh"])
        #expect(access(programs.keeper, X_OK) == 0 && access(programs.script, X_OK) == 0)
    }

    /// As a disk does that is full.
    @Test func aProgramThatHasNoRoomIsNotPutThere() {
        let bytes = [UInt8](repeating: 7, count: 70_000)
        let answer = answer(remote.provision(of: programs, keeper: bytes), before: "trap '' XFSZ; ulimit -f 16; ")
        #expect(!answer.isWhole && answer.complaint.holds("File too large"), "\(answer.complaint)")
        #expect(names("there/bin").isEmpty)
    }

    // MARK: looks

    private func subject(_ run: String) -> SlurmPoll.Subject {
        SlurmPoll.Subject(run: run, hasBegun: true, isStartTold: false, isSilent: false)
    }

    private func write(_ bytes: [UInt8], _ path: String) throws {
        try Files.replace("\(ground)/\(path)", with: bytes)
    }

    /// A command that does what no real one can be made to do here.
    private func command(_ name: String, _ text: String) throws {
        try write(Array("#!/bin/sh\n\(text)\n".utf8), "commands/\(name)")
        chmod("\(ground)/commands/\(name)", 0o755)
    }

    private let output = (0..<150_000).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 / 255) }

    private func over(_ run: String, handedOn: Int = 0) throws {
        for folder in ["there/\(run)", "there/\(run)/output", "here/\(run)"] {
            _ = try Files.makeFolder("\(ground)/\(folder)", mode: 0o700)
        }
        try write(Array("x".utf8), "there/\(run)/claim")
        try write(output, "there/\(run)/stdout")
        try write(Array(repeating: 7, count: 47 * 100), "there/\(run)/index")
        if handedOn > 0 { try write(Array(repeating: 65, count: handedOn), "there/\(run)/output/env") }
        try remote.folder(run).writeOutcome(Ending(kind: .exited, exitCode: 3, endedAt: LocalWatch.now()))
    }

    private func raw(_ subjects: [SlurmPoll.Subject], _ budget: SlurmRemote.Budget = .init()) -> RemoteAnswer {
        let script = remote.script(subjects, listing: ["-h"], budget)
        let answer = answer(script, before: "PATH=\(ground)/commands:$PATH; ")
        #expect(answer.isWhole, "\(answer.complaint)")
        return answer
    }

    private func look(_ runs: [String], _ budget: SlurmRemote.Budget = .init()) -> SlurmRemote.Look {
        let subjects = runs.map { subject($0) }
        return remote.look(raw(subjects, budget), subjects)
    }

    private func isFinished(_ run: String) -> Bool { Files.exists("\(ground)/here/\(run)/outcome") }

    @Test func aLookBringsAllOfARunThatIsOver() throws {
        try command("squeue", "echo listed")
        try over("t-1", handedOn: 5)
        let look = look(["t-1"])
        #expect(look.listing?.output == "listed\n" && look.unfinished.isEmpty && look.faults.isEmpty && look.grown == ["t-1"])
        for name in ["stdout", "index", "output/env", "outcome"] {
            #expect(try Files.read("\(ground)/here/t-1/\(name)") == Files.read("\(ground)/there/t-1/\(name)"), "\(name)")
        }
    }

    /// Everything that may be much is counted: streams, indices, and what is handed on.
    @Test func noLookBringsMoreThanItsBudget() throws {
        try command("squeue", "true")
        let runs = (0..<12).map { "t-\($0)" }
        for run in runs { try over(run, handedOn: 60_000) }
        var looks = 0
        while looks < 60, !runs.allSatisfy({ isFinished($0) }) {
            let subjects = runs.filter { !isFinished($0) }.map { subject($0) }
            let answer = raw(subjects, SlurmRemote.Budget(ofOver: 100_000, ofLive: 100_000))
            #expect(answer.answer.bytes.count < 100_000 + 60_000 + 12 * 1000)
            let look = remote.look(answer, subjects)
            looks += look.unfinished.isEmpty || look.isWorthAnother ? 1 : 100
        }
        #expect(looks > 12 * 210_000 / 160_000 && looks < 60, "\(looks)")
        for run in runs { #expect(try Files.read("\(ground)/here/\(run)/stdout") == output) }
    }

    @Test func whatCannotBeReadLeavesTheRunUnfinished() throws {
        try command("squeue", "true")
        try command("dd", "case $1 in *stdout) exit 1 ;; esac; exec /bin/dd \"$@\"")
        try over("t-1")
        try over("t-2")
        try write(Array("x".utf8), "there/t-2/stdout-2")
        let look = look(["t-1", "t-2"])
        #expect(look.faults.keys.sorted() == ["t-1", "t-2"] && !look.isWorthAnother)
        #expect(!isFinished("t-1") && !isFinished("t-2") && !Files.exists("\(ground)/here/t-2/stdout-2"))
    }

    @Test func whatCannotBeListedLeavesThatRunUnfinished() throws {
        try command("squeue", "true")
        try command("find", "/usr/bin/find \"$@\" -not -path '*t-1/*'; echo \"find: './t-1/stdout': Stale file handle\" >&2; exit 1")
        try over("t-1")
        try over("t-2")
        let look = look(["t-1", "t-2"])
        #expect(Array(look.faults.keys) == ["t-1"] && !isFinished("t-1") && isFinished("t-2"), "\(look)")
    }

    @Test func onlyWhatIsNoNameOverThereIsMissing() throws {
        try command("squeue", "true")
        try write([], "there/t-1")
        let look = look(["t-1", "t-2"])
        #expect(look.missing == ["t-2"] && Array(look.faults.keys) == ["t-1"], "\(look)")
    }

    @Test func aFrozenControllerLeavesTimeForTheFolders() throws {
        try command("squeue", "exec tail -f /dev/null")
        try over("t-1")
        var settings = remote.commands.settings
        settings.commandLimit = .seconds(1)
        let remote = SlurmRemote(
            commands: SlurmCommands(settings: settings, stop: nil), host: "login1", folder: remote.folder, place: remote.place)
        let look = remote.look(answer(remote.script([subject("t-1")], listing: [], .init())), [subject("t-1")])
        #expect(look.trouble == nil && isFinished("t-1"), "\(look)")
        let listing = try #require(look.listing)
        #expect(EngineTrouble.of(listing, .squeue, settings).reason == "controller: squeue did not answer in time")
    }

    /// Wherever it is cut off: nothing wrong is kept, and the rest comes with the next.
    @Test func whatCameOfACutAnswerIsKept() throws {
        try command("squeue", "true")
        try over("t-1", handedOn: 5)
        let script = remote.script([subject("t-1")], listing: [], .init())
        let whole = answer(script, before: "PATH=\(ground)/commands:$PATH; ").answer
        for part in 0..<20 {
            var cut = whole
            cut.bytes = Array(whole.bytes.prefix(whole.bytes.count * part / 20))
            cut.end = .tookTooLong
            let look = remote.look(RemoteAnswer(cut, mark: script.mark), [subject("t-1")])
            #expect(look.trouble?.reason.hasPrefix("ssh: ") == true && look.listing == nil && !isFinished("t-1"))
            let here = try Files.read("\(ground)/here/t-1/index") ?? []
            #expect(here.isEmpty || here.count == 47 * 100)
        }
        #expect(try Files.read("\(ground)/here/t-1/index")?.count == 47 * 100)
        #expect(look(["t-1"]).unfinished.isEmpty && isFinished("t-1"))
        #expect(try Files.read("\(ground)/here/t-1/stdout") == output)
    }

    @Test func aLineThatIsTooSlowIsAskedForLess() {
        let pace = SlurmRemote.Pace()
        for _ in 0..<10 { pace.wasCutOff() }
        #expect(pace.budget == SlurmRemote.Budget(ofOver: 64 << 10, ofLive: 32 << 10))
        pace.gotThrough(leavingTime: false)
        #expect(pace.budget.ofOver == 64 << 10)
        for _ in 0..<10 { pace.gotThrough(leavingTime: true) }
        #expect(pace.budget == SlurmRemote.Budget())
    }

    // MARK: claims, and folders of runs

    private func close(_ run: String, before: String = "") throws -> [[String]] {
        let ending = Ending(kind: .killed, reason: "enough", endedAt: LocalWatch.now())
        return answer(try remote.closing(run, ending, "enough"), before: before).parts.map(\.words)
    }

    /// As a reset of the machine leaves it.
    @Test func aClaimThatWasCutOffIsNobodys() throws {
        _ = try Files.makeFolder("\(ground)/there/t-1", mode: 0o700)
        for cut in ["", "rota-claim 1\npid 7\n", "rota-claim 1\nnode friend\nen"] {
            try write(Array(cut.utf8), "there/t-1/claim")
            #expect(try close("t-1").contains(["taken"]), "\(cut)")
            #expect(try Files.read("\(ground)/there/t-1/claim").map { String(decoding: $0, as: UTF8.self).holds("enough") } == true)
        }
        let held = Array("rota-claim 1\npid 7\nend\nstarted 5\n".utf8)
        try write(held, "there/t-1/claim")
        #expect(try close("t-1").contains(["told"]))
        #expect(try Files.read("\(ground)/there/t-1/claim") == held)
    }

    @Test func whatHasNoRoomClaimsNothing() throws {
        let words = try close("t-1", before: "trap '' XFSZ; ulimit -f 0; ")
        #expect(words.isEmpty && names("there/t-1").isEmpty, "\(words)")
    }

    private func prepared(_ run: String) -> SlurmSubmitter.Prepared {
        let launch = Launch(run: run, job: "a", due: .epoch, words: ["true"])
        return SlurmSubmitter.Prepared(launch: launch, folder: remote.folder(run), text: "job a\ndue 0\nattempt 1\n", arguments: [run])
    }

    /// One folder that cannot be written holds up no other run, and no executor.
    @Test func aRunThatCannotBePreparedHoldsUpNoOther() throws {
        try command("sbatch", "echo 7")
        #expect(answer(remote.provision(of: programs, keeper: [1])).isWhole)
        try write([], "there/t-2")
        let submitter = SlurmSubmitter(commands: remote.commands, place: remote.place)
        let runs = ["t-1", "t-2", "t-3"].map { prepared($0) }
        let answers = submitter.answers(to: runs, answer(submitter.script(runs, remote, programs)))
        for run in ["t-1", "t-3"] { #expect(answers[run] == .success(.submission(.accepted(id: "7"))), "\(answers)") }
        #expect(answers["t-2"] == .failure(SystemError("write", "login1:\(ground)/there/t-2", ENOTDIR)))
    }
}
