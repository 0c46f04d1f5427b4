import Scheduling
import TestSupport
import Testing
import Timetable

/// catalogue 71: parents of different periods, and children that have a schedule and parents.
struct MixedPeriodTests {
    private let hourly = job("hourly", "R/2026-03-01T00:00:00Z/PT1H")
    private let daily = job("daily", "R/2026-03-01T02:00:00Z/P1D")

    /// The hourly parent takes a minute, the daily one ten; everything else a second.
    private func played(_ jobs: [Job], until end: Instant) -> Simulation {
        var simulation = Simulation(at: "00:00:00")
        simulation.executor.course = { run, _ in
            .init(lasts: run.key.job == "hourly" ? .seconds(60) : run.key.job == "daily" ? .seconds(600) : .seconds(1))
        }
        simulation.start(jobs)
        simulation.pass(until: end)
        return simulation
    }

    /// As often as its slowest parent: whatever the faster one did in between is one new end.
    @Test func aChildOfAnHourlyAndADailyParentRunsOnceADay() {
        let simulation = played([hourly, daily, job("report", after: ["hourly", "daily"])], until: "2026-03-04T00:00:00Z")
        #expect(
            simulation.history("report") == [
                "02:10:00 succeeded", "2026-03-02T02:10:00Z succeeded", "2026-03-03T02:10:00Z succeeded",
            ])
        #expect(simulation.ledger.rows(of: "report").allSatisfy { $0.flow.head == "report" }, "it heads a flow of its own")
    }

    /// Whatever the parent did since the slot before counts for one slot.
    @Test func aDailySlotNeedsOneEndOfItsHourlyParentSinceTheSlotBefore() {
        let child = job("child", "R/2026-03-01T12:30:00Z/P1D", after: ["hourly"])
        let simulation = played([hourly, child], until: "2026-03-04T00:00:00Z")
        #expect(simulation.history("child").map { $0.suffix(9) } == Array(repeating: "succeeded", count: 3))
        #expect(simulation.ledger.rows(of: "child").map(\.lateness) == Array(repeating: .zero, count: 3))
    }

    /// Of the slots between two ends of the parent none has what it waits for: each has its window, and says so.
    @Test func anHourlySlotThatFindsNoNewEndOfItsDailyParentIsMissedByItsWindow() {
        let child = job("child", "R/2026-03-01T00:30:00Z/PT1H", after: ["daily"]) { $0.startWithin = .seconds(1200) }
        let simulation = played([daily, child], until: "2026-03-02T00:00:00Z")
        let history = simulation.history("child")
        #expect(history.filter { $0.hasSuffix("missed: startWithin") }.count == 23)
        #expect(history.filter { $0.hasSuffix("succeeded") } == ["02:30:00 succeeded"])
    }

    /// A flow has one due, whatever the periods of others: the members of two heads do not meet.
    @Test func membersOfFlowsOfDifferentPeriodsKeepTheirDues() {
        let jobs = [hourly, daily, job("fast", after: ["hourly"]), job("slow", after: ["daily"]), job("both", after: ["fast", "slow"])]
        let simulation = played(jobs, until: "2026-03-03T00:00:00Z")
        #expect(simulation.ledger.rows(of: "fast").count == 48)
        #expect(simulation.ledger.rows(of: "slow").map(\.key.due.short) == ["02:00:00", "2026-03-02T02:00:00Z"])
        #expect(simulation.history("both") == ["02:10:01 succeeded", "2026-03-02T02:10:01Z succeeded"])
    }

    /// Two ends that were told for one instant make two dues.
    @Test func anEndAtAnInstantThatIsTakenMovesTheDueOn() {
        var simulation = Simulation(at: "00:00:00")
        simulation.executor.course = { run, _ in .init(lasts: run.key.job == "p" ? nil : .seconds(1)) }
        simulation.start([job("p") { $0.overlap = .allow }, job("child", after: ["p"]) { $0.join = .latest }])
        for _ in 0..<3 { simulation.run("p") }
        simulation.pass(.seconds(1))
        for run in simulation.ledger.rows(of: "p") { simulation.executor.finish("p", run.key.due, at: "00:01:00") }
        simulation.pass(until: "00:02:00")
        #expect(simulation.ledger.rows(of: "child").map(\.key.due.short) == ["00:01:00", "00:01:00.000001", "00:01:00.000002"])
    }
}
