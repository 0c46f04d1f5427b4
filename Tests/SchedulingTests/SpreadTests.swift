import Scheduling
import TestSupport
import Testing
import Timetable

/// Jobs of one time, kept apart by `spread`.
struct SpreadTests {
    /// As `spread: PT10M` of the job's file makes it.
    private func nightly(_ number: Int) -> Job {
        let name = JobName("job-\(number)") ?? "j"
        let plain = Schedule("0 2 * * *")
        let schedule = try? Schedule(plain.recurrences, zone: plain.zone, delay: Schedule.delay(spread: .seconds(600), seed: name.text))
        return job(name, schedule)
    }

    /// catalogue 59
    @Test func aHerdIsSpreadBelowTheCapAndTheSameAfterARestart() {
        let jobs = (0..<600).map(nightly)
        var simulation = Simulation(at: "00:00:00", capacities: ["local": 8])
        simulation.executor.course = { _, _ in .init(lasts: .milliseconds(900)) }
        simulation.start(jobs)
        simulation.pass(until: "12:00:00")
        let first = Dictionary(uniqueKeysWithValues: simulation.ledger.runs.values.map { ($0.key.job, $0.key.due) })
        let perSecond = Dictionary(grouping: first.values) { $0.microseconds / 1_000_000 }.mapValues(\.count)
        #expect(first.count == 600 && first.values.allSatisfy { ("02:00:00"..."02:09:59").contains($0) })
        #expect(perSecond.values.max() ?? .max <= 8 && perSecond.count > 300)
        #expect(simulation.ledger.runs.values.allSatisfy { $0.lateness ?? .seconds(9) < .seconds(1) }, "hardly anybody waits for a place")

        simulation.die()
        simulation.start(jobs)
        simulation.pass(.seconds(86_400))
        let second = simulation.ledger.runs.values.filter { $0.key.due > "12:00:00" }
        #expect(second.count == 600 && second.allSatisfy { first[$0.key.job].map { $0 + .seconds(86_400) } == $0.key.due })
        #expect(simulation.faults.isEmpty)
    }
}
