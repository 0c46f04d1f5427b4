import Foundation
import Glibc
import TestSupport
import Testing

/// `rota doctor` in places where something is wrong, one thing at a time.
struct DoctorTests {
    private struct Answer {
        struct Check: Decodable {
            let name: String
            let status: String
            let finding: String
            let advice: String?
        }

        private struct Document: Decodable {
            let checks: [Check]
            let status: String
        }

        let exit: Int32
        let status: String
        let stderr: String
        private let checks: [Check]

        init(_ result: Program.Result) throws {
            let document = try JSONDecoder().decode(Document.self, from: Data(result.stdout.utf8))
            (exit, status, stderr, checks) = (result.status, document.status, result.stderr, document.checks)
        }

        subscript(name: String) -> Check? { checks.first { $0.name == name } }

        /// The names of what is wrong.
        var errors: [String] { checks.filter { $0.status == "error" }.map(\.name) }
        var adviceIsWhole: Bool { checks.allSatisfy { ($0.advice == nil) == ($0.status == "ok") && !$0.finding.isEmpty } }
    }

    private let tick = ["tick.yaml": "schedule: R/2026-01-01T02:00/P1D\nzone: Europe/Berlin\ncommand: 'true'\n"]

    private func doctor(_ fixture: CommandFixture, _ more: String..., environment: [String: String] = [:]) throws -> Answer {
        let arguments = ["doctor", "--json", "--state", fixture.state, "--jobs", fixture.jobs] + more
        let answer = try Answer(Program.run("rota", arguments, environment: environment))
        #expect(answer.adviceIsWhole)
        #expect(answer.exit == (answer.errors.isEmpty ? 0 : 1), "\(answer.stderr)")
        #expect(answer.status == "error" || answer.errors.isEmpty)
        return answer
    }

    /// A state folder in which a scheduler has run.
    private func used(_ jobs: [String: String]? = nil) throws -> CommandFixture {
        let fixture = try CommandFixture(jobs: jobs ?? tick)
        let serve = try fixture.serve()
        serve.signal(SIGTERM)
        try serve.wait()
        return fixture
    }

    private func sqlite(_ fixture: CommandFixture, _ sql: String) throws {
        #expect(try Program.run("/usr/bin/sqlite3", [fixture.state + "/rota.db", ".timeout 5000", sql]).status == 0)
    }

    /// Makes a program of a text.
    private func write(program text: String, to name: String, in fixture: CommandFixture) throws -> String {
        try fixture.folder.write(text, to: name)
        let path = fixture.folder.path + "/" + name
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: path)
        return path
    }

    @Test(.timeLimit(.minutes(1))) func beforeTheFirstStartItTellsWhatIsNotThereYet() throws {
        let fixture = try CommandFixture(jobs: tick)
        let answer = try doctor(fixture)
        #expect(answer.errors == [])
        #expect(answer["state.folder"]?.status == "warning" && answer["state.folder"]?.advice?.contains("rota serve") == true)
        #expect(answer["ledger.file"]?.status == "warning" && answer["scheduler.health"]?.status == "warning")
        #expect(answer["keeper.run"]?.status == "ok" && answer["state.commit"]?.status == "ok")
        #expect(answer["jobs.folder"]?.finding.contains("1 job in 1 file") == true)
        #expect(!FileManager.default.fileExists(atPath: fixture.state))
    }

    @Test(.timeLimit(.minutes(1))) func aRunningSchedulerIsWellAndNothingIsLeftBehind() throws {
        let fixture = try CommandFixture(jobs: tick)
        let serve = try fixture.serve()
        #expect(try wait { try fixture.rota("status").status == 0 })
        let before = try FileManager.default.subpathsOfDirectory(atPath: fixture.state).sorted()
        let answer = try doctor(fixture)
        #expect(answer.errors == [])
        for name in [
            "state.folder", "state.runs", "state.token", "state.socket", "state.locks", "state.commit", "ledger.file", "ledger.whole",
            "ledger.machine", "scheduler.health", "scheduler.version", "scheduler.heartbeat", "keeper.program", "keeper.run", "clock.time",
            "zones.database", "zones.jobs", "machine.proc",
        ] { #expect(answer[name]?.status == "ok", "\(name): \(answer[name]?.finding ?? "not there")") }
        #expect(answer["state.lock"]?.finding.contains("\(serve.pid)") == true)
        #expect(answer["limits.files"]?.finding.contains("process \(serve.pid)") == true)
        #expect(try FileManager.default.subpathsOfDirectory(atPath: fixture.state).sorted() == before)
        serve.signal(SIGTERM)
        try serve.wait()
    }

    @Test(.timeLimit(.minutes(1))) func aSchedulerOfAnotherVersionIsToldOf() throws {
        let fixture = try CommandFixture(jobs: tick)
        let serve = try fixture.serve()
        #expect(try wait { try fixture.rota("status").status == 0 })
        try sqlite(fixture, "UPDATE scheduler SET version = '0.0.9', heartbeat_at = heartbeat_at - 3600000000")
        let answer = try doctor(fixture)
        #expect(answer["scheduler.version"]?.status == "warning" && answer["scheduler.version"]?.advice?.contains("restart") == true)
        #expect(answer.errors.filter { $0 != "scheduler.heartbeat" } == [])
        serve.signal(SIGTERM)
        try serve.wait()
    }

    @Test(.timeLimit(.minutes(1))) func aSchedulerThatIsStoppedIsAnError() throws {
        let fixture = try CommandFixture(jobs: tick)
        let serve = try fixture.serve()
        serve.signal(SIGSTOP)
        let answer = try doctor(fixture)
        #expect(answer.errors == ["scheduler.health"] && answer["scheduler.health"]?.advice == "kill -CONT \(serve.pid)")
        serve.signal(SIGCONT)
        serve.signal(SIGTERM)
        try serve.wait()
    }

    @Test(.timeLimit(.minutes(1))) func whatOthersMayWriteOrReadIsAnError() throws {
        let fixture = try used()
        chmod(fixture.state, 0o777)
        chmod(fixture.state + "/token", 0o644)
        let answer = try doctor(fixture)
        #expect(answer.errors == ["state.folder", "state.token"])
        #expect(answer["state.folder"]?.finding.contains("0777") == true)
        #expect(answer["state.folder"]?.advice == "chmod go-w \(fixture.state)")
        #expect(answer["state.token"]?.advice == "chmod 600 \(fixture.state)/token")
    }

    @Test(.timeLimit(.minutes(1))) func aKeeperThatCannotKeepIsAnError() throws {
        let fixture = try CommandFixture(jobs: tick)
        let nowhere = try doctor(fixture, environment: ["ROTA_KEEPER": "/nowhere/rota-keeper"])
        #expect(nowhere.errors == ["keeper.program"] && nowhere["keeper.program"]?.advice?.contains("ROTA_KEEPER") == true)

        try fixture.folder.write("#!/bin/sh\n", to: "plain")
        let plain = try doctor(fixture, environment: ["ROTA_KEEPER": fixture.folder.path + "/plain"])
        #expect(plain.errors == ["keeper.program"] && plain["keeper.program"]?.advice?.contains("chmod +x") == true)

        let broken = try write(program: "#!/bin/sh\nexit 3\n", to: "broken", in: fixture)
        let trial = try doctor(fixture, environment: ["ROTA_KEEPER": broken])
        #expect(trial.errors == ["keeper.run"] && trial["keeper.run"]?.finding.contains("keeper-failed") == true)
    }

    @Test(.timeLimit(.minutes(1))) func aKeeperForAnotherProcessorIsAnError() throws {
        let fixture = try CommandFixture(jobs: tick)
        // The header of a program for the PDP-11, which nobody runs this on.
        let header = "\u{7F}ELF\u{1}\u{1}\u{1}" + String(repeating: "\0", count: 9) + "\u{2}\0\u{41}\0"
        let path = try write(program: header, to: "strange", in: fixture)
        let answer = try doctor(fixture, environment: ["ROTA_KEEPER": path])
        #expect(answer.errors == ["keeper.program"] && answer["keeper.program"]?.finding.contains("another processor") == true)
    }

    // catalogue 34, 37
    @Test(.timeLimit(.minutes(1))) func aLedgerThatCannotBeUsedIsAnError() throws {
        let newer = try used()
        try sqlite(newer, "PRAGMA user_version = 99")
        #expect(try doctor(newer)["ledger.file"]?.finding.contains("newer rota (schema 99") == true)

        let cut = try used()
        // Into the file, all of it, from where it would heal the cut.
        try sqlite(cut, "PRAGMA wal_checkpoint(TRUNCATE)")
        #expect(truncate(cut.state + "/rota.db", 20_000) == 0)
        let answer = try doctor(cut)
        let damage = answer.errors.filter { $0.hasPrefix("ledger.") }
        #expect(!damage.isEmpty, "\(answer.errors)")
        for name in damage { #expect(answer[name]?.advice?.contains("a restart of `rota serve` sets it aside") == true, "\(name)") }

        let foreign = try used()
        try sqlite(foreign, "UPDATE ledger SET machine = 'another'")
        #expect(try doctor(foreign)["ledger.machine"]?.advice?.contains("--take-over") == true)
    }

    // catalogue 51
    @Test(.timeLimit(.minutes(1))) func aMissingTimeZoneDatabaseIsAnErrorThatNamesWhoNeedsIt() throws {
        let fixture = try used()
        let none = try doctor(fixture, environment: ["TZDIR": fixture.folder.path + "/nowhere"])
        #expect(none.errors == ["zones.database"])
        #expect(none["zones.database"]?.finding.contains("Europe/Berlin") == true)
        #expect(none["zones.database"]?.advice?.contains("tzdata") == true)

        let unneeded = try doctor(try CommandFixture(), environment: ["TZDIR": fixture.folder.path + "/nowhere"])
        #expect(unneeded.errors == [] && unneeded["zones.database"]?.status == "warning", "what names no zone goes by UTC")

        try fixture.folder.write("no zone\n", to: "zones/Europe/Berlin")
        let broken = try doctor(fixture, environment: ["TZDIR": fixture.folder.path + "/zones", "TZ": "Nowhere/Atall"])
        #expect(broken.errors == ["zones.database", "zones.jobs"])
        #expect(broken["jobs.folder"]?.status == "warning" && broken["jobs.folder"]?.finding.contains("Europe/Berlin") == true)
    }

    // catalogue 55
    @Test(.timeLimit(.minutes(1))) func limitsThatDoNotSuitThePoolsAreAnError() throws {
        let fixture = try CommandFixture(jobs: tick)
        let program = Program.products + "/rota"
        let arguments = ["--nofile=100:100", program, "doctor", "--json", "--state", fixture.state, "--jobs", fixture.jobs]
        let answer = try Answer(Program.run("/usr/bin/prlimit", arguments))
        #expect(answer.errors == ["limits.files"] && answer.exit == 1)
        #expect(answer["limits.files"]?.finding.contains("64 runs at once") == true)
        try fixture.folder.write("pools: { local: 4 }\n", to: "rota.yaml")
        let smaller = try Answer(Program.run("/usr/bin/prlimit", arguments + ["--config", fixture.folder.path + "/rota.yaml"]))
        #expect(smaller.errors == [] && smaller["limits.files"]?.finding.contains("4 runs at once") == true)
    }

    @Test(.timeLimit(.minutes(1))) func aClockThatWentBackIsAnError() throws {
        let fixture = try used()
        try sqlite(fixture, "UPDATE scheduler SET heartbeat_at = heartbeat_at + 86400000000")
        let answer = try doctor(fixture)
        #expect(answer.errors == ["clock.time"] && answer["clock.time"]?.finding.contains("went back") == true)
    }

    @Test(.timeLimit(.minutes(1))) func aUnitThatKillsKeepersIsAnError() throws {
        let fixture = try CommandFixture(jobs: tick)
        let answers = "echo LoadState=loaded; echo KillMode=$KILL_MODE; echo OOMPolicy=continue; echo Delegate=yes"
        _ = try write(program: "#!/bin/sh\n\(answers)\n", to: "bin/systemctl", in: fixture)
        let path = fixture.folder.path + "/bin:/usr/bin:/bin"
        let bad = try doctor(fixture, environment: ["PATH": path, "KILL_MODE": "control-group"])
        #expect(bad.errors == ["scheduler.unit"] && bad["scheduler.unit"]?.advice?.contains("KillMode=process") == true)
        let good = try doctor(fixture, environment: ["PATH": path, "KILL_MODE": "process"])
        #expect(good["scheduler.unit"]?.status == "ok")
    }

    @Test(.timeLimit(.minutes(1))) func badSettingsAndJobsAreToldInTheirPlace() throws {
        let fixture = try CommandFixture(jobs: ["a.yaml": "comand: 'true'\n"])
        try fixture.folder.write("pols: {}\n", to: "rota.yaml")
        let answer = try doctor(fixture, "--config", fixture.folder.path + "/rota.yaml")
        #expect(answer.errors == ["settings.file"] && answer["settings.file"]?.finding.contains("rota.yaml:1:") == true)
        #expect(answer["jobs.folder"]?.status == "warning" && answer["jobs.folder"]?.finding.contains("a.yaml:1:") == true)
        try fixture.folder.remove("jobs")
        #expect(try doctor(fixture).errors == ["jobs.folder"])
    }

    @Test(.timeLimit(.minutes(1))) func peopleReadOneLineForEachCheckAndWhatToDo() throws {
        let fixture = try used()
        chmod(fixture.state, 0o777)
        let result = try Program.run("rota", ["doctor", "--state", fixture.state, "--jobs", fixture.jobs])
        #expect(result.status == 1 && result.stderr.contains("1 error") && result.stderr.split(separator: "\n").count == 1)
        let lines = result.stdout.split(separator: "\n")
        let place = try #require(lines.firstIndex { $0.hasPrefix("  error    folder ") })
        #expect(lines[place + 1].contains("→ chmod go-w"))
        #expect(!result.stdout.contains("\u{1B}"))
    }

    /// Another user than the one who runs the scheduler sees less, is told so, and changes nothing.
    @Test(.timeLimit(.minutes(1)), .enabled(if: DoctorTests.othersMayRunIt)) func anotherUserIsToldWhatCannotBeSeen() throws {
        let fixture = try CommandFixture(jobs: tick)
        let serve = try fixture.serve()
        chmod(fixture.folder.path, 0o755)
        let program = Program.products + "/rota"
        let arguments = Self.asNobody + [program, "doctor", "--json", "--state", fixture.state, "--jobs", fixture.jobs]
        let answer = try Answer(Program.run("/usr/bin/setpriv", arguments))
        #expect(answer["state.folder"]?.status == "warning" && answer["state.folder"]?.finding.contains("nobody") == true)
        #expect(answer["ledger.file"]?.status == "warning" && answer["state.locks"]?.status == "warning")
        #expect(answer["state.commit"]?.finding.contains("not in the state folder") == true)
        #expect(answer["scheduler.health"]?.status == "warning")
        #expect(answer.errors == [], "\(answer.errors)")
        serve.signal(SIGTERM)
        try serve.wait()
        chown(fixture.state, 65_534, 65_534)
        chmod(fixture.state, 0o500)
        let readOnly = try Answer(Program.run("/usr/bin/setpriv", arguments))
        #expect(readOnly["state.folder"]?.status == "error" && readOnly["state.folder"]?.finding.contains("cannot be written") == true)
    }

    private static let asNobody = ["--reuid=65534", "--regid=65534", "--clear-groups"]

    /// Whether the tests are root's, and lie where anybody may execute them.
    private static var othersMayRunIt: Bool {
        guard geteuid() == 0 else { return false }
        return (try? Program.run("/usr/bin/setpriv", asNobody + [Program.products + "/rota", "--version"]))?.status == 0
    }
}
