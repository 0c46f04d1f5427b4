import Glibc
import TestSupport
import Testing
import Timetable

@testable import Execution

/// What every executor owes a launch: one start, and the true end of it.
@Suite(.timeLimit(.minutes(5))) struct LaunchConformanceTests {
    // catalogue 19
    @Test(arguments: Engine.all) func exitCodesArriveAsTheyAre(engine: Engine) async throws {
        let place = try Place(engine: engine)
        // With some that a keeper has a meaning for itself.
        let codes = [0, 1, 42, 66, 75, 127, 255]
        place.executor.launch(codes.map { place.shell("t-\($0)", "exit \($0)") })

        for code in codes {
            let ending = await place.reports.ending(of: "t-\(code)")
            #expect(ending.kind == .exited && ending.exitCode == code && ending.signal == nil && ending.reason == nil, "\(ending)")
            #expect(ending.node.map(engine.nodes.contains) == true, "\(ending)")
        }
    }

    // catalogue 19
    @Test(arguments: Engine.all) func signalsArriveAsTheyAre(engine: Engine) async throws {
        let place = try Place(engine: engine)
        let signals = [(SIGHUP, "SIGHUP"), (SIGKILL, "SIGKILL"), (SIGSYS, "SIGSYS"), (SIGTERM, "SIGTERM"), (40, "SIGRTMIN+6")]
        place.executor.launch(signals.map { place.shell("t-\($0.0)", "kill -\($0.0) $$") })

        for (signal, name) in signals {
            let ending = await place.reports.ending(of: "t-\(signal)")
            #expect(ending.kind == .signaled && ending.signal == Int(signal) && ending.exitCode == nil, "\(ending)")
            #expect(ending.reason == "signal: \(name)" + (ending.coreDumped ? ", with a core dump" : ""))
        }
    }

    @Test(arguments: Engine.all) func aStartIsToldOnceAndBeforeTheEnd(engine: Engine) async throws {
        let place = try Place(engine: engine)
        let ending = await place.end("true")

        let told = place.reports.all.filter { report in
            switch report {
            case .pending, .trouble: false
            default: true
            }
        }
        try #require(told.count == 2, "\(told)")
        guard case .started("t-1", let at, let node) = told[0] else {
            Issue.record("\(told[0])")
            return
        }
        #expect(at == ending.startedAt)
        #expect(at <= ending.endedAt)
        #expect(engine.nodes.contains(node) && node == ending.node)
        #expect(ending.cpu ?? .zero > .zero)
        #expect(ending.peakMemory ?? 0 > 0)
    }

    // catalogue 23
    @Test(arguments: Engine.all) func aCommandThatEndsAtOnceIsNeverMissed(engine: Engine) async throws {
        let place = try Place(engine: engine)
        let launches = (0..<engine.crowd).map { Launch(run: "t-\($0)", job: "test", due: .epoch, words: ["/bin/true"]) }

        place.executor.launch(launches)

        for launch in launches {
            let ending = await place.reports.ending(of: launch.run)
            #expect(ending.exitCode == 0)
        }
    }

    @Test(arguments: Engine.all) func oneRunIsHandedOverOnce(engine: Engine) async throws {
        let place = try Place(engine: engine)
        let launch = place.shell("t-1", "echo begun >> \(place.path)/marks")

        place.executor.launch([launch, launch])
        place.executor.launch([launch])
        _ = await place.reports.ending(of: "t-1")
        let again = try place.restart()
        place.executor.launch([launch])
        let ending = await again.ending(of: "t-1")

        #expect(ending.exitCode == 0)
        #expect(try place.text("\(place.path)/marks") == "begun\n")
    }

    /// As when a scheduler that was taken for dead goes on.
    @Test(arguments: Engine.all) func twoExecutorsStartARunOnce(engine: Engine) async throws {
        let place = try Place(engine: engine)
        let reports = Reports()
        let other = try place.makeExecutor(reports)
        defer { other.shutdown() }
        let launch = place.shell("t-1", "echo begun >> \(place.path)/marks; \(place.waitAtGate); exit 3")

        place.executor.launch([launch])
        other.launch([launch])
        await place.reports.start(of: "t-1")
        await reports.start(of: "t-1")
        place.openGate(for: 2)

        #expect(await place.reports.ending(of: "t-1").exitCode == 3)
        #expect(await reports.ending(of: "t-1").exitCode == 3)
        #expect(try place.text("\(place.path)/marks") == "begun\n")
    }

    // catalogue 21
    @Test(arguments: Engine.all) func whatCannotStartSaysWhy(engine: Engine) async throws {
        let place = try Place(engine: engine)
        let path = place.path
        try Files.replace("\(path)/no-program", with: Array("#!/bin/sh\n".utf8))
        try Files.replace("\(path)/no-format", with: Array("true\n".utf8))
        chmod("\(path)/no-format", 0o755)
        // Executing a file that anybody has open for writing is refused for that reason alone.
        try TemporaryFolder.settle("\(path)/no-format")
        let cases: [(words: [String], reason: String, change: (inout Launch) -> Void)] = [
            (["./x.sh"], "not-found: ./x.sh: No such file or directory", { _ in }),
            (["surely-not-there"], "not-found: surely-not-there", { _ in }),
            (["./no-program"], "not-executable: ./no-program", { _ in }),
            (["./no-format"], "wrong-format: ./no-format: Exec format error", { _ in }),
            (["/usr/bin"], "not-executable: /usr/bin", { _ in }),
            (["true", String(repeating: "x", count: 200_000)], "too-long:", { _ in }),
            (["true"], "no-directory: /nowhere: No such file or directory", { $0.workdir = "/nowhere" }),
            (["true"], "no-directory: \(path)/no-program: Not a directory", { $0.workdir = "\(path)/no-program" }),
            // Over there, who logs in decides whose a run is.
            (
                ["true"], engine.isElsewhere ? "not-permitted: over ssh" : "unknown-user: there is no user nobody-here",
                { $0.user = "nobody-here" }
            ),
            (["echo", "a\0b"], "not-valid:", { _ in }),
            (["true"], "not-valid:", { $0.run = "" }),
            (["true"], "not-valid:", { $0.run = "../x" }),
            (["true"], "not-valid:", { $0.run = "a/b" }),
            (["true"], "not-valid:", { $0.run = ".x" }),
            (["true"], "not-valid:", { $0.run = "a b" }),
        ]
        let launches = cases.enumerated().map { number, one in
            var launch = Launch(run: "t-\(number)", job: "test", due: .epoch, words: one.words, workdir: path)
            launch.environment["PATH"] = "/usr/bin:/bin"
            one.change(&launch)
            return launch
        }
        place.executor.launch(launches)

        for (launch, expected) in zip(launches, cases) {
            let ending = await place.reports.ending(of: launch.run)
            #expect(ending.kind == .couldNotStart && ending.startedAt == nil && ending.exitCode == nil, "\(ending)")
            #expect(ending.reason?.hasPrefix(expected.reason) == true, "\(ending)")
        }
        #expect(!place.reports.all.contains { if case .started = $0 { true } else { false } })
    }
}
