import Glibc
import JobFiles
import Scheduling
import Testing
import Timetable

/// Calendars that job files name by their path.
struct CalendarFileTests {
    let files = TemporaryFolder()
    let start = Instant(seconds: 1_700_001_000)

    static func calendar(_ days: Int..., summary: String = "") -> String {
        "BEGIN:VCALENDAR\r\n" + days.map { "BEGIN:VEVENT\r\nSUMMARY:\(summary)\r\nDTSTART:\($0)\r\nEND:VEVENT\r\n" }.joined()
            + "END:VCALENDAR\r\n"
    }

    static func job(except path: String) -> String { "command: x\nschedule: R/2026-03-06T02:00/P1D\nexcept: \(path)\n" }

    private func first(_ reading: Reading, _ job: String = "a") -> String? {
        (reading.graph[name(job)]?.schedule?.next(after: .epoch)?.due.rfc3339).map { String($0.prefix(10)) }
    }

    private func told(_ problems: [Problem]) -> [String] {
        problems.map { $0.description.replacing(files.path + "/", with: "") }
    }

    // MARK: Reading

    @Test(arguments: ["holidays.ics", "./holidays.ics", "../jobs/holidays.ics", "../Upper.ICS", "/absolute"])
    func aPathIsRelativeToTheFolderOfTheJobFile(path: String) throws {
        files.makeFolder("jobs")
        files.write("jobs/holidays.ics", Self.calendar(20_260_306))
        files.write("Upper.ICS", Self.calendar(20_260_306))
        let text = Self.job(except: path == "/absolute" ? "\(files.path)/Upper.ICS" : path)
        let (definitions, problems) = JobFile.read(text: text, file: "\(files.path)/jobs/a.yaml")
        #expect(problems == [])
        let job = try #require(definitions.first?.job)
        #expect(job.schedule?.next(after: .epoch)?.due.rfc3339 == "2026-03-07T02:00:00Z")
    }

    @Test func floatingTimesAreOfTheJobsZone() throws {
        files.write("closed.ics", Self.calendar(20_260_306).replacing("20260306", with: "20260306T000000\r\nDURATION:P1D"))
        let text = Self.job(except: "closed.ics") + "zone: Asia/Tokyo\n"
        let job = try #require(JobFile.read(text: text, file: "\(files.path)/a.yaml").definitions.first?.job)
        #expect(job.schedule?.next(after: .epoch)?.due.rfc3339 == "2026-03-06T17:00:00Z")
    }

    @Test func whatIsWrongWithACalendarIsToldAtItsEntry() {
        files.makeFolder("folder.ics")
        files.link("nowhere.ics", to: "/nonexistent/x")
        mkfifo("\(files.path)/pipe.ics", 0o600)
        files.write("large.ics", "x")
        truncate("\(files.path)/large.ics", 1 << 30)
        files.write("empty.ics", "")
        files.write("bad.ics", "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nDTSTART:20260230\r\n")
        files.write("loop.ics", "x")
        files.delete("loop.ics")
        files.link("loop.ics", to: "loop.ics")
        let names = ["none", "folder", "nowhere", "pipe", "large", "empty", "bad", "loop"].map { $0 + ".ics" }
        let text = Self.job(except: "\n" + names.map { "- \($0)\n" }.joined()) + "retries: many\n"
        let (definitions, problems) = JobFile.read(text: text, file: "\(files.path)/a.yaml")
        #expect(definitions.isEmpty)
        #expect(
            told(problems) == [
                "a.yaml:4:3: error: `except`: there is no file `none.ics`; the path of a calendar is relative to the folder of the job file",
                "a.yaml:5:3: error: `except`: `folder.ics` is no regular file; name a file in the iCalendar format",
                "a.yaml:6:3: error: `except`: there is no file `nowhere.ics`; the path of a calendar is relative to the folder of the job file",
                "a.yaml:7:3: error: `except`: `pipe.ics` is no regular file; name a file in the iCalendar format",
                "a.yaml:8:3: error: `except`: the calendar `large.ics` is larger than 8 MiB; take out the events that are long past",
                "a.yaml:9:3: error: `except`: the calendar `empty.ics`, line 1: this is no iCalendar file, which begins with BEGIN:VCALENDAR",
                "a.yaml:10:3: error: `except`: the calendar `bad.ics`, line 3: DTSTART: there is no such day as 20260230",
                "a.yaml:11:3: error: `except`: the calendar `loop.ics` cannot be read (its symbolic links lead in a circle); "
                    + "give the user of the scheduler the right to read it",
                "a.yaml:13:10: error: `retries` must be a whole number from 0 to 1000000, not `many`",
            ])
    }

    // MARK: Canonical

    @Test func theCanonicalTextHoldsTheCalendarItself() throws {
        files.write("holidays.ics", Self.calendar(20_260_306))
        let read = JobFile.read(text: Self.job(except: "[SUN, holidays.ics]"), file: "\(files.path)/a.yaml").definitions
        let definition = try #require(read.first)
        let calendar = #"BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART:20260306\nEND:VEVENT\nEND:VCALENDAR\n"#
        #expect(
            definition.canonical == #"{"command":"x","except":["SUN",{"calendar":"\#(calendar)"}],"name":"a","#
                + #""schedule":["R/2026-03-06T02:00/P1D"]}"#)
        files.delete("holidays.ics")
        #expect(Definition.parse(canonical: definition.canonical) == definition.job)
    }

    @Test func theSameHolidaysAreTheSameVersionWhereverTheyStand() throws {
        files.write("a.ics", Self.calendar(20_260_306, 20_261_224))
        files.write("b.ics", Self.calendar(20_261_224, 20_260_306, summary: "Christmas"))
        let inline = "\n  - calendar: |\n" + Self.calendar(20_260_306, 20_261_224).split(separator: "\r\n").map { "      \($0)\n" }.joined()
        let versions = ["a.ics", "b.ics", inline].map { path in
            JobFile.read(text: Self.job(except: path), file: "\(files.path)/a.yaml").definitions.first?.job.version
        }
        #expect(versions[0] != nil && Set(versions).count == 1)
        files.write("a.ics", Self.calendar(20_260_306))
        #expect(JobFile.read(text: Self.job(except: "a.ics"), file: "\(files.path)/a.yaml").definitions.first?.job.version != versions[0])
    }

    // MARK: While the scheduler runs

    @Test func aCalendarThatChangesComesAndGoesIsTaken() throws {
        files.makeFolder("jobs")
        files.write("holidays.ics", Self.calendar(20_260_306))
        files.write("jobs/a.yaml", Self.job(except: "../holidays.ics"))
        files.write("jobs/b.yaml", Self.job(except: "SUN"))
        var folder = JobFolder(path: "\(files.path)/jobs")
        var reading = try folder.read(at: start)
        #expect(first(reading) == "2026-03-07" && first(reading, "b") == "2026-03-06" && reading.lookAgain == nil && reading.files == 2)

        files.write("holidays.ics", Self.calendar(20_260_306, 20_260_307))
        reading = try folder.read(at: start + .seconds(1))
        #expect(first(reading) == "2026-03-08" && reading.problems == [])

        files.delete("holidays.ics")
        reading = try folder.read(at: start + .seconds(2))
        #expect(first(reading) == "2026-03-08", "the last good version stays in force")
        #expect(told(reading.problems).map { $0.prefix(56) } == ["jobs/a.yaml:3:9: error: `except`: there is no file `jobs"])
        #expect(try folder.read(at: start + .seconds(60)).problems == reading.problems)

        files.write("holidays.ics", Self.calendar(20_260_306).replacing("END:VCALENDAR\r\n", with: ""))
        reading = try folder.read(at: start + .seconds(61))
        #expect(first(reading) == "2026-03-08")
        #expect(
            told(reading.problems) == [
                "jobs/a.yaml:3:9: error: `except`: the calendar `jobs/../holidays.ics`, line 5: the file ends before END:VCALENDAR"
            ])

        files.write("holidays.ics", Self.calendar(20_260_306))
        reading = try folder.read(at: start + .seconds(62))
        #expect(first(reading) == "2026-03-07" && reading.problems == [])
    }

    @Test func aCalendarMissingFromTheBeginningIsTakenWhenItComes() throws {
        files.write("a.yaml", Self.job(except: "holidays.ics"))
        var folder = JobFolder(path: files.path)
        var reading = try folder.read(at: start)
        #expect(reading.graph.jobs.isEmpty && reading.problems.count == 1)
        files.write("holidays.ics", Self.calendar(20_260_306))
        reading = try folder.read(at: start + .seconds(1))
        #expect(first(reading) == "2026-03-07" && reading.problems == [])
    }

    @Test func aCalendarThatALinkSwitchesIsTaken() throws {
        files.write("one.ics", Self.calendar(20_260_306))
        files.write("two.ics", Self.calendar(20_260_306, 20_260_307))
        files.link("current.ics", to: "one.ics")
        files.write("a.yaml", Self.job(except: "current.ics"))
        var folder = JobFolder(path: files.path)
        #expect(first(try folder.read(at: start)) == "2026-03-07")
        files.delete("current.ics")
        files.link("current.ics", to: "two.ics")
        #expect(first(try folder.read(at: start + .seconds(1))) == "2026-03-08")
    }

    @Test func aYoungCalendarIsPutOff() throws {
        files.write("holidays.ics", Self.calendar(20_260_306))
        files.write("a.yaml", Self.job(except: "holidays.ics"))
        var folder = JobFolder(path: files.path)
        _ = try folder.read(at: start)
        let now = start + .seconds(5)
        files.write("holidays.ics", "BEGIN:VCAL", at: now)
        files.write("b.yaml", Self.job(except: "holidays.ics"))
        var reading = try folder.read(at: now)
        #expect(first(reading) == "2026-03-07" && reading.graph[name("b")] == nil && reading.problems == [])
        #expect(reading.lookAgain == now + .milliseconds(100))
        files.write("holidays.ics", Self.calendar(20_260_306, 20_260_307), at: now)
        reading = try folder.read(at: now + .milliseconds(100))
        #expect(first(reading) == "2026-03-08" && first(reading, "b") == "2026-03-08" && reading.lookAgain == nil)
    }

    @Test func aCalendarBeingWrittenIsPutOff() throws {
        files.makeFolder("jobs")
        files.write("jobs/holidays.ics", Self.calendar(20_260_306))
        files.write("jobs/a.yaml", Self.job(except: "../jobs/holidays.ics"))
        var folder = JobFolder(path: "\(files.path)/jobs")
        _ = try folder.read(at: start)
        files.write("jobs/holidays.ics", "BEGIN:VCAL")
        var reading = try folder.read(at: start + .seconds(1), dirty: ["\(files.path)/jobs/holidays.ics"])
        #expect(first(reading) == "2026-03-07" && reading.problems == [] && reading.lookAgain == start + .seconds(2))
        files.write("jobs/holidays.ics", Self.calendar(20_260_306, 20_260_307))
        let writer = open("\(files.path)/jobs/holidays.ics", O_WRONLY | O_CLOEXEC)
        reading = try folder.read(at: start + .seconds(2))
        #expect(first(reading) == "2026-03-07" && reading.lookAgain == start + .seconds(2) + .milliseconds(100))
        close(writer)
        reading = try folder.read(at: start + .seconds(3))
        #expect(first(reading) == "2026-03-08" && reading.lookAgain == nil)
    }

    @Test func aCommandThatReadsOnceReadsAYoungCalendar() throws {
        files.write("holidays.ics", Self.calendar(20_260_306), at: start)
        files.write("a.yaml", Self.job(except: "holidays.ics"), at: start)
        var folder = JobFolder(path: files.path, mindsWriters: false)
        #expect(first(try folder.read(at: start)) == "2026-03-07")
    }

    @Test func manyJobsShareOneCalendar() throws {
        files.makeFolder("etl")
        files.write("holidays.ics", Self.calendar(20_260_306))
        for number in 0..<500 {
            files.write("a\(number).yaml", Self.job(except: "holidays.ics"))
            files.write("etl/b\(number).yaml", Self.job(except: "[SUN, ../holidays.ics]") + "retries: 1\n")
        }
        var folder = JobFolder(path: files.path)
        var reading = try folder.read(at: start)
        #expect(reading.graph.jobs.count == 1000 && calendars(of: reading).count == 1)
        files.write("a7.yaml", Self.job(except: "holidays.ics") + "retries: 2\n")
        reading = try folder.read(at: start + .seconds(1))
        #expect(calendars(of: reading).count == 1, "also what is read later")
        files.write("a8.yaml", Self.job(except: "holidays.ics") + "zone: Europe/Berlin\n")
        #expect(calendars(of: try folder.read(at: start + .seconds(2))).count == 2, "one for each zone")
        let shared = Calendars()
        let jobs = reading.definitions.values.compactMap { Definition.parse(canonical: $0.canonical, calendars: shared) }
        #expect(jobs.count == 1000 && calendars(of: jobs).count == 1)
    }

    private func calendars(of reading: Reading) -> Set<ObjectIdentifier> { calendars(of: reading.graph.jobs.values.map(\.job)) }

    private func calendars(of jobs: [Job]) -> Set<ObjectIdentifier> {
        Set(
            jobs.flatMap { $0.schedule?.limits.exclusions ?? [] }.compactMap { exclusion in
                if case .calendar(let calendar) = exclusion { ObjectIdentifier(calendar) } else { nil }
            })
    }
}
