import Scheduling
import TestSupport
import Testing
import Timetable

/// Order of judgement: disabled comes first, and enabling starts nothing.
struct DisabledTests {
    private func hourly(disabled: Bool) -> Job { job("a", "R/2026-03-01T00:00:00Z/PT10S") { $0.disabled = disabled } }

    private func begun(disabled: Bool) -> Simulation {
        var simulation = Simulation(at: "00:00:00")
        simulation.executor.course = { _, _ in .init(lasts: .seconds(1)) }
        simulation.start([hourly(disabled: disabled)])
        return simulation
    }

    @Test func slotsOfADisabledJobAreSkipped() {
        var simulation = begun(disabled: true)
        simulation.pass(until: "00:10:05")
        let gaps = simulation.ledger.gaps(of: "a")
        #expect(simulation.ledger.rows(of: "a").isEmpty)
        #expect(gaps.allSatisfy { $0.state == .skipped && $0.reason == "disabled" })
        #expect(gaps.count <= 12, "told once a minute at most")
        let slots = gaps.reduce(0) { $0 + $1.slots }
        #expect((54...61).contains(slots), "all but those of the last minute: \(slots)")
        #expect(simulation.history("a").count == gaps.count, "and each is accounted for")
    }

    @Test func enablingStartsNoSlotThatCameDueBefore() {
        var simulation = begun(disabled: true)
        simulation.pass(until: "00:01:35")
        simulation.define([hourly(disabled: false)])
        #expect(simulation.ledger.rows(of: "a").isEmpty)
        simulation.pass(until: "00:01:40")
        #expect(simulation.ledger.rows(of: "a").map(\.key.due) == ["00:01:40"])
    }

    @Test func enablingFoundAtAStartStartsNothingEither() {
        var simulation = begun(disabled: true)
        simulation.pass(until: "00:01:35")
        simulation.die()
        simulation.stayDown(until: "00:01:55")
        simulation.start([hourly(disabled: false)])
        #expect(simulation.ledger.rows(of: "a").isEmpty)
        #expect(simulation.ledger.gaps(of: "a").last?.lastDue == "00:01:50")
    }

    @Test func aRunThatWaitsWhenItsJobIsDisabledIsSkipped() {
        var simulation = Simulation(at: "00:00:00", capacities: ["local": 0])
        simulation.start([job("a", "R1/PT1H")])
        simulation.define([job("a", "R1/PT1H") { $0.disabled = true }])
        #expect(simulation.history("a") == ["00:00:00 skipped: disabled"])
    }

    @Test func aRunningRunOfADisabledJobGoesOn() {
        var simulation = Simulation(at: "00:00:00")
        simulation.start([job("a", "R1/PT1H")])
        simulation.pass(.seconds(1))
        simulation.define([job("a", "R1/PT1H") { $0.disabled = true }])
        simulation.pass(.seconds(60))
        simulation.end("a")
        #expect(simulation.history("a") == ["00:00:00 succeeded"])
    }
}
