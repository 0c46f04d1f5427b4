import JobFiles
import Scheduling
import Testing
import Timetable

/// What is wrong between jobs is told where it is written.
struct GraphPlaceTests {
    let files = TemporaryFolder()
    let start = Instant(seconds: 1_700_001_000)

    /// The places and first words of all problems after one look at the folder.
    private func told(_ folder: inout JobFolder, words: Int = 5) throws -> [String] {
        try folder.read(at: start).problems.map { problem in
            let path = problem.description.dropFirst(files.path.count + 1)
            return path.split(separator: " ").prefix(words + 2).joined(separator: " ")
        }
    }

    private func told(words: Int = 5) throws -> [String] {
        var folder = JobFolder(path: files.path)
        return try told(&folder, words: words)
    }

    @Test func aParentIsToldWhereItIsNamed() throws {
        files.write("a.yaml", "command: x\nretries: many")
        files.write("b.yaml", "name: b\ncommand: x\nafter: [nope, a]\n---\nname: c\ncommand: x\nafter:\n  - c\n  - {on: done, job: gone}\n")
        files.write("c.json", #"{"name": "d", "command": "x", "parents": ["none", "b"]}"#)
        #expect(
            try told() == [
                "a.yaml:2:10: error: `retries` must be a whole", "b.yaml:3:9: error: the job `b` comes after",
                "b.yaml:3:15: error: the job `b` comes after", "b.yaml:8:5: error: the job `c` comes after",
                "b.yaml:9:21: error: the job `c` comes after", "c.json:1:43: error: the job `d` comes after",
                "c.json:1:51: error: the job `d` comes after",
            ])
    }

    @Test func aLoopIsToldAtTheEntryOfItsFirstJobThatClosesIt() throws {
        files.write("z.yaml", "name: a\ncommand: x\nafter: [h, c]\n---\nname: h\ncommand: x\n")
        files.write("b.yaml", "command: x\nafter: a")
        files.write("c.yaml", "command: x\nafter: b")
        #expect(try told(words: 2) == ["z.yaml:3:12: error: these jobs"])
    }

    @Test func aFlowThatCannotBeIsToldAtJoin() throws {
        files.write("g.yaml", "command: x")
        files.write("h.yaml", "command: x")
        files.write("j.yaml", "after: [g, h]\njoin: flow\ncommand: x")
        #expect(try told(words: 2) == ["j.yaml:2:7: error: `join: flow`"])
    }

    @Test func aNameGivenTwiceIsToldWhereItIsGiven() throws {
        files.write("job.yaml", "# the file's name\n\ncommand: x")
        files.write("k.yaml", "- name: k\n  command: x\n- command: y\n  name: job\n")
        var folder = JobFolder(path: files.path)
        let problems = try folder.read(at: start).problems
        #expect(problems.map { "\($0.line):\($0.column)" } == ["3:1", "4:9"])
        #expect(problems.first?.message.contains("k.yaml:4;") == true && problems.last?.message.contains("job.yaml:3;") == true)
    }

    @Test func ofWhatWasInForceBeforeARestartTheDocumentIsTold() throws {
        files.write("a.yaml", "command: x")
        files.write("b.yaml", "# one\n\ncommand: x\nafter: a")
        var folder = JobFolder(path: files.path)
        let before = try folder.read(at: start).definitions.values.map {
            Definition(job: SharedJob($0.job), canonical: $0.canonical, source: $0.source, file: $0.file, line: $0.line)
        }
        files.delete("a.yaml")
        files.write("b.yaml", "command: [")
        var restarted = JobFolder(path: files.path, inForce: before)
        #expect(try told(&restarted).contains("b.yaml:3:1: error: the job `b` comes after"))
    }

    /// A job with two problems falls back once, not twice.
    @Test func aJobWithSeveralProblemsStaysInForceAsItWas() throws {
        files.write("a.yaml", "command: one")
        var folder = JobFolder(path: files.path)
        _ = try folder.read(at: start)
        files.write("a.yaml", "command: two\nafter: [a, nope, none]")
        let reading = try folder.read(at: start + .seconds(1))
        #expect(reading.graph[name("a")]?.command == .shell("one"))
        #expect(reading.problems.map { "\($0.line):\($0.column)" } == ["2:9", "2:12", "2:18"])
    }
}
