import Scheduling
import TestSupport
import Testing
import Timetable

/// Parameters of runs, and outputs of commands, through flows.
struct ParameterTests {
    private func started(_ jobs: [Job], handedOn: [JobName: [String: String]] = [:]) -> Simulation {
        var simulation = Simulation(at: "00:00:00")
        simulation.executor.course = { run, _ in .init(lasts: .seconds(1), handedOn: handedOn[run.key.job] ?? [:]) }
        simulation.start(jobs)
        return simulation
    }

    private func parameters(_ simulation: Simulation, _ job: JobName) -> [String: String]? { simulation.newest(job)?.parameters }

    @Test func aRunHasTheDefaultsOfItsJobAndWhatItWasGiven() {
        var simulation = started([job("a", "R/2026-03-01T01:00:00Z/PT1H") { $0.parameters = ["REGION": "eu", "MODE": "full"] }])
        simulation.run("a", parameters: ["MODE": "quick"])
        #expect(parameters(simulation, "a") == ["REGION": "eu", "MODE": "quick"])
        simulation.pass(until: "01:00:01")
        #expect(simulation.row("a", "01:00:00")?.parameters == ["REGION": "eu", "MODE": "full"])
        #expect(simulation.faults == [])
    }

    @Test func aStrangerAndAMissingOneAreRefused() {
        var simulation = started([job("a") { $0.parameters = ["REGION": "eu", "DAY": nil] }, job("free")])
        #expect(
            simulation.run("a", parameters: ["DAY": "1", "REGON": "us"])
                == .refused("the job `a` has no parameter `REGON`; did you mean `REGION`?"))
        #expect(
            simulation.run("a", parameters: ["DAY": "1", "MODE": "x"])
                == .refused("the job `a` has no parameter `MODE`; it has `DAY`, `REGION`"))
        #expect(simulation.run("a") == .refused("the job `a` must be given `DAY`: rota run a --param DAY=…"))
        #expect(simulation.ledger.rows(of: "a").isEmpty)
        // A job that names none takes any.
        simulation.run("free", parameters: ["ANY": "x"])
        #expect(parameters(simulation, "free") == ["ANY": "x"])
    }

    /// Whoever runs below a mark gets what he would have got from the run that it stands for.
    @Test func aMarkHasTheParametersOfTheAttemptBefore() {
        var simulation = started([job("a") { $0.parameters = ["DAY": "none"] }, job("b", after: ["a"])])
        simulation.executor.course = { run, _ in .init(lasts: .seconds(1), state: run.key.job == "a" ? .failed : .succeeded) }
        simulation.run("a", parameters: ["DAY": "monday"])
        simulation.pass(.seconds(10))
        simulation.define([job("a") { $0.parameters = ["DAY": "other", "NEW": "yes"] }, job("b", after: ["a"])])
        simulation.ask(.markSuccess(RunKey(job: "a", due: simulation.newest("a")?.key.due ?? "00:00:00", attempt: 1), by: "ada"))
        simulation.pass(.seconds(10))
        #expect(simulation.newest("a")?.trigger == .mark && parameters(simulation, "a") == ["DAY": "monday"])
        #expect(simulation.newest("b")?.state == .succeeded && parameters(simulation, "b") == ["DAY": "monday"])
        #expect(simulation.faults == [])
    }

    @Test func aMemberThatIsBackfilledInheritsItsFlow() {
        var simulation = started(
            [
                job("a", "R/2026-03-01T01:00:00Z/P1D") { $0.parameters = ["DAY": "head"] },
                job("b", after: ["a"]) { $0.parameters = ["DAY": "own", "OWN": "yes"] },
            ], handedOn: ["a": ["ROWS": "7"]])
        simulation.pass(until: "02:00:00")
        simulation.ask(.backfill(BackfillOrder(job: "b", first: "01:00:00", last: "01:00:00"), by: "ada"))
        simulation.pass(.seconds(10))
        #expect(simulation.newest("b")?.trigger == .backfill && simulation.newest("b")?.key.attempt == 2)
        #expect(parameters(simulation, "b") == ["DAY": "head", "OWN": "yes", "ROWS": "7"])
        #expect(simulation.faults == [])
    }

    @Test func whatAFlowWasGivenReachesItsLastMember() {
        var simulation = started([
            job("top") { $0.parameters = ["DAY": nil] }, job("mid", after: ["top"]),
            job("low", after: ["mid"]) { $0.parameters = ["DAY": "none", "OWN": "yes"] },
        ])
        simulation.run("top", parameters: ["DAY": "monday"])
        simulation.pass(.seconds(10))
        #expect(parameters(simulation, "mid") == ["DAY": "monday"])
        #expect(parameters(simulation, "low") == ["DAY": "monday", "OWN": "yes"])
        #expect(simulation.history("low").count == 1)
    }

    /// What a parent hands on wins over what it was given, whatever stands beside it; of two parents the later in `after`.
    @Test func outputsAreHandedOnInTheOrderOfTheParents() {
        let jobs = [
            job("top"), job("left", after: ["top"]), job("right", after: ["top"]), job("join", after: ["left", "right"]),
            job("other", after: ["right", "left"]), job("last", after: ["join"]),
        ]
        var simulation = started(
            jobs, handedOn: ["top": ["A": "top", "B": "top"], "left": ["A": "left", "C": "left"], "right": ["C": "right"]])
        simulation.run("top")
        simulation.pass(.seconds(10))
        #expect(simulation.newest("left")?.handedOn == ["A": "left", "C": "left"])
        #expect(parameters(simulation, "right") == ["A": "top", "B": "top"])
        #expect(parameters(simulation, "join") == ["A": "left", "B": "top", "C": "right"])
        #expect(parameters(simulation, "other") == ["A": "left", "B": "top", "C": "left"])
        #expect(parameters(simulation, "last") == parameters(simulation, "join"))
        #expect(simulation.faults == [])
    }

    @Test func aFailureHandsOnToWhomItFrees() {
        var simulation = Simulation(at: "00:00:00")
        simulation.executor.course = { run, _ in
            .init(lasts: .seconds(1), state: run.key.job == "a" ? .failed : .succeeded, handedOn: ["WHY": "disk"])
        }
        simulation.start([job("a"), job("repair", after: ["a:failure"])])
        simulation.run("a")
        simulation.pass(.seconds(10))
        #expect(parameters(simulation, "repair") == ["WHY": "disk"])
    }

    /// Also of a job that is no member any more: what came from above it is not lost for those below.
    @Test func theFlowsOwnValuesPassARemovedMember() {
        var simulation = started([job("top"), job("mid", after: ["top"]), job("low", after: ["mid"])])
        simulation.executor.course = { _, _ in .init() }
        simulation.run("top", parameters: ["DAY": "monday"])
        simulation.define([job("top"), job("low")])
        simulation.end("top")
        #expect(parameters(simulation, "low") == ["DAY": "monday"])
    }

    @Test func aRetryHasTheParametersOfItsAttempt() {
        var simulation = Simulation(at: "00:00:00")
        simulation.executor.course = { _, _ in .init(lasts: .seconds(1), state: .failed) }
        func version(_ day: String) -> Job {
            job("a") { job in
                job.parameters = ["DAY": day]
                job.retries = Retries(limit: 1, delay: .seconds(60))
            }
        }
        simulation.start([version("monday")])
        simulation.run("a")
        simulation.define([version("tuesday")])
        simulation.pass(.seconds(300))
        #expect(simulation.ledger.rows(of: "a").map(\.parameters) == [["DAY": "monday"], ["DAY": "monday"]])
        #expect(simulation.faults == [])
    }

    @Test func ofALatestJoinNothingIsShared() {
        var simulation = started(
            [job("one"), job("two"), job("child", after: ["one", "two"]) { $0.parameters = ["OWN": "yes"] }],
            handedOn: ["one": ["A": "1"], "two": ["A": "2"]])
        simulation.run("one", parameters: ["DAY": "monday"])
        simulation.run("two")
        simulation.pass(.seconds(10))
        #expect(simulation.newest("child")?.trigger == .latest && parameters(simulation, "child") == ["OWN": "yes"])
    }

    /// What runs as somebody may not decide what another's command loads.
    @Test func anotherUserIsGivenOnlyWhatItsFileNames() {
        let jobs = [
            job("top") { $0.user = "etl" },
            job("root", after: ["top"]) { $0.parameters = ["COUNT": "0"] },
            job("same", after: ["top"]) { $0.user = "etl" },
        ]
        var simulation = started(jobs, handedOn: ["top": ["COUNT": "7", "LD_PRELOAD": "/tmp/x.so"]])
        simulation.run("top", parameters: ["DAY": "monday"])
        simulation.pass(.seconds(10))
        #expect(parameters(simulation, "root") == ["COUNT": "7"])
        #expect(parameters(simulation, "same") == ["COUNT": "7", "DAY": "monday", "LD_PRELOAD": "/tmp/x.so"])
        #expect(simulation.faults == [])
    }

    /// Also the head's, whoever stands between it and the member.
    @Test func ofAHeadOfAnotherUserNothingElseIsTakenEither() {
        let jobs = [
            job("top") { $0.user = "etl" }, job("mid", after: ["top"]) { $0.user = "etl" },
            job("root", after: ["mid"]) { $0.parameters = ["DAY": "none"] }, job("last", after: ["root"]),
        ]
        var simulation = started(jobs)
        simulation.run("top", parameters: ["DAY": "monday", "LD_PRELOAD": "/tmp/x.so"])
        simulation.pass(.seconds(10))
        #expect(parameters(simulation, "mid") == ["DAY": "monday", "LD_PRELOAD": "/tmp/x.so"])
        #expect(parameters(simulation, "root") == ["DAY": "monday"] && parameters(simulation, "last") == ["DAY": "monday"])
        #expect(simulation.faults == [])
    }

    /// An edit of `user` while it runs makes nobody else of who wrote the output; nor does a restart.
    @Test(arguments: [false, true]) func whatAParentRanAsCountsAndNotWhatItsFileSaysByNow(hasRestarted: Bool) {
        func jobs(_ user: String?) -> [Job] { [job("top") { $0.user = user }, job("root", after: ["top"])] }
        var simulation = started(jobs("etl"))
        simulation.executor.course = { _, _ in .init() }
        simulation.run("top")
        simulation.define(jobs(nil))
        if hasRestarted {
            simulation.die()
            simulation.start()
        }
        simulation.end("top", handedOn: ["LD_PRELOAD": "/tmp/x.so"])
        #expect(simulation.newest("top")?.ranAs == "etl" && parameters(simulation, "root") == [:])
        #expect(simulation.newest("root")?.ranAs == "" && simulation.faults == [])
    }

    /// No command starts with more than the kernel has room for.
    @Test func whatIsHandedDownHasALimitAndTheNewestGoesFirst() {
        let large = String(repeating: "x", count: 40 << 10)
        var simulation = started(
            [job("top"), job("mid", after: ["top"]), job("low", after: ["mid"]), job("last", after: ["low"])],
            handedOn: ["top": ["OLD": large, "SAME": "1"], "mid": ["NEW": large], "low": ["SAME": large]])
        simulation.run("top", parameters: ["DAY": "monday"])
        simulation.pass(.seconds(10))
        #expect(parameters(simulation, "mid") == ["DAY": "monday", "OLD": large, "SAME": "1"])
        #expect(parameters(simulation, "low") == ["DAY": "monday", "NEW": large, "SAME": "1"])
        #expect(parameters(simulation, "last") == ["DAY": "monday", "SAME": large], "an older value stands in for none")
        let told = simulation.ledger.changes.filter { $0.kind == "parameters.leftOut" }
        #expect(told.map(\.job) == ["low", "last"] && told.first?.detail?.hasPrefix("`OLD` is left out: a run is handed 64 KiB") == true)
        #expect(simulation.faults == [])
    }

    @Test func moreThanARunCanBeGivenIsRefused() {
        var simulation = started([job("a")])
        let given = ["TEXT": String(repeating: "x", count: 70_000)]
        let words = "the parameters have more than 64 KiB; write them to a file, and give its path"
        #expect(simulation.run("a", parameters: given) == .refused(words))
        #expect(simulation.ledger.rows(of: "a").isEmpty)
    }

    @Test func aRestartBetweenTheMembersChangesNothing() {
        var simulation = started([job("top"), job("mid", after: ["top"]), job("low", after: ["mid"])])
        simulation.executor.course = { _, _ in .init() }
        simulation.run("top", parameters: ["DAY": "monday"])
        for name in ["top", "mid", "low"] as [JobName] {
            simulation.die()
            simulation.start()
            simulation.end(name, handedOn: [name.text: "1"])
        }
        #expect(parameters(simulation, "low") == ["DAY": "monday", "top": "1", "mid": "1"])
        #expect(simulation.history("low").count == 1)
    }
}
