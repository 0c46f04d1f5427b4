import JobFiles
import Scheduling
import Testing
import Timetable

/// Each key with values that it can have.
struct JobKeyTests {
    @Test func aJobWithEveryKeyIsReadWhole() throws {
        let job = try job(
            """
            name: extract
            description: Pull yesterday's orders
            schedule: R/2026-01-01T02:00/P1D
            zone: Europe/Berlin
            dst: { gap: skip, fold: both }
            except: [2026-12-24/2027-01-01, --01-06, "SAT,SUN"]
            between: { from: "01:00", until: "05:30", on: MON-FRI }
            notBefore: 2026-02-01T12:00
            notAfter: 2027-12-31
            spread: PT10M
            command: ./extract.sh --day "$ROTA_DUE_DATE"
            workdir: /srv/warehouse
            env: { STAGE: prod, ON: NO }
            params: { REGION: eu }
            runOn: local
            cpus: 1.5
            memory: 512MB
            disk: 2GiB
            constraints: [[rack, LIKE, "r[1-3]"], [hostname, EQUALS, n1]]
            gres: { gpu: 2 }
            slurm: { nice: 100, exclusive: true, mail-type: FAIL }
            user: etl
            timeout: PT1H
            killAfter: PT20S
            retries: { limit: 3, delay: PT1M, backoff: 2, maxDelay: PT1H, jitter: 0.1 }
            startWithin: PT30M
            catchUp: all
            maxCatchUp: 24
            overlap: replace
            pool: warehouse
            priority: 9
            after: [ingest, { job: prices, on: done }]
            join: latest
            onUnknown: rerun
            expect: { startWithin: PT5S, endBy: "06:00", duration: PT2H }
            notify: { on: [failure, recovery, missed, late], webhook: "https://hooks.example.org/x", email: ops@example.org }
            labels: { team: data }
            disabled: true
            softError: true
            logLimit: 1MiB
            onLogFull: stop
            umask: 027
            nice: -5
            limits: { memory: 512MiB, cpu: PT10M, openFiles: 256, processes: 100 }
            """)
        #expect(job.name == name("extract"))
        #expect(job.description == "Pull yesterday's orders")
        #expect(job.schedule?.zone == (try Zone(named: "Europe/Berlin")))
        #expect(job.schedule?.daylight == DaylightRule(gap: .skip, fold: .both))
        let limits = try #require(job.schedule?.limits)
        #expect(limits.exclusions == (try ["2026-12-24/2027-01-01", "--01-06", "SAT,SUN"].map(Exclusion.init)))
        #expect(limits.windows == [try DailyWindow(from: "01:00", until: "05:30", on: "MON-FRI")])
        try #expect(
            limits.notBefore?.instant(in: Zone(named: "Europe/Berlin")).rfc3339 == "2026-02-01T11:00:00Z"
                && limits.notAfter?.instant(in: Zone(named: "Europe/Berlin")).rfc3339 == "2027-12-31T22:59:59.999999Z")
        #expect(job.schedule?.delay == Schedule.delay(spread: .seconds(600), seed: "extract"))
        #expect(job.command == .shell(#"./extract.sh --day "$ROTA_DUE_DATE""#))
        #expect(job.workdir == "/srv/warehouse")
        #expect(job.environment == ["STAGE": "prod", "ON": "NO"])
        #expect(job.cpus == 1.5)
        #expect(job.memory == 512_000_000)
        #expect(job.disk == 2_147_483_648)
        #expect(job.constraints.map(\.operation) == [.like, .equals])
        #expect(job.gres == ["gpu:2"])
        #expect(job.slurm == ["nice": "100", "exclusive": "", "mail-type": "FAIL"])
        #expect(job.user == "etl")
        #expect(job.timeout == .seconds(3600))
        #expect(job.killAfter == .seconds(20))
        var retries = Retries(limit: 3, delay: .seconds(60), backoff: 2, maxDelay: .seconds(3600))
        retries.jitter = 0.1
        #expect(job.retries == retries)
        #expect(job.startWithin == .seconds(1800))
        #expect(job.catchUp == .all && job.maxCatchUp == 24)
        #expect(job.overlap == .replace)
        #expect(job.pool == "warehouse")
        #expect(job.priority == 9)
        #expect(job.after == [Edge(parent: name("ingest")), Edge(parent: name("prices"), on: .done)])
        #expect(job.join == .latest)
        #expect(job.onUnknown == .rerun)
        #expect(job.expect.startWithin == .seconds(5) && job.expect.endBy == 360 && job.expect.duration == .seconds(7200))
        #expect(job.expect.zone.name == "Europe/Berlin" && job.parameters == ["REGION": "eu"])
        #expect(job.notify.on == [.failure, .recovery, .missed, .late])
        #expect(job.notify.email == ["ops@example.org"])
        #expect(job.labels == ["team": "data"])
        #expect(job.disabled && job.softError && !job.isChronos)
        #expect(job.logLimit == 1_048_576 && job.onLogFull == .stop)
        #expect(job.umask == 0o027 && job.nice == -5)
        #expect(job.limits == ResourceLimits(memory: 512 << 20, cpu: .seconds(600), openFiles: 256, processes: 100))
        #expect(job.version.count == 64)
    }

    @Test func overlapMayAllowSoManyAndSurvivesItsCanonicalText() throws {
        let read = try job("command: ./x.sh\noverlap: { allow: 3 }")
        #expect(read.overlap == .allowUpTo(3))
        #expect(try job("command: ./x.sh\noverlap: allow").overlap == .allow)
        let definition = try #require(JobFile.read(text: "command: ./x.sh\noverlap: { allow: 3 }", file: "test.yaml").definitions.first)
        #expect(definition.canonical.contains(#""overlap":{"allow":3}"#))
        #expect(Definition.parse(canonical: definition.canonical)?.overlap == .allowUpTo(3))
    }

    @Test func aJobWithOnlyACommandHasTheDefaults() throws {
        let read = try job("command: ./x.sh")
        var expected = Job(name: name("test"), command: .shell("./x.sh"))
        expected.version = read.version
        #expect(read == expected)
    }

    @Test(arguments: [
        ("command: [ls, -l]", Command.words(["ls", "-l"])),
        ("command: 5", .shell("5")),
        ("command: |\n  set -e\n  true\n", .shell("set -e\ntrue\n")),
        ("command: NO", .shell("NO")),
    ])
    func aCommandIsAShellTextOrAListOfWords(text: String, expected: Command) throws {
        #expect(try job(text).command == expected)
    }

    @Test(arguments: [
        ("1", Int64(1)), ("1024", 1024), ("5B", 5), ("1kB", 1000), ("1 KB", 1000), ("1KiB", 1024), ("1.5GiB", 1_610_612_736),
        ("3tb", 3_000_000_000_000),
    ])
    func amountsHaveSuffixesOfThousandsAndOf1024(text: String, bytes: Int64) throws {
        #expect(try job("command: x\nmemory: \(text)").memory == bytes)
    }

    @Test(arguments: [("0", Int64(0)), ("64KiB", 65_536), ("100000", 100_000), ("2 GB", 2_000_000_000)])
    func aLogLimitIsAnAmountOrNothingAtAll(text: String, bytes: Int64) throws {
        #expect(try job("command: x\nlogLimit: \(text)").logLimit == bytes)
        #expect(try job("command: x").logLimit == 10 << 20)
    }

    @Test(arguments: [("027", 0o027), ("0027", 0o027), ("'000'", 0), ("777", 0o777)])
    func aUmaskHasThreeOctalDigits(text: String, bits: Int) throws {
        #expect(try job("command: x\numask: \(text)").umask == bits)
    }

    @Test func anEmptyMapOfLimitsHasNone() throws {
        #expect(try job("command: x\nlimits: {}").limits == ResourceLimits())
    }

    @Test(arguments: [
        ("[75, 100-110]", [75...75, 100...110]), ("75", [75...75]), ("\"75, 100 - 110,1-255\"", [75...75, 100...110, 1...255]),
        ("1-1", [1...1]),
    ]) func retriesNameEndsAndExitCodes(codes: String, ranges: [ClosedRange<Int>]) throws {
        let text = "command: x\nretries: { limit: 3, on: [failed, couldNotStart], exitCodes: \(codes) }"
        #expect(try job(text).retries == Retries(limit: 3, on: [.failed, .couldNotStart], exitCodes: ranges))
    }

    @Test func withoutNamedEndsEveryFailureIsRetried() throws {
        let retries = try job("command: x\nretries: { limit: 3 }").retries
        #expect(retries.on == Retries.Occasion.usual && retries.exitCodes == nil)
        #expect(try job("command: x\nretries: { limit: 3, on: timedOut }").retries.on == [.timedOut])
    }

    @Test func retriesMayBeOneNumber() throws {
        #expect(try job("command: x\nretries: 3").retries == Retries(limit: 3))
    }

    @Test func oneParentNeedsNoList() throws {
        #expect(try job("command: x\nafter: a").after == [Edge(parent: name("a"))])
        #expect(try job("command: x\nafter: { job: a, on: failure }").after == [Edge(parent: name("a"), on: .failure)])
    }

    @Test func scheduleAndCronAreAUnion() throws {
        let job = try job("command: x\nschedule: [R/2026-01-01/P1D, R/2026-01-01/P1W]\ncron: 0 2 * * MON-FRI\n")
        #expect(job.schedule?.recurrences.count == 3)
    }

    @Test(arguments: [
        ("except: SAT,SUN\n", ["2026-03-06", "2026-03-09", "2026-03-10"]),
        ("except: [SAT, 2026-03-09]\n", ["2026-03-06", "2026-03-08", "2026-03-10"]),
        ("between: [{from: 00:00, until: 03:00, on: FRI}, {from: 00:00, until: 24:00, on: SAT}]\n", ["2026-03-06", "2026-03-07"]),
        ("between: {from: 02:01, until: 24:00}\n", []),
        ("notBefore: 2026-03-07T02:00\nnotAfter: 2026-03-08\n", ["2026-03-07", "2026-03-08"]),
        ("notBefore: 2026-03-07T02:00:01\nnotAfter: 2026-03-08T01:00Z\n", ["2026-03-08"]),
        ("notAfter: 2026-03-07T18:00[America/New_York]\n", ["2026-03-06", "2026-03-07"]),
    ])
    func limitsTakeSlotsAway(text: String, expected: [String]) throws {
        let schedule = try #require(try job("command: x\nschedule: R5/2026-03-06T02:00/P1D\nzone: Europe/Berlin\n" + text).schedule)
        var slots: [Instant] = []
        while let next = schedule.next(after: slots.last ?? .epoch) { slots.append(next.due) }
        #expect(slots.map { String($0.rfc3339.prefix(10)) } == expected)
    }

    @Test func aSpreadMovesSlotsThatTheLimitsLeftByTheJobsName() throws {
        let text = "command: x\nschedule: R/2026-03-06T23:55/P1D\nexcept: SUN\nbetween: {from: 23:50, until: 24:00}\nspread: PT10M\n"
        let delay = Schedule.delay(spread: .seconds(600), seed: "backup")
        #expect(delay == .seconds(270))
        let schedule = try #require(try job("name: backup\n" + text).schedule)
        #expect(schedule.next(after: .epoch)?.due.rfc3339 == "2026-03-06T23:59:30Z")
        #expect(try job("name: backup2\n" + text).schedule?.delay != delay)
    }

    @Test func nullMeansAbsent() throws {
        #expect(try job("command: x\nzone: ~\nschedule: null\n").schedule == nil)
    }

    @Test func textsKeepWhatLooksLikeAnotherType() throws {
        let job = try job(
            "name: 1e3\ncommand: x\nenv: { A: 010, B: 1_000, C: 10:30, D: 0x1F, E: yes, F: .inf, G: 2026-01-01 }\nlabels: { on: off }")
        #expect(job.name.text == "1e3")
        #expect(job.environment == ["A": "010", "B": "1_000", "C": "10:30", "D": "0x1F", "E": "yes", "F": ".inf", "G": "2026-01-01"])
        #expect(job.labels == ["on": "off"])
    }

    @Test(arguments: ["A\u{0301}", "a b", "naïve", "..", "-x", ".x", "a/b", "a\nb", "💥", #"a"b"#, String(repeating: "a", count: 300)])
    func hostileNamesAreRefused(text: String) {  // failure 70
        let json = #"{"command": "x", "name": "\#(text.replacing("\"", with: "\\\"").replacing("\n", with: "\\n"))"}"#
        let problems = JobFile.read(text: json, file: "jobs/test.json").problems
        #expect(problems.count == 1)
        #expect(problems.first?.column == 26)
        #expect(problems.first?.message.contains("is no name of a job") == true)
        #expect(problems.first?.description.contains("\n") == false)
    }
}
