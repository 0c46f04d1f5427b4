import JobFiles
import Scheduling
import Testing

/// Files: documents, names, and texts that are no YAML or JSON.
struct JobFileTests {
    @Test func aFileHoldsSeveralDocuments() throws {
        let text = "# first\nname: a\ncommand: x\n---\n# second\nname: b\ncommand: y\nafter: a\n...\n---\n---\nname: c\ncommand: z\n"
        let (definitions, problems) = JobFile.read(text: text, file: "jobs/all.yaml")
        #expect(problems == [])
        #expect(definitions.map(\.job.name.text) == ["a", "b", "c"])
        #expect(definitions.map(\.line) == [2, 6, 12])
        #expect(
            definitions.map(\.source) == [
                "# first\nname: a\ncommand: x\n", "# second\nname: b\ncommand: y\nafter: a\n", "name: c\ncommand: z\n",
            ])
    }

    @Test func aListOfJobsIsAFileOfSeveral() {
        let yaml = "- name: a\n  command: x\n- name: b\n  command: y\n"
        let json = "[\n\t{\"name\": \"a\", \"command\": \"x\"},\n\t{\"name\": \"b\", \"command\": \"y\"}\n]\n"
        for (text, file) in [(yaml, "jobs/l.yaml"), (json, "jobs/l.json"), (json, "jobs/l.yml")] {
            let (definitions, problems) = JobFile.read(text: text, file: file)
            #expect(problems == [])
            #expect(definitions.map(\.job.name.text) == ["a", "b"])
            #expect(Set(definitions.map(\.canonical)) == [#"{"command":"x","name":"a"}"#, #"{"command":"y","name":"b"}"#])
        }
    }

    @Test func aJobWithoutNameTakesThatOfItsFile() throws {
        #expect(try job("command: x", file: "/etc/rota/jobs/etl/load.v2.yaml").name.text == "load.v2")
        #expect(
            problems("command: x", file: "jobs/my job.yaml").first?.hasPrefix("jobs/my job.yaml:1:1: error: the file's name `my job`")
                == true)
    }

    @Test func ofSeveralJobsEachNeedsAName() {
        #expect(
            problems("command: x\n---\nname: b\ncommand: y\n") == [
                "jobs/test.yaml:1:1: error: `name` is missing; a file with several jobs must name each"
            ])
    }

    @Test func sixBrokenJobsAreToldAtOnceAndTheGoodOneIsRead() {
        let text = """
            name: one
            comand: x
            ---
            name: two
            command: x
            retries: many
            timeout: 1h
            ---
            name: good
            command: x
            ---
            name: three
            command: x
            zone: Mars/Olympus
            ---
            name: four
            command: x
            schedule: R/2026-02-30T00:00/P1D
            ---
            [a]
            ---
            name: six
            command: x
            disabled: off
            """
        let (definitions, problems) = JobFile.read(text: text, file: "jobs/test.yaml")
        #expect(definitions.map(\.job.name.text) == ["good"])
        #expect(problems.map { "\($0.line):\($0.column)" } == ["1:1", "2:1", "6:10", "7:10", "14:7", "18:21", "20:2", "24:11"])
        #expect(problems == problems.sorted())
    }

    @Test func documentsBeforeAMistakeOfSyntaxAreRead() {
        let (definitions, problems) = JobFile.read(text: "name: a\ncommand: x\n---\nname: b\n\tcommand: y\n", file: "jobs/test.yaml")
        #expect(definitions.map(\.job.name.text) == ["a"])
        #expect(problems.map { "\($0.line):\($0.column)" } == ["5:1"])
        #expect(problems.first?.message.hasSuffix("indent with spaces, not with tabs") == true)
    }

    @Test(arguments: [
        ("command: x\ncommand: y", "2:1: error: the key `command` is given twice; take one of them out"),
        ("command: x\n\"command\": y", "2:1: error: the key `command` is given twice; take one of them out"),
        ("a: b: c", "1:5: error: not valid YAML: mapping values are not allowed in this context"),
        ("just text", "1:1: error: a job must be a map of keys such as `command: ./job.sh`, not `just text`"),
        ("", "1:1: error: this file is empty; delete it to remove its jobs"),
        (" \n\n", "1:1: error: this file is empty; delete it to remove its jobs"),
        ("command: x\0", "1:1: error: not a text file: it holds NUL characters"),
        ("command: *gone", "1:10: error: not valid YAML: found undefined alias"),
        ("? [a]\n: b", "1:3: error: a key must be a text, not a list or a map"),
        ("name: x", "1:1: error: `command` is missing; say what the job runs, for example `command: ./job.sh`"),
        ("command: ''", "1:10: error: `command` is empty"),
        ("command: [\"\", a]", "1:10: error: `command` is empty; the first word is the program"),
        ("command: { a: b }", "1:10: error: `command` must be a text, not a map"),
    ])
    func mistakesInYAMLAreToldWithTheirPlace(text: String, expected: String) {
        #expect(problems(text) == ["jobs/test.yaml:" + expected])
    }

    @Test(arguments: [
        (#"{"command": "x", }"#, "1:18: error: not valid JSON: expected a key in double quotes"),
        (#"{"command": x}"#, "1:13: error: not valid JSON: `x` is no value; a text stands in double quotes"),
        (#"{"command": "x""#, "1:16: error: not valid JSON: expected `,` or `}`"),
        (#"{"command": "#, "1:13: error: not valid JSON: the text ends where a value was expected"),
        ("{\n\t\"command\": \"x\",\n\t\"command\": \"y\"}", "3:2: error: not valid JSON: the key `command` is given twice"),
        (#"{"command": "\ud800"}"#, "1:14: error: not valid JSON: half of a surrogate pair"),
        (#"{"command": "ä\q"}"#, #"1:15: error: not valid JSON: unknown escape; JSON has \n \t \r \b \f \" \\ \/ and \u0000"#),
        (#"{"command": "x", "cpus": "many"}"#, "1:26: error: `cpus` must be a number of processors above 0, not `many`"),
        (#""x""#, "1:1: error: a job must be a map of keys such as `command: ./job.sh`, not `x`"),
    ])
    func mistakesInJSONAreToldWithTheirPlace(text: String, expected: String) {
        #expect(problems(text, file: "jobs/test.json") == ["jobs/test.json:" + expected])
    }

    @Test func aKeyGivenTwiceIsToldWhereItStandsAgainAndHidesNothingElse() {
        let text = """
            name: a
            command: x
            labels: {A: 1, 'ä b': 2, A: 3, "ä b": 4, A: 5}
            command: y
            retries: many
            ---
            name: b
            command: x
            ---
            - { name: c, command: x, labels: &l { t: 1, t: 2 } }
            - { name: d, command: x, labels: *l }
            - { name: e, command: x, priority: 10 }
            - { name: f, command: x }
            """
        let (definitions, problems) = JobFile.read(text: text, file: "jobs/test.yaml")
        #expect(definitions.map(\.job.name.text) == ["b", "f"])
        #expect(
            problems.map { "\($0.line):\($0.column) \($0.message.prefix(30))" } == [
                "3:26 the key `A` is given twice; ta", "3:32 the key `ä b` is given twice; ", "3:42 the key `A` is given twice; ta",
                "4:1 the key `command` is given twi", "5:10 `retries` must be a whole numb", "10:45 the key `t` is given twice; ta",
                "12:36 `priority` must be a whole num",
            ])
    }

    @Test(arguments: [
        ("command: x\n&a env: {}\nenv: {}", "2:1"), ("command: x\n\"\\x41\": x\nA: x", "2:1"), ("command: x\n\"\": x\n'': x", "2:1"),
        ("? |\n  x\n: 1\n? |\n  x\n: 2", "1:3"), ("&k x: 1\n*k : 2", "1:1"),
    ])
    func ofAKeyThatIsWrittenStrangelyTheFirstPlaceIsTold(text: String, place: String) {
        let (definitions, problems) = JobFile.read(text: text, file: "jobs/test.yaml")
        #expect(definitions.isEmpty && problems.count == 1)
        #expect(problems.first.map { "\($0.line):\($0.column)" } == place && problems.first?.message.contains("more than once") == true)
    }

    @Test(arguments: ["'it''s'", #""it\x27s""#, "it's", "\"it's\""])
    func howAKeyIsQuotedMakesNoDifference(key: String) {
        let told = problems("command: x\nlabels:\n  \(key): 1\n  it's: 2\nretries: many")
        #expect(told.first == "jobs/test.yaml:4:3: error: the key `it's` is given twice; take one of them out")
        #expect(told.count == 2)
    }

    @Test func aGreatManyKeysGivenTwiceAreNoTrap() {
        let lines = (0..<2000).map { "k\($0): 1\nk\($0): 2\n" }.joined()
        let start = ContinuousClock.now
        let (definitions, problems) = JobFile.read(text: "command: x\n" + lines, file: "jobs/test.yaml")
        #expect(definitions.isEmpty && !problems.isEmpty)
        #expect(ContinuousClock.now - start < .seconds(30))
    }

    @Test func aKeyGivenTwiceInJSONHidesNothingElse() {
        let text = #"[{"name": "a", "command": "x", "name": "b", "cpus": "many"}, {"name": "c", "command": "x"}]"#
        let (definitions, problems) = JobFile.read(text: text, file: "jobs/test.json")
        #expect(definitions.map(\.job.name.text) == ["c"])
        #expect(problems.map { "\($0.line):\($0.column)" } == ["1:32", "1:53"])
        #expect(Definition.parse(canonical: #"{"command":"x","command":"y","name":"a"}"#) == nil)
    }

    @Test func jsonIsReadAsItsStandardSays() throws {
        let text =
            "\u{FEFF}{\"command\"\t:\r\n[\"a\\/b\\u0041\\ud83d\\ude00\\n\", \"ä\"],\n\t\"retries\": 2, \"cpus\": 1e0, \"disabled\": true, \"zone\": null}"
        let job = try job(text, file: "jobs/test.json")
        #expect(job.command == .words(["a/bA😀\n", "ä"]))
        #expect(job.retries.limit == 2 && job.cpus == 1 && job.disabled)
    }

    @Test func linesMayEndAsOnWindowsAndBeginWithAByteOrderMark() throws {
        let text = "\u{FEFF}name: a\r\ncommand: |\r\n  one\r\n  two\r\nschedule: R/2026-01-01/P1X\r\n"
        #expect(problems(text).first?.hasPrefix("jobs/test.yaml:5:26: error: `schedule`: ") == true, "\(problems(text))")
        #expect(try job(text.replacing("P1X", with: "P1D")).command == .shell("one\ntwo\n"))
    }

    // Failure 64: whatever a writer has got to, reading it ends with an answer.
    @Test(arguments: ["jobs/test.yaml", "jobs/test.json"])
    func everyBeginningOfAFileIsReadOrTold(file: String) {
        let yaml = CanonicalTests.yaml + "\nlabels: &l { a: \"\\u00e4\" }\nexpect: *l\n--- # two\n- |\n  x\n- ? [a]\n  : !!str b\n...\n"
        let json = #"[{"name": "a", "command": ["x\u00e4\ud83d\ude00", "y"], "cpus": 1.5e0, "env": {"A": null}, "disabled": true}]"#
        let bytes = Array((file.hasSuffix("json") ? json : yaml).utf8)
        for count in bytes.indices {
            let (definitions, problems) = JobFile.read(text: String(decoding: bytes[..<count], as: UTF8.self), file: file)
            #expect(!definitions.isEmpty || !problems.isEmpty)
        }
    }

    @Test func aMessageThatQuotesLinesStaysOnOne() {
        #expect(problems("command: x\nschedule: \"R\\n\\e[31mx\"\n").allSatisfy { !$0.contains { $0.isNewline || $0 == "\u{1B}" } })
    }

    @Test func aliasesAreFollowed() throws {
        let job = try job("labels: &l { team: data }\ncommand: x\nenv: *l\n")
        #expect(job.environment == ["team": "data"])
    }

    @Test(arguments: [true, false])
    func aYAMLBombIsRefusedAtOnce(asKey: Bool) {  // failure 69
        var text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
        for level in 1...12 { text += "a\(level): &a\(level) [\(Array(repeating: "*a\(level - 1)", count: 10).joined(separator: ", "))]\n" }
        if asKey { text += "? *a12\n: x\n" }
        let (definitions, problems) = JobFile.read(text: text, file: "jobs/test.yaml")
        #expect(definitions.isEmpty)
        #expect(
            problems.map(\.description) == [
                "jobs/test.yaml:1:1: error: the aliases of this file (`*name`) stand for far more text than a job file may hold; write it out"
            ])
    }

    @Test(arguments: ["[", "- ", "{a: ", "? "])
    func deepNestingIsRefused(unit: String) {  // failure 69
        for depth in [150, 999, 100_000] {
            let text = "command: x\nlabels: " + (unit == "- " || unit == "? " ? "\n  " : "") + String(repeating: unit, count: depth)
            #expect(!JobFile.read(text: text, file: "jobs/test.yaml").problems.isEmpty)
        }
        #expect(!JobFile.read(text: String(repeating: "[", count: 100_000), file: "jobs/test.json").problems.isEmpty)
    }

    @Test(arguments: [
        ("shedule", "schedule"), ("Schedule", "schedule"), ("comand", "command"), ("worKdir", "workdir"), ("run_on", "runOn"),
        ("timout", "timeout"), ("enviroment", nil), ("nmae", "name"), ("priorty", "priority"), ("xyzzy", nil),
    ])
    func aSlipOfTheHandGetsASuggestion(key: String, meant: String?) {
        let problem = problems("command: x\n\(key): y").first { $0.contains("unknown key") }
        #expect(problem?.contains("did you mean `\(meant ?? "")`?") == (meant != nil))
    }
}
