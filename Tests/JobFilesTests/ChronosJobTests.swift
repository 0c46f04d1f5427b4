import JobFiles
import Scheduling
import Testing
import Timetable

/// The shape of Chronos: what its server, its clients and chronos-sync write.
struct ChronosJobTests {
    @Test func everyFieldOfTheServerIsRead() throws {
        let text = """
            {"name":"SAMPLE_JOB1","command":"echo 'FOO' >> /tmp/JOB1_OUT","shell":true,"executor":"","executorFlags":"","taskInfoData":"",
             "retries":4,"owner":"flo@airbnb.com, ops@airbnb.com","ownerName":"Flo","description":"A sample","successCount":26,"errorCount":1,
             "lastSuccess":"2015-01-26T20:41:35.000Z","lastError":"","cpus":0.5,"disk":256.0,"mem":512.0,"disabled":true,"softError":true,
             "dataProcessingJobType":false,"errorsSinceLastSuccess":0,"fetch":[],"uris":[],
             "environmentVariables":[{"name":"A","value":"1"},{"name":"A","value":"2"},{"name":"B","value":3}],
             "arguments":[],"highPriority":true,"runAsUser":"etl","concurrent":true,"maxCompletionTime":3600,"epsilon":"PT15M","async":false,
             "constraints":[["rack","EQUALS","rack-1"],["hostname","UNLIKE","bad.*"]],
             "schedule":"R/2015-11-29T12:30:00.000Z/PT24H","scheduleTimeZone":""}
            """
        let (definitions, problems) = JobFile.read(text: text, file: "jobs/sample.json")
        #expect(problems == [])
        let job = try #require(definitions.first?.job)
        #expect(job.isChronos)
        #expect(job.command == .shell("echo 'FOO' >> /tmp/JOB1_OUT"))
        #expect(job.retries == Retries(limit: 4, delay: .seconds(60)))
        #expect(job.notify == Notification(on: [.failure], email: ["flo@airbnb.com", "ops@airbnb.com"]))
        #expect(job.description == "A sample")
        #expect(job.cpus == 0.5 && job.memory == 512 << 20 && job.disk == 256 << 20)
        #expect(job.disabled && job.softError)
        #expect(job.environment == ["A": "1", "B": "3"])
        #expect(job.priority == 9 && job.overlap == .allow && job.user == "etl")
        #expect(job.timeout == .seconds(3600) && job.startWithin == .seconds(900))
        #expect(job.constraints.map(\.operation) == [.equals, .unlike])
        #expect(job.schedule?.recurrences.map(\.text) == ["R/2015-11-29T12:30:00.000Z/PT24H"])
        #expect(definitions.first?.canonical.contains("uccess") == false, "counters are state, not definition")
        #expect(Definition.parse(canonical: try #require(definitions.first?.canonical)) == job)
    }

    @Test func whatIsAbsentNullOrEmptyHasTheDefaultsOfChronos() throws {
        let text =
            #"{"name":"a","command":"x","schedule":"R//PT1H","owner":null,"cpus":0,"mem":0.0,"retries":null,"runAsUser":"","maxCompletionTime":0,"epsilon":""}"#
        let job = try job(text, file: "jobs/a.json")
        var expected = Job(name: name("a"), command: .shell("x"))
        expected.isChronos = true
        expected.retries = Retries(limit: 2)
        expected.schedule = job.schedule
        expected.version = job.version
        #expect(job == expected)
        #expect(job.schedule?.needsAnchor == true)
    }

    @Test func numbersAndBooleansMayBeTexts() throws {
        let job = try job(
            #"{"name":7,"command":"x","parents":["a"],"cpus":"0.5","retries":"3","disabled":"TRUE","concurrent":"false"}"#,
            file: "jobs/a.json")
        #expect(job.name.text == "7" && job.cpus == 0.5 && job.retries.limit == 3 && job.disabled && job.overlap == .queue)
    }

    @Test func parentsMakeAJobDependentAndTheirOrderDoesNotMatter() throws {
        let one = try job(#"{"name":"c","command":"x","parents":["b","a","b"]}"#, file: "jobs/c.json")
        let other = try job(#"{"parents":["a","b"],"command":"x","name":"c"}"#, file: "jobs/c.json")
        #expect(one.after == [Edge(parent: name("a")), Edge(parent: name("b"))])
        #expect(one == other && one.schedule == nil)
    }

    @Test func aFileOfChronosSyncIsRead() throws {
        let text = """
            ---
            name: sample_job
            command: |
              /bin/bash -c 'echo hi'
            epsilon: PT15M
            executor: ''
            owner: ops@example.org
            async: false
            cpus: 0.1
            disk: 256
            mem: 128
            runAsUser: root
            disabled: false
            uris: []
            schedule: R/2014-03-08T20:00:00.000Z/PT2H
            scheduleTimeZone: PST
            environmentVariables:
            - name: FOO
              value: bar
            """
        let job = try job(text, file: "jobs/scheduled/sample_job.yaml")
        #expect(job.isChronos && job.user == "root" && job.environment == ["FOO": "bar"])
        let due = job.schedule?.next(after: Instant(seconds: 1_394_300_000))?.due
        #expect(due == Instant(seconds: 1_394_337_600), "2014-03-08T20:00 on the wall clock of Los Angeles")
    }

    @Test func aDumpOfGetJobsIsRead() {
        let text =
            #"[{"name":"a","command":"x","schedule":"R/2026-01-01T00:00:00.000Z/P1D","mem":128.0},{"name":"b","command":"y","parents":["a"]}]"#
        let (definitions, problems) = JobFile.read(text: text, file: "jobs/dump.json")
        #expect(problems == [])
        #expect(definitions.map(\.job.name.text) == ["a", "b"])
        #expect(definitions.last?.source == #"{"name":"b","command":"y","parents":["a"]}"#)
    }

    @Test func whatComesThroughTheAPIOfChronosIsInItsShape() throws {
        let text = #"{"name":"a","command":"x","schedule":"R//PT1H"}"#
        let read = try #require(JobFile.read(text: text, file: "request.json", asChronos: true).definitions.first)
        #expect(read.job.isChronos && read.job.retries.limit == 2)
        #expect(Definition.parse(canonical: read.canonical) == read.job)
        #expect(try !job(text, file: "request.json").isChronos)
    }

    @Test func withoutShellTheArgumentsFollowTheCommand() throws {
        let job = try job(#"{"command":"/bin/echo","shell":false,"arguments":["a b","c"]}"#)
        #expect(job.command == .words(["/bin/echo", "a b", "c"]))
    }

    @Test func withNeitherParentsNorScheduleItRunsOnceAtOnceAndKeepsConcurrent() throws {
        let job = try job(#"{"command":"x","concurrent":true}"#)
        #expect(job.schedule?.recurrences.map(\.text) == ["R1//PT24H"])
        #expect(job.overlap == .allow)
    }

    @Test(arguments: [
        (
            #"{"command":"x","parents":["a"],"schedule":"R//PT1H"}"#,
            "1:32: error: a job has either `parents` or a `schedule`; Chronos ignored the schedule"
        ),
        (#"{"command":"x","parents":[]}"#, "1:16: error: `parents` is empty; name a parent, or write a `schedule`"),
        (#"{"command":"x","parents":["a b"]}"#, "1:27: error: `a b` is no name of a job"),
        (#"{"command":"x","owner":"","schedule":"R/2026-01-01/-P1D"}"#, "1:52: error: `schedule`: "),
        (#"{"command":"x","schedule":"R//PT1H","scheduleTimeZone":"Mars"}"#, "1:56: error: `scheduleTimeZone`: "),
        (#"{"command":"x","mem":"lots"}"#, "1:22: error: `mem` must be a number of megabytes, not `lots`"),
        (#"{"command":"x","mem":1,"constraints":[["a","CLUSTER","b"]]}"#, "1:44: error: unknown operator `CLUSTER`; there are"),
        (#"{"command":"x","mem":1,"constraints":[["a","LIKE","("]]}"#, "1:51: error: `(` is no regular expression"),
        (#"{"command":"x","environmentVariables":{"A":"1"}}"#, "1:39: error: `environmentVariables` must be a list"),
        (#"{"command":"x","environmentVariables":[{"name":"A=B"}]}"#, "1:40: error: a variable needs a `name`"),
        (#"{"shell":true}"#, "1:1: error: `command` is missing"),
    ])
    func whatChronosMistookIsAnError(text: String, expected: String) {
        let told = problems(text)
        #expect(told.count == 1)
        #expect(told.first?.hasPrefix("jobs/test.yaml:" + expected) == true, "\(told)")
    }

    @Test(arguments: [
        (#"{"command":"x","owner":"","dataJob":true}"#, "1:27: warning: unknown field `dataJob` is ignored"),
        (#"{"command":"x","owner":"","zone":"UTC"}"#, "1:27: warning: `zone` is ignored: `owner` makes this a job in the shape of Chronos"),
        (
            #"{"command":"x","container":{"type":"DOCKER","image":"debian"}}"#,
            "1:16: warning: `container` is not carried out by `runOn: local`"
        ),
        (#"{"command":"x","uris":["http://a/b"]}"#, "1:16: warning: `uris` is not carried out by `runOn: local`"),
        (#"{"command":"x","executor":"/bin/e"}"#, "1:16: warning: `executor` is not carried out by `runOn: local`"),
        (#"{"command":"x","runOn":"hpc","uris":["http://a/b"]}"#, "1:30: warning: `uris` is not carried out by `runOn: hpc`"),
        (#"{"command":"http://a/b.sh","mem":1}"#, "1:12: warning: the address is not fetched"),
        (#"{"command":"x","arguments":["a"]}"#, "1:16: warning: `arguments` have no effect with `shell: true`"),
        (
            #"{"command":"x","environmentVariables":[{"name":"CHRONOS_JOB_NAME","value":"x"}]}"#,
            "1:40: warning: `CHRONOS_JOB_NAME` is ignored"
        ),
        (#"{"command":"","mem":1}"#, "1:2: warning: `command` is empty"),
    ])
    func whatHasNoEffectIsAWarning(text: String, expected: String) {
        let (definitions, problems) = JobFile.read(text: text, file: "jobs/test.yaml")
        #expect(definitions.count == 1)
        #expect(problems.count == 1)
        #expect(problems.first?.description.hasPrefix("jobs/test.yaml:" + expected) == true, "\(problems)")
    }

    /// One line moves a job of Chronos to a cluster as well.
    @Test func aJobOfChronosMayNameItsExecutor() throws {
        let text = #"{"command":"x","mem":64,"runOn":"hpc","pool":"wide","gres":"gpu:1","slurm":{"nice":"5"}}"#
        let (definitions, problems) = JobFile.read(text: text, file: "jobs/a.json")
        let definition = try #require(definitions.first)
        #expect(problems == [] && definition.job.isChronos)
        #expect(definition.job.runOn == "hpc" && definition.job.pool == "wide")
        #expect(definition.job.gres == ["gpu:1"] && definition.job.slurm == ["nice": "5"])
        #expect(Definition.parse(canonical: definition.canonical) == definition.job)
        #expect(try job(#"{"command":"x","mem":64,"runOn":""}"#, file: "a.json").runOn == "local")
    }

    @Test func anImageIsNotLeftOutWhereSomebodyMovedTheJob() {
        let text = #"{"command":"x","runOn":"hpc","container":{"type":"DOCKER","image":"debian"}}"#
        #expect(
            problems(text) == [
                "jobs/test.yaml:1:30: error: `container` is not carried out by `runOn: hpc`; start the container in `command`, and take it out"
            ])
    }
}
