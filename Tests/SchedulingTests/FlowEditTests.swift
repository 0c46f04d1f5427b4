import Scheduling
import TestSupport
import Testing
import Timetable

/// What an edit of the job files does to a flow that is under way: docs/flows.md, "Edits in the middle".
struct FlowEditTests {
    /// head → left, right → join → tail
    private let diamond = [
        job("head", "R/2026-03-01T00:00:00Z/PT1H"), job("left", after: ["head"]), job("right", after: ["head"]),
        job("join", after: ["left", "right"]), job("tail", after: ["join"]),
    ]
    private let flow = FlowKey(head: "head", due: "00:00:00")

    /// The flow of 00:00 has begun, and its head runs until the test ends it.
    private func begun(_ jobs: [Job]? = nil) -> Simulation {
        var simulation = Simulation(at: "00:00:00")
        simulation.start(jobs ?? diamond)
        simulation.pass(.seconds(1))
        return simulation
    }

    /// Each of these comes to its end, one after the other.
    private func end(_ jobs: [JobName], in simulation: inout Simulation) {
        for name in jobs {
            simulation.end(name)
            simulation.pass(.seconds(1))
        }
    }

    /// An edit while we run, or one that a start finds.
    private func edit(_ simulation: inout Simulation, _ files: [Job], isFoundAtStart: Bool) {
        guard isFoundAtStart else { return simulation.define(files) }
        simulation.die()
        simulation.stayDown(until: simulation.now + .seconds(30))
        simulation.start(files)
    }

    @Test(arguments: [false, true]) func anEditedDefinitionHoldsForWhateverIsNotHandedOver(isFoundAtStart: Bool) {
        var simulation = begun()
        let edited = diamond.map { old in job(old.name, old.schedule, after: old.after) { $0.environment = ["EDITED": "1"] } }
        edit(&simulation, edited, isFoundAtStart: isFoundAtStart)
        end(["head"], in: &simulation)
        #expect(simulation.row("head", "00:00:00")?.version == diamond[0].version, "it was handed over before")
        #expect(simulation.row("left", "00:00:00")?.version == edited[1].version)
        end(["left", "right", "join", "tail"], in: &simulation)
        #expect(simulation.history("tail") == ["00:00:00 succeeded"], "and the flow goes on as it was")
    }

    @Test(arguments: [false, true]) func aMemberDisabledInTheMiddleIsSkippedWithThoseBelowIt(isFoundAtStart: Bool) {
        var simulation = begun()
        let edited = diamond.map { old in job(old.name, old.schedule, after: old.after) { $0.disabled = old.name == "left" } }
        edit(&simulation, edited, isFoundAtStart: isFoundAtStart)
        end(["head", "right"], in: &simulation)
        #expect(simulation.history("left") == ["00:00:00 skipped: disabled"])
        #expect(simulation.history("join") == ["00:00:00 skipped: upstream"])
        #expect(simulation.history("tail") == ["00:00:00 skipped: upstream"])
        #expect(simulation.ledger.flows[flow]?.isOpen == false)
    }

    /// catalogue 68: a rename is a removal and an addition. The flow that is under way goes on without either of the two.
    @Test(arguments: [false, true]) func aMemberRenamedInTheMiddleIsToldAndTheNewNameBeginsWithTheNextFlow(isFoundAtStart: Bool) {
        var simulation = begun()
        let renamed = [diamond[0], job("links", after: ["head"]), diamond[2], job("join", after: ["links", "right"]), diamond[4]]
        edit(&simulation, renamed, isFoundAtStart: isFoundAtStart)
        end(["head", "right", "join", "tail"], in: &simulation)
        #expect(simulation.history("left") == ["00:00:00 skipped: removed"])
        #expect(simulation.history("links") == [])
        #expect(simulation.history("join") == ["00:00:00 succeeded"], "nobody waits for a name that is gone")
        simulation.pass(until: "01:00:01")
        end(["head", "links"], in: &simulation)
        #expect(simulation.history("links") == ["01:00:00 succeeded"])
        #expect(simulation.row("join", "01:00:00") == nil, "here right is waited for")
        end(["right"], in: &simulation)
        #expect(simulation.row("join", "01:00:00")?.state.isActive == true)
    }

    /// catalogue 67, 68: the run of the old name goes on, and its flow with it; the new name heads the flows from then on.
    @Test(arguments: [false, true]) func aHeadRenamedInTheMiddleFinishesItsFlow(isFoundAtStart: Bool) {
        var simulation = begun()
        let renamed = [
            job("chef", diamond[0].schedule), job("left", after: ["chef"]), job("right", after: ["chef"]), diamond[3], diamond[4],
        ]
        edit(&simulation, renamed, isFoundAtStart: isFoundAtStart)
        #expect(simulation.history("left") == [])
        end(["head", "left", "right", "join", "tail"], in: &simulation)
        #expect(simulation.history("tail") == ["00:00:00 succeeded"])
        #expect(simulation.ledger.flows[flow]?.isOpen == false)
        simulation.pass(until: "01:00:01")
        end(["chef", "left"], in: &simulation)
        #expect(simulation.history("left") == ["00:00:00 succeeded", "01:00:00 succeeded"])
        #expect(simulation.row("left", "01:00:00")?.flow == FlowKey(head: "chef", due: "01:00:00"))
        #expect(simulation.history("head") == ["00:00:00 succeeded"], "the old name owes nothing any more")
    }

    /// The new job stands between two others from the next flow on.
    @Test func aMemberAddedBetweenTwoOthersIsNotWaitedForInThisFlow() {
        var simulation = begun()
        simulation.define([
            diamond[0], job("check", after: ["head"]), job("left", after: ["check"]), diamond[2], diamond[3], diamond[4],
        ])
        end(["head"], in: &simulation)
        #expect(simulation.row("left", "00:00:00")?.state == .running)
        #expect(simulation.history("check") == [])
        end(["left", "right", "join", "tail"], in: &simulation)
        simulation.pass(until: "01:00:01")
        end(["head"], in: &simulation)
        #expect(simulation.row("left", "01:00:00") == nil)
        #expect(simulation.row("check", "01:00:00")?.state == .running)
    }

    @Test func theLastOneThatIsOwedMayBeRemoved() {
        var simulation = begun()
        end(["head", "left", "right"], in: &simulation)
        simulation.define(Array(diamond.dropLast()))
        #expect(simulation.ledger.flows[flow]?.isOpen == true)
        end(["join"], in: &simulation)
        #expect(simulation.history("tail") == ["00:00:00 skipped: removed"])
        #expect(simulation.ledger.flows[flow]?.isOpen == false)
    }

    /// It belongs to the flows due before the change, and to its own slots after it.
    @Test func aMemberThatGetsAScheduleStillHasItsRunInThisFlow() {
        var simulation = begun()
        simulation.define([
            diamond[0], job("left", "R/2026-03-01T00:30:00Z/PT1H", after: ["head"]), diamond[2], job("join", after: ["right"]), diamond[4],
        ])
        end(["head", "left"], in: &simulation)
        #expect(simulation.history("left") == ["00:00:00 succeeded"])
        #expect(simulation.row("left", "00:00:00")?.flow == flow)
        end(["right"], in: &simulation)
        #expect(simulation.row("join", "00:00:00")?.state == .running, "in this flow it came after both, and both have ended well")
        simulation.pass(until: "00:30:01")
        #expect(simulation.row("left", "00:30:00")?.flow == FlowKey(head: "left", due: "00:30:00"))
    }

    /// catalogue 67: removed and back while its run goes on; the same run counts.
    @Test func aMemberThatReturnsWhileItsRunGoesOnIsNotRunAgain() {
        var simulation = begun()
        end(["head"], in: &simulation)
        simulation.define([diamond[0], diamond[2], job("join", after: ["right"]), diamond[4]])
        simulation.define(diamond)
        end(["left", "right", "join", "tail"], in: &simulation)
        for name in diamond.map(\.name) { #expect(simulation.history(name) == ["00:00:00 succeeded"]) }
    }

    /// Whoever waits in its own turn when it is removed is told, and whoever comes after it goes on.
    @Test func aMemberThatWaitsForAPlaceIsWithdrawnWhenItIsRemoved() {
        var simulation = Simulation(at: "00:00:00", capacities: ["p": 0])
        let left = job("left", after: ["head"]) { $0.pool = "p" }
        simulation.start([diamond[0], left, diamond[2], diamond[3], diamond[4]])
        simulation.pass(.seconds(1))
        end(["head", "right"], in: &simulation)
        #expect(simulation.history("left") == ["00:00:00 waiting: pool: p"])
        simulation.define([diamond[0], diamond[2], job("join", after: ["right"]), diamond[4]])
        #expect(simulation.history("left") == ["00:00:00 skipped: removed"])
        #expect(simulation.row("join", "00:00:00")?.state.isActive == true)
    }

    /// catalogue 68: seed 10926 of `editsWithDowntime`. The head is renamed, and the member taken out, on the very instant of a slot.
    @Test func aMemberThatLeavesItsHeadOnASlotHasOneRowOfIt() {
        var simulation = Simulation(at: "00:00:00")
        simulation.start(diamond)
        simulation.define([diamond[0]])
        #expect(simulation.history("left") == ["00:00:00 skipped: removed"])
        simulation.define([job("chef", diamond[0].schedule), job("left", after: ["chef"])])
        simulation.pass(.seconds(1))
        simulation.end("chef")
        #expect(simulation.history("left") == ["00:00:00 skipped: removed"])
        #expect(simulation.faults == [])
    }

    /// catalogue 68: seed 20578 of `edits`. Under its new name the head also owes the slot before, which the member has had under the old one.
    @Test func aSlotFromBeforeTheRegistrationOfItsHeadIsNoFlow() {
        func files(_ head: JobName) -> [Job] {
            [job(head, diamond[0].schedule) { $0.isChronos = true }, job("left", after: [Edge(parent: head)])]
        }
        var simulation = begun(files("head"))
        end(["head", "left"], in: &simulation)
        simulation.define(files("chef"))
        simulation.pass(.seconds(1))
        end(["chef"], in: &simulation)
        #expect(simulation.history("chef") == ["00:00:00 succeeded"])
        #expect(simulation.history("left") == ["00:00:00 succeeded"])
        simulation.pass(until: "01:00:01")
        end(["chef"], in: &simulation)
        #expect(simulation.row("left", "01:00:00")?.state.isActive == true, "from then on it comes after the new name")
    }

    /// catalogue 68: seed 2195 of `editsWithDowntime`. The flow closed before anybody but its head had a run, and its member has had one of
    /// that due after another head since, or is owed one.
    @Test(arguments: [false, true]) func aFlowThatIsReopenedLeavesOutWhoeverHasARunOfItsDueElsewhere(isOwed: Bool) {
        let hourly = "R/2026-03-01T00:00:00Z/PT1H" as Schedule
        var simulation = Simulation(at: "00:30:00", capacities: ["p": 0])
        simulation.executor.course = { run, _ in .init(lasts: .seconds(run.key.job == "chef" ? 60 : 1)) }
        let late = job("head", hourly) { job in
            job.pool = "p"
            job.startWithin = .seconds(5)
        }
        simulation.start([late, job("chef", hourly), job("left", after: ["head"])])
        simulation.pass(until: "01:10:00")
        #expect(simulation.history("head") == ["01:00:00 missed: startWithin"])
        simulation.define([job("head", hourly), job("chef", hourly), job("left", after: ["chef"])])
        simulation.ask(.backfill(BackfillOrder(job: "chef", first: "01:00:00", last: "01:00:00"), by: "ada"))
        simulation.pass(.seconds(isOwed ? 30 : 90))
        simulation.ask(.retry(RunKey(job: "head", due: "01:00:00", attempt: 1), by: "ada"))
        simulation.pass(.seconds(90))
        #expect(simulation.newest("head")?.state == .succeeded)
        #expect(simulation.history("left") == ["01:00:00 succeeded"] && simulation.newest("left")?.flow.head == "chef")
        #expect(simulation.faults == [])
    }
}
