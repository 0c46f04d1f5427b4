import Foundation
import Glibc
import Scheduling
import Testing
import Timetable

@testable import Execution

/// What a command finds around it, wherever it is carried out.
@Suite(.timeLimit(.minutes(5))) struct SurroundingsConformanceTests {
    // catalogue 22
    @Test(arguments: Engine.all) func theEnvironmentIsTheGivenOne(engine: Engine) async throws {
        let place = try Place(engine: engine)
        var launch = Launch(run: "t-1", job: "test", due: .epoch, words: ["env", "-0"])
        launch.environment = ["B": "two\nlines \\n", "A": "1", "PATH": "/usr/bin", "HOST": "elsewhere", "C": "$A `date` 'x' \"y\" %j"]
        let ending = await place.end(launch)

        let all = try place.stdout().split(separator: "\0").map { String($0) }
        let expected = [
            "A=1", "B=two\nlines \\n", "C=$A `date` 'x' \"y\" %j", "HOST=\(ending.node ?? "")", "PATH=/usr/bin", "ROTA_RUN=t-1",
        ]
        let output = all.filter { $0.hasPrefix("ROTA_OUTPUT=") }
        #expect(output.count == 1 && output.first?.hasSuffix("/t-1/output/env") == true, "\(output)")
        let others = all.filter { one in !output.contains(one) && !engine.ownVariables.contains { one.hasPrefix($0) } }
        #expect(others.sorted() == expected)
    }

    // catalogue 70
    @Test(arguments: Engine.all) func wordsArriveAsTheyAre(engine: Engine) async throws {
        let place = try Place(engine: engine)
        let words = ["a b", "", "'", "\"", "$HOME", "`id`", "\\n\n", "*", "-x", "--", "%j", "ü", ";", "|", "#"]
        var launch = Launch(run: "t-1", job: "a job; 'quoted' $(id)", due: .epoch, words: ["printf", "%s\\0"] + words)
        launch.environment["PATH"] = "/usr/bin"
        launch.task.labels = ["team": "a b;'c", "note": "x|y"]
        let ending = await place.end(launch)

        #expect(ending.exitCode == 0, "\(ending)")
        #expect(try place.stdout() == words.map { $0 + "\0" }.joined())
    }

    // catalogue 20
    @Test(arguments: Engine.all) func stdinIsEmpty(engine: Engine) async throws {
        let place = try Place(engine: engine)
        let ending = await place.end("cat; echo rest")

        #expect(ending.exitCode == 0)
        #expect(try place.stdout() == "rest\n")
    }

    // catalogue 20
    @Test(arguments: Engine.all) func aCommandMayCloseAllItsDescriptors(engine: Engine) async throws {
        let ending = await try Place(engine: engine).end("exec 0<&- 1>&- 2>&-; /bin/true; exit 7")

        #expect(ending.exitCode == 7)
    }

    // catalogue 22
    @Test(arguments: Engine.all) func nothingIsInherited(engine: Engine) async throws {
        let place = try Place(engine: engine)
        // Descriptors without close-on-exec in the scheduler, a blocked and an ignored signal.
        let stray = dup(0)
        defer { close(stray) }
        signal(SIGPIPE, SIG_IGN)
        _ = await place.end(
            "ls /proc/self/fd | wc -l; grep -E 'Sig(Blk|Ign)' /proc/self/status; umask; ps -o pgid= -p $$ | grep -qw $$ && echo group")

        let lines = try place.stdout().split(separator: "\n")
        // 0, 1, 2 and the folder that ls reads.
        #expect(lines.first == "4")
        #expect(lines.contains("SigBlk:\t0000000000000000"))
        #expect(lines.contains("SigIgn:\t0000000000000000"))
        #expect(lines.contains("0022"))
        #expect(lines.last == "group")
    }

    @Test(arguments: Engine.all) func workdirUmaskAndNiceAreTheGivenOnes(engine: Engine) async throws {
        let place = try Place(engine: engine)
        let launches = [0o027, 0o077, 0].map { umask in
            var launch = place.shell("t-\(umask)", "pwd; umask; touch x-$ROTA_RUN; stat -c %A x-$ROTA_RUN; nice")
            (launch.workdir, launch.umask, launch.nice) = (place.path, umask, 7)
            return launch
        }
        place.executor.launch(launches)

        for (launch, expected) in zip(launches, ["0027\n-rw-r-----", "0077\n-rw-------", "0000\n-rw-rw-rw-"]) {
            _ = await place.reports.ending(of: launch.run)
            #expect(try place.stdout(launch.run) == "\(place.path)\n\(expected)\n7\n")
        }
    }

    @Test(arguments: Engine.all) func limitsCannotBeLifted(engine: Engine) async throws {
        let place = try Place(engine: engine, hasControlGroups: false)
        var launch = place.shell("t-1", "ulimit -d; ulimit -t; ulimit -n; ulimit -p; ulimit -Hd; ulimit -Ht; ulimit -Hn; ulimit -Hp")
        launch.limits = ResourceLimits(memory: 256 << 20, cpu: .milliseconds(89_500), openFiles: 100, processes: 20_000)
        launch.killAfter = .seconds(4)
        _ = await place.end(launch)

        #expect(try place.stdout() == "262144\n90\n100\n20000\n262144\n95\n100\n20000\n")
    }

    @Test(.enabled(if: isRoot, "only root can run a command as another user"), arguments: Engine.all.filter { !$0.isElsewhere })
    func userIsWhoRunsIt(engine: Engine) async throws {
        let place = try Place(engine: engine)
        let output = #"echo A=1 > "$ROTA_OUTPUT"; cat "$ROTA_OUTPUT""#
        var launch = place.shell("t-1", "id -un; id -Gn; echo $HOME $LOGNAME; \(output)")
        launch.user = "nobody"
        launch.workdir = "/"
        let ending = await place.end(launch)

        #expect(try place.stdout() == "nobody\nnogroup\n/nonexistent nobody\nA=1\n", "\(ending)")
        #expect(ending.handedOn.values == ["A": "1"])
    }

    @Test(arguments: Engine.all) func whatACommandWritesIsItsOutput(engine: Engine) async throws {
        let place = try Place(engine: engine)
        let silent = place.shell("t-2", "true")
        place.executor.launch([silent])
        let ending = await place.end(#"echo "ROWS=3" >> "$ROTA_OUTPUT"; printf 'TEXT= a = b ' >> "$ROTA_OUTPUT"; exit 4"#)

        #expect(ending.exitCode == 4 && ending.handedOn == RunOutput(values: ["ROWS": "3", "TEXT": " a = b "]))
        #expect(await place.reports.ending(of: "t-2").handedOn == RunOutput())
    }
}
