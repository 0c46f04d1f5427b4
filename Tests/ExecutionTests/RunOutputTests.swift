import Glibc
import Testing
import Timetable

@testable import Execution

/// $ROTA_OUTPUT as real commands write it, and as a job's user may abuse it.
struct RunOutputTests {
    private let place: Place

    init() throws { place = try Place() }

    /// The end came while no scheduler was there.
    @Test func itIsReadOfARunThatEndedMeanwhile() async throws {
        let launch = place.shell("t-1", #"echo A=1 > "$ROTA_OUTPUT""#)
        _ = await place.end(launch)
        #expect(try place.endFoundAfterRestart(of: launch).handedOn.values == ["A": "1"])
        guard case .ended(let ending) = try #require(try place.folder("t-1").facts()).standing else {
            Issue.record("it has not ended")
            return
        }
        #expect(ending.handedOn.values == ["A": "1"])
    }

    /// None of them blocks, is followed, or fails the run.
    @Test(
        .timeLimit(.minutes(1)),
        arguments: [
            (#"mkfifo "$ROTA_OUTPUT""#, "no regular file"), (#"mkdir "$ROTA_OUTPUT""#, "no regular file"),
            (#"ln -s /etc/passwd "$ROTA_OUTPUT""#, "symbolic link"), (#"ln -s "$ROTA_OUTPUT" "$ROTA_OUTPUT""#, "symbolic link"),
            (#"yes A=1 | head -c 70000 > "$ROTA_OUTPUT""#, "64 KiB"), (#"truncate -s 1T "$ROTA_OUTPUT""#, "64 KiB"),
        ])
    func whatIsNoPlainFileIsLeftOut(_ command: String, _ words: String) async throws {
        let ending = await place.end(command)
        #expect(ending.kind == .exited && ending.exitCode == 0, "\(ending)")
        #expect(ending.handedOn.values.isEmpty && ending.handedOn.fault?.contains(words) == true, "\(ending.handedOn)")
    }

    /// The end is asked for again then, and the values are not lost with it.
    @Test(arguments: [EMFILE, ENFILE, ENOMEM, EIO]) func whatTheMachineCannotDoNowIsNoFaultOfTheFile(number: Int32) {
        #expect(throws: SystemError.self) { try RunOutput(unreadable: SystemError("open", "env", number)) }
    }

    @Test(arguments: [EACCES, ENXIO]) func aFileThatItsOwnerShutIsOne(number: Int32) throws {
        #expect(try RunOutput(unreadable: SystemError("open", "env", number)).fault?.contains("open env") == true)
    }

    @Test(.enabled(if: isRoot, "only root can run a command as another user"))
    func aFileOfSomebodyElseIsLeftOut() async throws {
        var launch = place.shell("t-1", #"echo A=1 > "$ROTA_OUTPUT"; echo ready; read x < \#(place.path)/gate"#)
        launch.user = "nobody"
        launch.workdir = "/"
        let file = place.folder("t-1").outputFile
        chmod("\(place.path)/gate", 0o666)
        place.executor.launch([launch])
        while !Task.isCancelled, try place.text(place.folder("t-1").stdoutFile) != "ready\n" { await Task.yield() }
        // As a hard link to a file that only the scheduler may read would be.
        chown(file, 0, 0)
        place.openGate()
        let ending = await place.reports.ending(of: "t-1")
        #expect(ending.exitCode == 0 && ending.handedOn.values.isEmpty)
        #expect(ending.handedOn.fault == "the file belongs to somebody else than the job's user")
    }

    @Test(
        arguments: [
            ("A=1\nB=2", ["A": "1", "B": "2"], nil), ("\n\nA=1\n\n", ["A": "1"], nil), ("A=1\nA=2\n", ["A": "2"], nil),
            ("A=\n", ["A": ""], nil), ("A=\"x y\"\\n\n", ["A": "\"x y\"\\n"], nil), ("", [:], nil),
            ("A=1\nB\n", ["A": "1"], "line 2 is no NAME=value, and is left out"),
            ("=1\nROTA_RUN=1\nCHRONOS_X=1\n1A=1\nA B=1\nG=1", ["G": "1"], "5 lines are left out: line 1 has no name"),
            ("A=\0\nB=1\n", ["B": "1"], "line 1 is no text"),
        ] as [(String, [String: String], String?)])
    func linesAreReadAsTheyStand(_ text: String, _ values: [String: String], _ fault: String?) {
        let output = RunOutput(parsing: Array(text.utf8))
        #expect(output.values == values)
        #expect(fault.map { output.fault?.hasPrefix($0) == true } ?? (output.fault == nil), "\(output)")
    }

    @Test func whatIsNoTextIsLeftOut() {
        let output = RunOutput(parsing: Array("A=".utf8) + [0xff, 0xfe] + Array("\nB=ü\n".utf8))
        #expect(output.values == ["B": "ü"] && output.fault == "line 1 is no text in UTF-8 without NUL, and is left out")
    }
}
