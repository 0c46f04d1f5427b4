import Scheduling
import TestSupport
import Testing
import Timetable

/// What the end of a run costs in a large backfill, counted in runs that are looked at: it does not grow with those that wait.
struct BackfillCostTests {
    private func simulation(_ overlap: Overlap, delay: Duration = .seconds(86_400)) -> Simulation {
        var simulation = Simulation(at: "00:00:01")
        simulation.executor.course = { run, _ in .init(lasts: .seconds(1), state: run.key.attempt == 1 ? .failed : .succeeded) }
        simulation.start([
            job("a", "R/2026-02-01T00:00:00Z/PT1H") { job in
                job.overlap = overlap
                job.retries = Retries(limit: 1, delay: delay)
            }
        ])
        return simulation
    }

    private func begin(_ slots: Int, in simulation: inout Simulation, maxRunning: Int = 4) {
        let order = BackfillOrder(job: "a", first: "00:00:00" - .seconds(3600) * (slots - 1), last: "00:00:00", maxRunning: maxRunning)
        #expect(simulation.ask(.backfill(order, by: "ada")) == .backfilling(1, slots: slots, leftAlone: 0))
    }

    private func judgements(_ simulation: Simulation) -> Int { simulation.core?.judgements ?? .max }

    @Test(arguments: [Overlap.queue, .allowUpTo(3), .allow]) func anEndLooksAtNobodyWhoWaitsForARetry(overlap: Overlap) {
        var simulation = simulation(overlap)
        begin(300, in: &simulation)
        simulation.pass(.seconds(1_000))
        #expect(simulation.ledger.rows(of: "a").count { $0.state == .waiting && $0.reason == "retry" } == 300)
        #expect(judgements(simulation) < 5 * 300)
        let before = judgements(simulation)
        simulation.pass(.seconds(2 * 86_400))
        #expect(simulation.ledger.rows(of: "a").count { $0.backfill == 1 && $0.state == .succeeded } == 300)
        #expect(judgements(simulation) - before < 5 * 400, "each alarm rings for one of them")
        #expect(simulation.faults.isEmpty)
    }

    @Test(arguments: [Overlap.queue, .allow], [false, true]) func anEndLooksAtNobodyWhoIsHeld(overlap: Overlap, restarts: Bool) {
        var simulation = simulation(overlap)
        begin(200, in: &simulation, maxRunning: 1)
        let dues = simulation.ledger.rows(of: "a").map(\.key.due).dropFirst().prefix(100)
        for due in dues { simulation.ask(.hold("a", due: due, by: "ada")) }
        #expect(judgements(simulation) < 5 * 200)
        if restarts {
            simulation.die()
            simulation.start()
        }
        let before = judgements(simulation)
        simulation.pass(.seconds(500))
        #expect(simulation.ledger.rows(of: "a").count { $0.state == .waiting && $0.reason == "held by ada" } == 100)
        #expect(judgements(simulation) - before < 5 * 200)
        simulation.ask(.release("a", due: nil, by: "ada"))
        simulation.pass(.seconds(3 * 86_400))
        #expect(simulation.ledger.rows(of: "a").count { $0.backfill == 1 && $0.state == .succeeded } == 200)
        #expect(simulation.faults.isEmpty)
    }

    /// What rests is woken by whatever may end its rest.
    @Test func whoRestsIsWokenByAnEditAPauseAndAClock() {
        var simulation = simulation(.queue)
        begin(3, in: &simulation)
        simulation.pass(.seconds(10))
        #expect(simulation.nextWake == "01:00:00", "the alarms of retries lie behind the next slot")
        simulation.ask(.retry(RunKey(job: "a", due: "2026-02-28T23:00:00Z", attempt: 2), by: "ada"))
        #expect(simulation.row("a", "2026-02-28T23:00:00Z")?.state == .launching)
        simulation.pass(.seconds(2))
        simulation.ask(.hold("a", due: "00:00:00", by: "ada"))
        simulation.setClock(to: "00:00:05")
        #expect(simulation.row("a", "00:00:00")?.reason == "held by ada")
        simulation.define(
            simulation.files.map { file in
                job(file.name, file.schedule) { job in
                    job.overlap = .allow
                    job.retries = file.retries
                }
            })
        #expect(simulation.row("a", "00:00:00")?.reason == "held by ada")
        simulation.ask(.pause(.everything, by: "ada"))
        #expect(simulation.row("a", "00:00:00")?.state == .waiting, "somebody asked for it")
        simulation.ask(.release("a", due: "00:00:00", by: "ada"))
        #expect(simulation.row("a", "00:00:00")?.reason == "retry")
        simulation.define([])
        #expect(simulation.ledger.rows(of: "a").filter { $0.state == .waiting }.isEmpty, "removed while they rest")
        #expect(simulation.faults.isEmpty)
    }
}
