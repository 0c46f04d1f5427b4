import Scheduling
import TestSupport
import Testing
import Timetable

/// dues that are no slots, and requests.
struct RunByHandTests {
    @Test func theDueIsTheRequestUnlessASlotOrARowBearsIt() {
        var simulation = Simulation(at: "01:00:00")
        simulation.start([job("a", "R/2026-03-01T00:00:00Z/PT1H") { $0.overlap = .allow }])
        simulation.run("a")
        simulation.run("a")
        #expect(simulation.ledger.rows(of: "a").map(\.key.due.short) == ["01:00:00", "01:00:00.000001", "01:00:00.000002"])
        simulation.pass(until: "01:00:30.5")
        simulation.run("a")
        #expect(simulation.newest("a")?.key.due == "01:00:30.5")
        #expect(simulation.newest("a")?.trigger == .manual)
        #expect(simulation.newest("a")?.readyAt == "01:00:30.5")
    }

    /// Several requests of one instant: the daemon takes all that came in with one look at the clock.
    @Test(arguments: [["head", "child"], ["child", "head"], ["child", "head", "child", "head"]] as [[JobName]])
    func requestsOfOneInstantWithinOneFlowNeverShareADue(names: [JobName]) {
        var simulation = Simulation(at: "00:30:00")
        simulation.executor.course = { _, _ in .init(lasts: .seconds(1)) }
        simulation.start([job("head", "R/2026-03-01T00:00:00Z/PT1H"), job("child", after: ["head"])])
        for name in names { simulation.run(name) }
        simulation.pass(.seconds(60))
        let heads = names.filter { $0 == "head" }.count
        #expect(simulation.history("head").count == heads)
        #expect(simulation.history("child").count == names.count)
        #expect(simulation.history("child").allSatisfy { $0.hasSuffix("succeeded") })
    }

    @Test func aFreeDueIsNoSlotOfTheHeadEither() {
        var simulation = Simulation(at: "00:59:59.999999")
        simulation.executor.course = { _, _ in .init(lasts: .seconds(1)) }
        simulation.start([job("head", "R/2026-03-01T00:00:00Z/PT1H"), job("child", after: ["head"])])
        simulation.run("child")
        simulation.run("child")
        simulation.pass(.seconds(60))
        #expect(simulation.ledger.rows(of: "child").map(\.key.due.short) == ["00:59:59.999999", "01:00:00", "01:00:00.000001"])
        #expect(simulation.row("child", "01:00:00")?.trigger == .upstream)
    }

    @Test func anUnknownAndADisabledJobAreRefused() {
        var simulation = Simulation(at: "00:00:00")
        simulation.start([job("a") { $0.disabled = true }])
        #expect(simulation.run("nobody") == .unknownJob("nobody"))
        guard case .refused(let text) = simulation.run("a") else { Issue.record("it is not refused"); return }
        #expect(text.contains("`a`") && text.contains("disabled: true"))
        #expect(simulation.history("a") == [])
    }

    @Test func everyRequestIsAnsweredOnceAndAfterItsRecord() {
        var core = Scheduler(restoring: LedgerState(), graph: JobGraph(), settings: .init())
        _ = core.handle(.start(JobGraph.build([job("a")]).graph), at: "00:00:00")
        let actions = core.handle(.request(token: 7, .run("a", parameters: [:])), at: "00:00:00")
        #expect(actions.answers == [.accepted(RunKey(job: "a", due: "00:00:00", attempt: 1))])
        let answer = actions.firstIndex { if case .answer(7, _) = $0 { true } else { false } } ?? 0
        #expect(answer >= actions.records.count)
    }

    @Test func runsByHandConsumeNoRepetitions() {
        var simulation = Simulation(at: "00:30:00")
        simulation.executor.course = { _, _ in .init(lasts: .seconds(1)) }
        simulation.start([job("a", "R2/2026-03-01T01:00:00Z/PT1H")])
        simulation.run("a")
        simulation.pass(until: "12:00:00")
        #expect(simulation.history("a") == ["00:30:00 succeeded", "01:00:00 succeeded", "02:00:00 succeeded"])
    }
}
