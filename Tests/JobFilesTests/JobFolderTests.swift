import Glibc
import JobFiles
import Scheduling
import Testing
import Timetable

/// A folder while its files change: failures 63 to 70 of the catalogue of bad days.
struct JobFolderTests {
    let files = TemporaryFolder()
    let start = Instant(seconds: 1_700_001_000)

    private func names(_ reading: Reading) -> [String] { reading.graph.order.map(\.text) }
    private func command(_ reading: Reading, _ job: String) -> Command? { reading.graph[name(job)]?.command }
    private func told(_ reading: Reading) -> [String] { reading.problems.map { String($0.description.dropFirst(files.path.count + 1)) } }

    @Test func aFolderIsWalkedAndOnlyJobFilesAreRead() throws {
        files.makeFolder("etl")
        files.makeFolder(".git")
        files.write("a.yaml", "command: x")
        files.write("etl/b.yml", "command: x\nafter: a")
        files.write("etl/c.json", #"{"command": "x", "after": ["b"]}"#)
        for other in [".git/x.yaml", ".hidden.yaml", "a.yaml~", "a.yaml.swp", "b.yaml.tmp", "README.md", "etl/x.sh"] {
            files.write(other, "command: x")
        }
        var folder = JobFolder(path: files.path)
        let reading = try folder.read(at: start)
        #expect(names(reading) == ["a", "b", "c"])
        #expect(reading.problems == [] && reading.lookAgain == nil && reading.files == 3)
        #expect(reading.definitions[name("b")]?.file == "\(files.path)/etl/b.yml")
        #expect(reading.graph.heads[name("c")] == name("a"))
    }

    @Test func theFolderItselfMayBeWrong() {
        files.write("file", "x")
        for (path, expected) in [
            ("\(files.path)/none", JobFolderError.missing("\(files.path)/none")), ("\(files.path)/file", .notAFolder("\(files.path)/file")),
            ("\(files.path)/file/x", .notAFolder("\(files.path)/file/x")),
        ] {
            var folder = JobFolder(path: path)
            #expect(throws: expected) { try folder.read(at: start) }
        }
    }

    // Failure 63.
    @Test func aFileThatTurnsBadLeavesItsLastGoodVersionInForce() throws {
        files.write("a.yaml", "command: one")
        files.write("b.yaml", "command: x")
        var folder = JobFolder(path: files.path)
        _ = try folder.read(at: start)
        files.write("a.yaml", "command: two\nretries: many")
        var reading = try folder.read(at: start + .seconds(1))
        #expect(command(reading, "a") == .shell("one"))
        #expect(names(reading) == ["a", "b"])
        #expect(told(reading) == ["a.yaml:2:10: error: `retries` must be a whole number from 0 to 1000000, not `many`"])
        reading = try folder.read(at: start + .seconds(60))
        #expect(told(reading).count == 1, "the problem stays as long as it is there")
        files.write("a.yaml", "command: three")
        reading = try folder.read(at: start + .seconds(61))
        #expect(command(reading, "a") == .shell("three"))
        #expect(reading.problems == [])
    }

    @Test func aBadFileOfSeveralJobsStaysAsAWhole() throws {
        files.write("all.yaml", "name: a\ncommand: one\n---\nname: b\ncommand: one\n")
        var folder = JobFolder(path: files.path)
        _ = try folder.read(at: start)
        files.write("all.yaml", "name: a\ncommand: two\n---\nname: b\ncomand: two\n")
        let reading = try folder.read(at: start + .seconds(1))
        #expect(command(reading, "a") == .shell("one"))
        #expect(command(reading, "b") == .shell("one"))
    }

    @Test func ofAFileThatIsBadFromTheBeginningTheGoodJobsAreInForce() throws {
        files.write("all.yaml", "name: a\ncommand: x\n---\nname: b\ncomand: x\n")
        files.write("c.yaml", "command: x\nafter: b")
        var folder = JobFolder(path: files.path)
        let reading = try folder.read(at: start)
        #expect(names(reading) == ["a"])
        #expect(told(reading).last == "c.yaml:2:8: error: the job `c` comes after `b`, which has an error of its own; mend that first")
    }

    @Test func aBadFileThatTurnsWorseKeepsItsGoodJobs() throws {
        files.write("all.yaml", "name: a\ncommand: one\n---\nname: b\ncomand: x\n---\nname: c\ncommand: one\n")
        var folder = JobFolder(path: files.path)
        _ = try folder.read(at: start)
        files.write("all.yaml", "name: a\ncommand: two\n---\nname: c\ncommand: [\n")
        let reading = try folder.read(at: start + .seconds(1))
        #expect(command(reading, "a") == .shell("two") && command(reading, "c") == .shell("one"))
    }

    @Test func aFileThatIsBadAtAStartLeavesInForceWhatWasBeforeTheRestart() throws {
        files.write("a.yaml", "command: one")
        files.write("gone.yaml", "command: x")
        var folder = JobFolder(path: files.path)
        let before = try folder.read(at: start)
        files.write("a.yaml", "command: [")
        files.delete("gone.yaml")
        var restarted = JobFolder(path: files.path, inForce: Array(before.definitions.values))
        let reading = try restarted.read(at: start + .seconds(1))
        #expect(command(reading, "a") == .shell("one"))
        #expect(names(reading) == ["a"], "a file that went while nobody looked is gone")
        #expect(reading.problems.count == 1)
    }

    /// What is in force is in memory once, however often its file is read.
    @Test func aJobThatIsTheSameAfterARestartIsHeldOnce() throws {
        files.write("a.yaml", "command: one")
        files.write("b.yaml", "command: two\nschedule: R/P1D")
        var folder = JobFolder(path: files.path)
        let before = try folder.read(at: start)
        files.write("a.yaml", "# a remark\ncommand: one")
        files.write("b.yaml", "command: other\nschedule: R/P1D")
        var restarted = JobFolder(path: files.path, inForce: Array(before.definitions.values))
        let reading = try restarted.read(at: start + .seconds(1))
        #expect(before.graph.jobs[name("a")] === reading.graph.jobs[name("a")])
        #expect(reading.definitions[name("a")]?.source.hasPrefix("# a remark") == true)
        #expect(before.graph.jobs[name("b")] !== reading.graph.jobs[name("b")] && command(reading, "b") == .shell("other"))
    }

    @Test func aFileThatIsYoungAtAStartKeepsWhatWasBeforeTheRestart() throws {
        files.write("a.yaml", "command: one")
        var folder = JobFolder(path: files.path)
        let before = try folder.read(at: start)
        files.write("a.yaml", "comm", at: start)
        var restarted = JobFolder(path: files.path, inForce: Array(before.definitions.values))
        let reading = try restarted.read(at: start)
        #expect(command(reading, "a") == .shell("one") && reading.problems == [] && reading.lookAgain == start + .milliseconds(100))
    }

    @Test func aFileEmptiedByAFailedWriteIsBad() throws {
        files.write("a.yaml", "command: one")
        var folder = JobFolder(path: files.path)
        _ = try folder.read(at: start)
        files.write("a.yaml", "")
        #expect(names(try folder.read(at: start + .seconds(1))) == ["a"])
    }

    // Failure 64.
    @Test func aFileThatIsYoungIsPutOff() throws {
        files.write("a.yaml", "command: one")
        var folder = JobFolder(path: files.path)
        _ = try folder.read(at: start)
        let now = start + .seconds(5)
        files.write("a.yaml", "command: tw", at: now)
        files.write("b.yaml", "comma", at: now - .milliseconds(50))
        var reading = try folder.read(at: now)
        #expect(command(reading, "a") == .shell("one") && reading.problems == [])
        #expect(reading.lookAgain == now + .milliseconds(50), "when the first of them has settled")
        files.write("a.yaml", "command: two", at: now)
        files.write("b.yaml", "command: x", at: now)
        reading = try folder.read(at: now + .milliseconds(100))
        #expect(command(reading, "a") == .shell("two"))
        #expect(names(reading) == ["a", "b"] && reading.lookAgain == nil)
    }

    @Test func aCommandThatReadsOnceDoesNotPutOff() throws {
        files.write("a.yaml", "command: one", at: start)
        var folder = JobFolder(path: files.path, mindsWriters: false)
        #expect(names(try folder.read(at: start)) == ["a"])
    }

    @Test func aFileOfTheFutureIsReadNow() throws {
        files.write("a.yaml", "command: one", at: start + .seconds(3600))
        var folder = JobFolder(path: files.path)
        #expect(names(try folder.read(at: start)) == ["a"])
    }

    @Test func aFileBeingWrittenKeepsItsLastVersion() throws {
        files.write("a.yaml", "command: one")
        var folder = JobFolder(path: files.path)
        _ = try folder.read(at: start)
        files.write("a.yaml", "command: tw")
        var reading = try folder.read(at: start + .seconds(1), dirty: ["\(files.path)/a.yaml"])
        #expect(command(reading, "a") == .shell("one"))
        #expect(reading.lookAgain != nil)
        files.write("a.yaml", "command: two")
        reading = try folder.read(at: start + .seconds(2), dirty: [])
        #expect(command(reading, "a") == .shell("two"))
    }

    @Test func aFileThatAProcessHasOpenForWritingIsPutOff() throws {
        files.write("a.yaml", "command: half")
        let writer = open("\(files.path)/a.yaml", O_WRONLY | O_CLOEXEC)
        var folder = JobFolder(path: files.path)
        var reading = try folder.read(at: start)
        #expect(names(reading) == [] && reading.problems == [])
        #expect(reading.lookAgain == start + .milliseconds(100))
        close(writer)
        reading = try folder.read(at: start + .milliseconds(100))
        #expect(names(reading) == ["a"])
    }

    // Failure 65.
    @Test func aLoopIsToldAndWhatWasInForceBeforeStays() throws {
        files.write("a.yaml", "command: x")
        files.write("b.yaml", "command: x\nafter: a")
        var folder = JobFolder(path: files.path)
        _ = try folder.read(at: start)
        files.write("a.yaml", "command: y\nafter: b")
        files.write("c.yaml", "command: x\nafter: c")
        files.write("d.yaml", "command: x\nafter: nobody")
        let reading = try folder.read(at: start + .seconds(1))
        #expect(names(reading) == ["a", "b"])
        #expect(command(reading, "a") == .shell("x") && reading.graph[name("a")]?.after == [])
        #expect(
            told(reading) == [
                "a.yaml:2:8: error: these jobs wait for one another in a circle: a → b → a; take one of them out of an `after`",
                "c.yaml:2:8: error: the job `c` comes after itself; a job cannot be its own parent",
                "d.yaml:2:8: error: the job `d` comes after `nobody`, but no such job is defined; define it or take it out of `after`",
            ])
        #expect(Set(reading.definitions.keys) == Set(reading.graph.jobs.keys))
    }

    @Test func aParentThatIsNotThereIsToldWithTheNameThatIsNear() throws {
        files.write("extract.yaml", "command: x")
        files.write("load.yaml", "command: x\nafter: extrct")
        var folder = JobFolder(path: files.path)
        #expect(
            told(try folder.read(at: start)) == [
                "load.yaml:2:8: error: the job `load` comes after `extrct`, but no such job is defined; did you mean `extract`?"
            ])
    }

    @Test func aNameGivenTwiceIsToldAtBothPlaces() throws {
        files.write("a.yaml", "name: job\ncommand: one")
        var folder = JobFolder(path: files.path)
        _ = try folder.read(at: start)
        files.write("b.yaml", "name: job\ncommand: two")
        let reading = try folder.read(at: start + .seconds(1))
        #expect(command(reading, "job") == .shell("one"))
        #expect(
            told(reading) == [
                "a.yaml:1:7: error: the job `job` is defined a second time in \(files.path)/b.yaml:1; give one of them another name",
                "b.yaml:1:7: error: the job `job` is defined a second time in \(files.path)/a.yaml:1; give one of them another name",
            ])
    }

    // Failure 66; the figures are taken in release, this is the same path in little.
    @Test func manyFilesAreReadWithAllProcessors() throws {
        for number in 0..<1200 {
            files.write("job\(number).yaml", number % 100 == 7 ? "command: [" : "command: x\n\(number > 0 ? "after: job0" : "")")
        }
        var folder = JobFolder(path: files.path)
        let reading = try folder.read(at: start)
        #expect(reading.files == 1200 && reading.graph.jobs.count == 1188 && reading.problems.count == 12)
        files.write("job5.yaml", "command: y")
        let next = try folder.read(at: start + .seconds(1))
        #expect(command(next, "job5") == .shell("y") && next.graph.jobs.count == 1188)
    }

    // Failure 67.
    @Test func theJobsOfAVanishedFileStayForTenSeconds() throws {
        files.write("a.yaml", "command: x")
        files.write("b.yaml", "command: x")
        var folder = JobFolder(path: files.path)
        _ = try folder.read(at: start)
        files.delete("a.yaml")
        var reading = try folder.read(at: start + .seconds(1))
        #expect(names(reading) == ["a", "b"] && reading.lookAgain == start + .seconds(11) && reading.files == 1)
        reading = try folder.read(at: start + .seconds(10))
        #expect(names(reading) == ["a", "b"])
        reading = try folder.read(at: start + .seconds(11))
        #expect(names(reading) == ["b"] && reading.lookAgain == nil)
    }

    @Test func aFileThatReturnsInTimeWasNeverGone() throws {
        files.write("a.yaml", "command: x")
        var folder = JobFolder(path: files.path)
        _ = try folder.read(at: start)
        files.rename("a.yaml", to: "a.hidden")
        _ = try folder.read(at: start + .seconds(1))
        files.rename("a.hidden", to: "a.yaml")
        #expect(names(try folder.read(at: start + .seconds(5))) == ["a"])
        let reading = try folder.read(at: start + .seconds(60))
        #expect(names(reading) == ["a"] && reading.lookAgain == nil)
    }

    // Failure 68.
    @Test func aRenamedFileKeepsItsJobs() throws {
        files.write("a.yaml", "name: job\ncommand: x")
        var folder = JobFolder(path: files.path)
        let before = try folder.read(at: start)
        files.rename("a.yaml", to: "b.yaml")
        for seconds in [1, 30] {
            let reading = try folder.read(at: start + .seconds(seconds))
            #expect(reading.definitions[name("job")]?.file == "\(files.path)/b.yaml")
            #expect(reading.graph[name("job")]?.version == before.graph[name("job")]?.version)
            #expect(reading.problems == [])
        }
    }

    @Test func aJobTakenOutOfItsFileIsGoneAtOnce() throws {
        files.write("all.yaml", "name: a\ncommand: x\n---\nname: b\ncommand: x\n")
        var folder = JobFolder(path: files.path)
        _ = try folder.read(at: start)
        files.write("all.yaml", "name: b\ncommand: x\n")
        #expect(names(try folder.read(at: start + .seconds(1))) == ["b"])
    }

    // Failure 69.
    @Test func whatIsNoFileOfJobsIsOneProblemEach() throws {
        files.write("good.yaml", "command: x")
        files.makeFolder("folder.yaml")
        files.makeFolder("sub")
        files.link("sub/up", to: "..")
        files.link("loop.yaml", to: "loop.yaml")
        files.link("nowhere.yaml", to: "/nonexistent/x")
        files.link("null.yaml", to: "/dev/null")
        mkfifo("\(files.path)/pipe.yaml", 0o600)
        files.write("latin.yaml", bytes: Array("command: caf".utf8) + [0xE9])
        files.write("nul.yaml", "command: x\0")
        files.write("large.yaml", "command: x\n")
        truncate("\(files.path)/large.yaml", 1 << 30)
        files.write("new\nline.yaml", "command: x")
        var folder = JobFolder(path: files.path)
        let reading = try folder.read(at: start)
        #expect(names(reading) == ["good"])
        #expect(
            told(reading) == [
                "folder.yaml:1:1: error: this is a folder, though its name ends like that of a job file; rename it",
                "large.yaml:1:1: error: this file is larger than 8 MiB; split it",
                "latin.yaml:1:1: error: this file is not UTF-8; save it in that encoding",
                "loop.yaml:1:1: error: this file cannot be read (its symbolic links lead in a circle)",
                "new\u{FFFD}line.yaml:1:1: error: the name of this file is not UTF-8 or holds control characters; rename it",
                "nowhere.yaml:1:1: error: this link leads nowhere",
                "nul.yaml:1:1: error: not a text file: it holds NUL characters",
                "null.yaml:1:1: error: this is no regular file (a pipe, socket or device); job files are",
                "pipe.yaml:1:1: error: this is no regular file (a pipe, socket or device); job files are",
                "sub/up:1:1: warning: this link leads to a folder that is read already; it is read once",
            ])
        #expect(try folder.read(at: start + .seconds(1)).problems == reading.problems)
    }

    @Test(.enabled(if: geteuid() != 0, "root may read everything"))
    func whatMayNotBeReadLeavesItsJobsInForce() throws {
        files.makeFolder("sub")
        files.write("a.yaml", "command: x")
        files.write("sub/b.yaml", "command: x")
        var folder = JobFolder(path: files.path)
        _ = try folder.read(at: start)
        chmod("\(files.path)/sub", 0)
        files.write("a.yaml", "command: y")
        chmod("\(files.path)/a.yaml", 0)
        let reading = try folder.read(at: start + .seconds(60))
        #expect(names(reading) == ["a", "b"] && command(reading, "a") == .shell("x") && reading.problems.count == 2)
    }

    @Test func linksAreFollowedAsAMountedConfigMapNeedsIt() throws {
        files.makeFolder("..one")
        files.makeFolder("..two")
        files.write("..one/a.yaml", "command: one")
        files.write("..two/a.yaml", "command: two")
        files.link("..data", to: "..one")
        files.link("a.yaml", to: "..data/a.yaml")
        var folder = JobFolder(path: files.path)
        #expect(command(try folder.read(at: start), "a") == .shell("one"))
        files.link("..new", to: "..two")
        files.rename("..new", to: "..data")
        #expect(command(try folder.read(at: start + .seconds(1)), "a") == .shell("two"))
    }

    @Test func aFolderThatIsMissingForAWhileRemovesNothing() throws {
        files.makeFolder("jobs")
        files.write("jobs/a.yaml", "command: x")
        var folder = JobFolder(path: "\(files.path)/jobs")
        _ = try folder.read(at: start)
        files.rename("jobs", to: "away")
        #expect(throws: JobFolderError.self) { try folder.read(at: start + .seconds(60)) }
        files.rename("away", to: "jobs")
        #expect(names(try folder.read(at: start + .seconds(120))) == ["a"])
    }

    @Test func aFileWrittenAnewInTheSameSizeAndSecondIsNoticed() throws {
        files.write("a.yaml", "command: one")
        var folder = JobFolder(path: files.path)
        _ = try folder.read(at: start)
        files.write("a.yaml", "command: two")
        #expect(command(try folder.read(at: start + .seconds(1)), "a") == .shell("two"))
    }
}
