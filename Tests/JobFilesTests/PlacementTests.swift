import JobFiles
import Scheduling
import Testing
import Timetable

/// What the places of the settings have to say of a job, told where it is written.
struct PlacementTests {
    private let start = Instant(seconds: 1_700_001_000)

    /// Objects to each of these keys that it is asked about.
    private func placement(_ keys: [String], _ severity: Problem.Severity = .error) -> Placement {
        Placement { job in job.runOn == "hpc" ? keys.map { Placement.Objection(key: $0, severity: severity, message: "no \($0)") } : [] }
    }

    @Test(arguments: [
        ("runOn", "2:1"), ("constraints.1", "3:34"), ("constraints.7", "3:1"), ("slurm.mail-type", "5:3"), ("slurm.nice", "4:1"),
        ("gres.0", "6:1"), ("memory", "1:1"),
    ])
    func anObjectionIsToldWhereItsKeyStands(key: String, place: String) {
        let text = """
            command: x
            runOn: hpc
            constraints: [[node, EQUALS, a], [rack, EQUALS, b]]
            slurm:
              mail-type: FAIL
            gres: { gpu: 2 }
            """
        let (definitions, problems) = JobFile.read(text: text, file: "a.yaml", placement: placement([key]))
        #expect(problems.map(\.description) == ["a.yaml:\(place): error: no \(key)"])
        #expect(definitions.isEmpty, "what cannot be carried out is not taken")
    }

    @Test func aWarningKeepsNoJobOut() {
        let read = JobFile.read(text: "command: x\nrunOn: hpc", file: "a.yaml", placement: placement(["runOn"], .warning))
        #expect(read.definitions.count == 1 && read.problems.map(\.severity) == [.warning])
    }

    /// All that is wrong with a file is told at once.
    @Test func whatIsWrongBesideOtherErrorsIsToldWithThem() {
        let texts = ["command: x\nrunOn: hpc\ncpus: many", "runOn: hpc\nmemory: 1GB\n", "command: x\nrunOn: hpc\nbogus: 1\n"]
        for (text, lines) in zip(texts, [[2, 3], [1, 1], [2, 3]]) {
            let read = JobFile.read(text: text, file: "a.yaml", placement: placement(["runOn"]))
            #expect(read.problems.map(\.line) == lines && read.definitions.isEmpty, "\(read.problems)")
        }
    }

    /// What may have come of the other error, or is only a warning, is not.
    @Test func nothingIsToldTwice() {
        let faulty = "command: x\nrunOn: hpc\ncpus: many\n"
        #expect(JobFile.read(text: faulty, file: "a.yaml", placement: placement(["cpus", "memory"])).problems.map(\.line) == [3])
        #expect(JobFile.read(text: faulty, file: "a.yaml", placement: placement(["runOn"], .warning)).problems.map(\.line) == [3])
        let nowhere = JobFile.read(
            text: "command: x\nrunOn: [hpc]\n", file: "a.yaml",
            placement: Placement { _ in
                [Placement.Objection(key: "command", severity: .error, message: "no")]
            })
        #expect(nowhere.problems.map(\.line) == [2])
    }

    @Test func oneJobThatCannotBePlacedStopsNoOther() {
        let text = "name: a\ncommand: x\nrunOn: hpc\n---\nname: b\ncommand: x\n"
        let (definitions, problems) = JobFile.read(text: text, file: "a.yaml", placement: placement(["runOn"]))
        #expect(definitions.map(\.job.name.text) == ["b"] && problems.map(\.line) == [3])
    }

    /// As with any other error in a file.
    @Test func theLastGoodVersionStaysInForce() throws {
        let files = TemporaryFolder()
        files.write("a.yaml", "name: a\ncommand: old\n")
        var folder = JobFolder(path: files.path, mindsWriters: false, placement: placement(["runOn"]))
        _ = try folder.read(at: start)
        files.write("a.yaml", "name: a\ncommand: new one\nrunOn: hpc\n")
        let reading = try folder.read(at: start)
        #expect(reading.graph[name("a")]?.command == .shell("old"))
        #expect(reading.problems.map(\.message) == ["no runOn"])
        files.write("a.yaml", "name: a\ncommand: newest one\n")
        #expect(try folder.read(at: start).graph[name("a")]?.command == .shell("newest one"))
    }
}
