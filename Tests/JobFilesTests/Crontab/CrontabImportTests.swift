import JobFiles
import Scheduling
import Testing
import Timetable

/// Whole crontabs: what the lines become, and what they say to each other.
struct CrontabImportTests {
    @Test func aLineBecomesAFileThatIsPleasantToRead() throws {
        let lines = Importing("MAILTO=ops@example.org\n\n# Nightly backup\n30 2 * * 1-5 cd /srv && ./backup.sh > log 2>&1 \n").lines
        #expect(lines.map(\.outcome) == [.setting, .comment, .job])
        #expect(
            lines.last?.job?.text == """
                # From crontab, line 4:
                #   30 2 * * 1-5 cd /srv && ./backup.sh > log 2>&1 
                name: backup
                description: Nightly backup
                cron: "30 2 * * 1-5"
                zone: Europe/Berlin
                command: cd /srv && ./backup.sh > log 2>&1
                workdir: /home/me
                env:
                  PATH: /usr/bin:/bin
                # As under cron. Without these two lines: catchUp: latest, overlap: queue.
                catchUp: none
                overlap: allow
                notify: {on: [failure, recovery], email: ops@example.org}

                """)
        #expect(lines.last?.job?.fileName == "backup.yaml")
    }

    @Test func theJobDoesWhatCronDid() throws {
        let job = try Importing("0 1 * * * a\n").job()
        #expect(job.command == .shell("a"))
        #expect(job.catchUp == .none && job.overlap == .allow)
        #expect(job.workdir == "/home/me" && job.user == nil)
        #expect(job.environment == ["PATH": "/usr/bin:/bin"])
        #expect(job.schedule?.zone.name == "Europe/Berlin")
        #expect(job.notify.email == [] && job.notify.on == [] && job.description == nil && !job.disabled)
    }

    @Test func settingsHoldForTheLinesBelowThem() throws {
        let jobs = try Importing("1 1 * * * a\nA=1\nPATH=/opt/bin\n1 1 * * * b\nA=2\nB=' x '\n1 1 * * * c\n").jobs()
        #expect(
            jobs.map(\.environment) == [
                ["PATH": "/usr/bin:/bin"], ["A": "1", "PATH": "/opt/bin"], ["A": "2", "B": " x ", "PATH": "/opt/bin"],
            ])
    }

    @Test func anotherShellIsCalledAsCronCallsIt() throws {
        let jobs = try Importing("SHELL=/bin/bash\n1 1 * * * a [[ b\nSHELL=/bin/sh\n1 1 * * * a\n").jobs()
        #expect(jobs.map(\.command) == [.words(["/bin/bash", "-c", "a [[ b"]), .shell("a")])
        #expect(jobs.map { $0.environment["SHELL"] } == ["/bin/bash", nil])
        let odd = Importing("SHELL=bash\nSHELL=\n1 1 * * * a\n")
        #expect(odd.lines.map(\.outcome) == [.setting, .notCarriedOver, .job])
        #expect(odd.lines.first?.remarks.map(\.severity) == [.warning])
    }

    @Test func commandsStartInTheHomeFolder() throws {
        #expect(try Importing("HOME=/srv/app\n1 1 * * * a\n").job().workdir == "/srv/app")
        #expect(try Importing("HOME=/srv/app\n1 1 * * * a\n").job().environment["HOME"] == "/srv/app")
        #expect(try Importing("1 1 * * * etl a\n", form: .system).job().workdir == "/home/etl")
        #expect(try Importing("1 1 * * * a\n", owner: "etl").job().workdir == "/home/etl")
        let relative = Importing("HOME=app\n1 1 * * * a\n")
        #expect(relative.lines.first?.outcome == .notCarriedOver && relative.lines.first?.remarks.first?.column == 6)
        #expect(try relative.job().workdir == "/home/me")
    }

    @Test func timesStandInTheZoneOfCRONTZAndCommandsInThatOfTZ() throws {
        let jobs = try Importing(
            "TZ=Asia/Tokyo\n1 1 * * * a\nCRON_TZ=America/New_York\n1 1 * * * b\nCRON_TZ=\n1 1 * * * c\n", dialect: .cronie
        ).jobs()
        #expect(jobs.map { $0.schedule?.zone.name } == ["Europe/Berlin", "America/New_York", "Europe/Berlin"])
        #expect(jobs.allSatisfy { $0.environment["TZ"] == "Asia/Tokyo" && $0.environment["CRON_TZ"] == nil })
    }

    @Test func debiansCronDidNotHeedCRONTZ() {
        #expect(Importing("CRON_TZ=Asia/Tokyo\n", dialect: .vixie).lines.first?.remarks.map(\.severity) == [.warning])
        #expect(Importing("CRON_TZ=Asia/Tokyo\n", dialect: .cronie).lines.first?.remarks == [])
    }

    @Test func withoutAZoneNoTimesAreKnown() {
        let lines = Importing("1 1 * * * a\nCRON_TZ=Europe/Berln\n1 1 * * * b\nCRON_TZ=UTC\n1 1 * * * c\n").lines
        #expect(lines.map(\.outcome) == [.job, .notCarriedOver, .notCarriedOver, .setting, .job])
        #expect(lines[1].remarks.first?.message.contains("Europe/Berlin") == true && lines[1].remarks.first?.column == 9)
        #expect(lines[2].remarks.first?.message.contains("line 2") == true)
    }

    @Test func mailGoesToAddressesAndNotToMailboxes() throws {
        let importing = Importing("MAILTO=\"a@x.org, root,b@x.org\"\n1 1 * * * a\nMAILTO=\"\"\n1 1 * * * b\nMAILTO=root\n1 1 * * * c\n")
        let jobs = try importing.jobs()
        #expect(jobs.map(\.notify.email) == [["a@x.org", "b@x.org"], [], []])
        #expect(jobs.map(\.notify.on) == [[.failure, .recovery], [], []])
        #expect(importing.lines.map { $0.remarks.map(\.severity) } == [[.warning, .warning], [], [], [], [.warning], []])
        #expect(importing.lines.allSatisfy { $0.outcome != .notCarriedOver })
    }

    @Test func whatIsForCronAloneIsToldAndGivenToThoseWhoAsk() throws {
        let importing = Importing(
            "MAILTO=a@x.org\nMAILFROM=c@x.org\nCONTENT_TYPE=text/html\nSTART_HOURS_RANGE=3-22\nLOGNAME=x\n"
                + "1 1 * * * mail $MAILTO\n1 1 * * * mail ${MAILFROM}\n1 1 * * * mail $MAILTOO\n")
        #expect(importing.lines.prefix(5).allSatisfy { $0.outcome == .setting && $0.remarks.count == 1 })
        let variables = try importing.jobs().map { $0.environment.filter { $0.key != "PATH" } }
        #expect(variables == [["MAILTO": "a@x.org"], ["MAILFROM": "c@x.org"], [:]])
    }

    @Test func aRandomDelayIsASpread() {
        let importing = Importing("RANDOM_DELAY=45\n1 1 * * * a\nRANDOM_DELAY=0\n1 1 * * * b\nRANDOM_DELAY=x\n")
        #expect(importing.lines.map(\.outcome) == [.setting, .job, .setting, .job, .notCarriedOver])
        #expect(importing.lines[1].job?.text.contains("\nspread: PT45M\n") == true)
        #expect(importing.lines[3].job?.text.contains("spread") == false)
    }

    @Test(arguments: ["ROTA_A=1", "CHRONOS_A=1", "A-B=1", "1A=1", "Ä=1", "'A B'=1"])
    func namesThatRotaRefusesAreListed(_ setting: String) throws {
        let importing = Importing(setting + "\n1 1 * * * a\n")
        #expect(importing.lines.map(\.outcome) == [.notCarriedOver, .job])
        #expect(try importing.job().environment.keys.sorted() == ["PATH"])
    }

    // MARK: Users

    @Test func aSystemsLineRunsAsItsUser() throws {
        let job = try Importing("1 1 * * * etl a b\n", form: .system).job()
        #expect(job.user == "etl" && job.command == .shell("a b"))
        #expect(try Importing("1 1 * * * a\n", owner: "etl").job().user == "etl")
    }

    @Test func aUserThatIsNotThereIsTold() throws {
        let importing = Importing("1 1 * * * nobodyhere a\n", form: .system)
        #expect(importing.lines.first?.remarks.map(\.severity) == [.warning])
        #expect(try importing.job().user == "nobodyhere" && importing.job().workdir == nil)
    }

    @Test func aWrongFormIsSeenAndTheWayOutTold() {
        for line in ["1 1 * * * /opt/a b", "1 1 * * * /opt/a", "1 1 * * * A=b c", "1 1 * * * tar czf x", "@daily [ -x a ]"] {
            let lines = Importing(line + "\n", form: .system).lines
            #expect(
                lines.first?.outcome == .notCarriedOver && lines.first?.remarks.first?.message.contains("--no-system") == true, "\(line)")
        }
        let lines = Importing("1 1 * * *  etl /opt/a\n1 1 * * * sync it\n1 1 * * * etl\n").lines
        #expect(lines.map(\.outcome) == [.notCarriedOver, .job, .job])
        #expect(lines.first?.remarks.first?.message.contains("--system") == true && lines.first?.remarks.first?.column == 12)
    }

    @Test func aProgramNamedLikeAUserRunsWhenTheFormIsGiven() throws {
        #expect(Importing("1 1 * * * etl all\n").lines.first?.outcome == .notCarriedOver)
        #expect(try Importing("1 1 * * * etl --all\n").job().command == .shell("etl --all"))
        var reader = CrontabImport(machine: Importing.machine())
        let source = CrontabImport.Source(file: "x", bytes: Array("1 1 * * * etl all\n".utf8), form: .user, isFormGiven: true)
        #expect(reader.read(source).first?.outcome == .job)
    }

    // MARK: Texts

    @Test func theCommentAboveIsTheDescription() throws {
        let jobs = try Importing(
            """
            # far away

            1 1 * * * a
            #  Two
            ## lines ##
            # 0 3 * * * commented out
            #A=1
            # --------
            1 1 * * * b
            # Another paragraph
            #
            # This one
            1 1 * * * c
            1 1 * * * d
            # about the setting
            X=1
            1 1 * * * e
            # m h  dom mon dow   command
            1 1 * * * f
            # |  |  |  |  .---- day of week (0 - 6)
            # *  *  *  *  * user-name command to be executed
            1 1 * * * g
            # it's "quoted": yes #1
            1 1 * * * h

            """
        ).jobs()
        #expect(jobs.map(\.description) == [nil, "Two lines", "This one", nil, nil, nil, nil, "it's \"quoted\": yes #1"])
    }

    @Test func aLongCommentIsCut() throws {
        let description = try #require(try Importing("# " + String(repeating: "word ", count: 200) + "\n1 1 * * * a\n").job().description)
        #expect(description.count <= 302 && description.hasSuffix("word …"))
    }

    @Test func namesAreUniqueWithinTheImport() {
        var reader = CrontabImport(machine: Importing.machine())
        let text = "1 1 * * * a\n1 1 * * * a-2\n1 1 * * * /x/a.sh\n1 1 * * * a\n"
        let lines = ["one", "two"].flatMap { reader.read(.init(file: $0, bytes: Array(text.utf8), form: .user)) }
        #expect(lines.compactMap(\.job?.name) == ["a", "a-2", "a-3", "a-4", "a-5", "a-2-2", "a-6", "a-7"])
        #expect(reader.usesUsualPath)
    }

    @Test func disabledJobsAreDisabled() throws {
        var reader = CrontabImport(machine: Importing.machine(), isDisabled: true)
        let text = try #require(reader.read(.init(file: "x", bytes: Array("1 1 * * * a\n".utf8), form: .user)).first?.job?.text)
        #expect(try JobFilesTests.job(text).disabled)
    }

    // MARK: Strange files

    @Test func linesOfWindowsAreReadAndTold() throws {
        let importing = Importing("A=b\r\n1 1 * * * a\r\n")
        #expect(try importing.job().command == .shell("a") && importing.job().environment["A"] == "b")
        #expect(importing.lines.map { $0.remarks.map(\.severity) } == [[.warning], []])
    }

    @Test func aMissingNewlineIsTold() throws {
        let importing = Importing("1 1 * * * a\n1 1 * * * b")
        #expect(importing.lines.map { $0.remarks.map(\.severity) } == [[], [.warning]])
        #expect(try importing.jobs().count == 2)
    }

    @Test func aScriptIsNoCrontab() {
        let lines = Importing("#!/bin/sh\nset -e\nexit 0\n").lines
        #expect(lines.map(\.outcome) == [.notCarriedOver] && lines.first?.remarks.first?.message.contains("script") == true)
    }

    @Test func aCrontabMayBeginLikeAScript() throws {
        let importing = Importing("#!/bin/sh\n1 1 * * * a\nwhat is this\n")
        #expect(importing.lines.map(\.outcome) == [.comment, .job, .notCarriedOver])
        #expect(importing.lines.map { $0.remarks.map(\.severity) } == [[.warning], [], [.error]])
        #expect(try importing.jobs().count == 1 && importing.lines[1].job?.text.contains("description") == false)
        #expect(Importing("#! /usr/bin/crontab\nA=1\n").lines.map(\.outcome) == [.comment, .setting])
    }

    @Test func oneBadLineDoesNotStopTheOthers() {
        let bytes =
            Array("1 1 * * * a\n1 1 * * * b \0\n".utf8) + [0x31, 0xFF, 0x0A] + Array("what\n1 1 * * * %x\n\\\n1 1 * * * c \\\n".utf8)
        let lines = Importing(bytes: bytes).lines
        #expect(lines.map(\.outcome) == [.job, .notCarriedOver, .notCarriedOver, .notCarriedOver, .notCarriedOver, .notCarriedOver, .job])
        #expect(lines.map { $0.remarks.count } == [0, 1, 1, 1, 1, 1, 1])
    }
}

/// A crontab that is read for a machine of a test's own.
struct Importing {
    let lines: [CrontabImport.Line]

    init(_ text: String, form: CrontabImport.Form = .user, owner: String? = nil, dialect: CronDialect = .vixie) {
        self.init(bytes: Array(text.utf8), form: form, owner: owner, dialect: dialect)
    }

    init(bytes: [UInt8], form: CrontabImport.Form = .user, owner: String? = nil, dialect: CronDialect = .vixie) {
        var reader = CrontabImport(machine: Self.machine(dialect))
        lines = reader.read(CrontabImport.Source(file: "crontab", bytes: bytes, form: form, owner: owner))
    }

    static func machine(_ dialect: CronDialect = .vixie) -> CrontabMachine {
        guard let zone = try? Zone(named: "Europe/Berlin") else { fatalError("the tests need the tz database") }
        let users = ["root", "etl", "sync"]
        return CrontabMachine(
            zone: zone, dialect: dialect, home: "/home/me", homeOfUser: { users.contains($0) ? "/home/\($0)" : nil },
            isProgram: { ["tar", "sync"].contains($0) })
    }

    /// The jobs that the files hold, which must be without a fault.
    func jobs(sourceLocation: SourceLocation = #_sourceLocation) throws -> [Job] {
        try lines.compactMap(\.job).map { imported in
            let (definitions, problems) = JobFile.read(text: imported.text, file: "jobs/" + imported.fileName)
            #expect(problems == [], "\(imported.text)", sourceLocation: sourceLocation)
            return try #require(definitions.first?.job, sourceLocation: sourceLocation)
        }
    }

    func job(sourceLocation: SourceLocation = #_sourceLocation) throws -> Job {
        try #require(try jobs(sourceLocation: sourceLocation).first, sourceLocation: sourceLocation)
    }
}
