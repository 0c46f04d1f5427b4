import JobFiles
import Scheduling
import Testing

/// The canonical text of a definition, and the version that is made of it.
struct CanonicalTests {
    static let yaml = """
        name: a
        command: ./a.sh
        schedule: R/2026-01-01T02:00/P1D
        retries: 3
        cpus: 1.0
        memory: 1KiB
        env: { B: "2", A: "1" }
        disabled: false
        after: [{ job: p, on: success }]
        """

    @Test func theCanonicalTextHasSortedKeysTypedValuesAndNoDefaults() throws {
        let definition = try #require(JobFile.read(text: Self.yaml, file: "jobs/a.yaml").definitions.first)
        #expect(
            definition.canonical == #"{"after":["p"],"command":"./a.sh","cpus":1,"disabled":false,"env":{"A":"1","B":"2"},"memory":1024,"#
                + #""name":"a","retries":3,"schedule":["R/2026-01-01T02:00/P1D"]}"#)
        #expect(definition.job.version == "12892c235374da759b6b6a5c27b077dddfb2cdf7fb4092570599b157673fb072", "as sha256sum has it")
    }

    @Test(arguments: [
        "env: {A: '1', B: '2'}\ndisabled: false\ncpus: 1\nretries: \"3\"\nmemory: 1024\nschedule: [R/2026-01-01T02:00/P1D]\nafter: p\ncommand: |-\n  ./a.sh\n",
        #"{"retries": 3, "disabled": false, "cpus": 1e0, "after": ["p"], "memory": "1024", "zone": null, "env": {"A": "1", "B": "2"}, "schedule": "R/2026-01-01T02:00/P1D", "command": "./\u0061.sh"}"#,
    ])
    func theVersionDoesNotDependOnOrderOrFormat(text: String) throws {
        #expect(try job(text, file: "jobs/a.yaml").version == job(Self.yaml, file: "jobs/other.yaml").version)
    }

    @Test func ofLimitsTheTextsAreKept() throws {
        let text = "command: x\nspread: PT1H\nnotAfter: 2026-12-31\nexcept: SAT\nbetween: { until: '17:00', from: '09:00' }\ncron: '@daily'"
        let definition = try #require(JobFile.read(text: text, file: "jobs/a.yaml").definitions.first)
        #expect(
            definition.canonical == #"{"between":[{"from":"09:00","until":"17:00"}],"command":"x","cron":["@daily"],"except":["SAT"],"#
                + #""name":"a","notAfter":"2026-12-31","spread":"PT1H"}"#)
    }

    /// What was not written is not there, and what was is read again as it was.
    @Test func retriesAreWrittenAsTheyWereUnderstood() throws {
        let (definitions, _) = JobFile.read(
            text: "name: a\ncommand: x\nretries: {limit: 3, on: failed, exitCodes: \"75,100 - 110\"}", file: "a.yaml")
        let definition = try #require(definitions.first)
        #expect(
            definition.canonical
                == #"{"command":"x","name":"a","retries":{"exitCodes":["75","100-110"],"limit":3,"on":["failed"]}}"#)
        #expect(Definition.parse(canonical: definition.canonical)?.retries == definition.job.retries)
    }

    @Test(arguments: ["command: ./b.sh", "command: ./a.sh\nretries: 0", "command: [./a.sh]", "command: ./a.sh\ndisabled: false"])
    func anyDifferenceIsAnotherVersion(text: String) throws {
        #expect(try job(text).version != job("command: ./a.sh").version)
    }

    @Test(arguments: [
        yaml, "command: \"a\\tb\\e\\\\ \\u2028😀\\\"\\n\"", "command: x\ncron: [\"H 2 * * *\"]\nzone: Europe/Berlin\ndst: {fold: both}\n",
        "command: x\ncron: 0 2 * * *\nexcept: SAT\nbetween: {from: '09:00', until: '17:00'}\nnotAfter: 2026-12-31\nspread: PT1H\n",
        "command: x\ncron: 0 2 * * *\nzone: Asia/Tokyo\nbetween: [{from: '21:00', until: 03:00, on: FRI}]\nnotBefore: 2026-12-31T05Z\n",
        "command: x\ncron: 0 2 * * *\nexcept: [--12-25, {calendar: \"BEGIN:VCALENDAR\\r\\nBEGIN:VEVENT\\r\\nUID:1\\r\\nDTSTART:20260101T090000\\r\\n"
            + "DURATION:PT1H\\r\\nEND:VEVENT\\r\\nEND:VCALENDAR\"}]\nzone: Asia/Tokyo\n",
        "command: x\nretries: {limit: 1, backoff: 1.5}\nexpect: {endBy: 10:30}\nnotify: {on: failure, email: a@b}\nlabels: {}\n",
        "command: x\nafter: [a, {job: b, on: done}]\njoin: latest\nconstraints: [[a, LIKE, b]]\nmemory: 1.5GiB\ntimeout: PT1H\npriority: 0\n",
        "command: x\numask: 027\nnice: -5\nlimits: {memory: 1.5GiB, cpu: PT1H, openFiles: 64, processes: 9}\nlogLimit: 64KiB\n",
        "command: x\numask: '000'\nnice: 0\nlimits: {}\nlogLimit: 0\nonLogFull: stop\n",
        #"{"command":"x","parents":["b","a"],"container":{"image":"i","volumes":[]},"mem":12.5,"environmentVariables":[{"name":"A"}]}"#,
        #"{"command":"x","successCount":3}"#,
        #"{"command":"x","shell":false,"arguments":["y"],"schedule":"R/2026-01-01T00:00Z/P1D","scheduleTimeZone":"EST"}"#,
    ])
    func aJobComesBackFromItsCanonicalText(text: String) throws {
        let definition = try #require(JobFile.read(text: text, file: "jobs/a.yaml").definitions.first)
        #expect(Definition.parse(canonical: definition.canonical) == definition.job)
        #expect(!definition.job.version.isEmpty)
    }

    @Test(arguments: [
        "", "{", "[]", "{}", #"{"command":"x"}"#, #"{"command":"x","name":"a","zone":"Mars/Olympus"}"#,
        #"{"command":"x","name":"a","nope":1}"#, #"{"command":"x","cron":["@daily"],"except":["/dev/null/x.ics"],"name":"a"}"#,
    ])
    func whatIsNoCanonicalTextGivesNoJob(text: String) {
        #expect(Definition.parse(canonical: text) == nil)
    }
}
