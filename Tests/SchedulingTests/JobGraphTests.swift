import Scheduling
import TestSupport
import Testing
import Timetable

/// catalogue 65: what may not be in force is refused with a sentence, and nobody else with it. Chronos #815.
struct JobGraphTests {
    private func problems(_ jobs: [Job], refused: Set<JobName> = []) -> [GraphProblem] { JobGraph.build(jobs, refused: refused).problems }

    @Test func parentsStandBeforeChildrenAndOtherwiseByName() {
        let graph = JobGraph.build([job("d", after: ["a"]), job("c"), job("b", after: ["d"]), job("a")]).graph
        #expect(graph.order == ["a", "c", "d", "b"])
    }

    @Test func aSecondDefinitionOfANameRefusesBoth() {
        let build = JobGraph.build([job("a"), job("b"), job("a")])
        #expect(build.problems == [.duplicate("a")])
        #expect(build.graph.order == ["b"])
    }

    @Test func anUnknownParentIsNamed() {
        let build = JobGraph.build([job("a", after: ["nobody"]), job("b")])
        #expect(build.problems == [.unknownParent(job: "a", parent: "nobody")])
        #expect(build.problems[0].message.contains("`nobody`"))
        #expect(build.graph.order == ["b"])
    }

    @Test func whatStandsBelowARefusedJobIsRefusedAndToldWhy() {
        #expect(
            problems([job("a", after: ["bad"]), job("b", after: ["a"]), job("c", after: ["b"])], refused: ["bad"]) == [
                .refusedParent(job: "a", parent: "bad"), .refusedParent(job: "b", parent: "a"), .refusedParent(job: "c", parent: "b"),
            ])
    }

    @Test func aJobIsNotItsOwnParent() {
        #expect(problems([job("a", after: ["a"])]) == [.selfParent("a")])
    }

    @Test func allMissingParentsOfAJobAreToldAtOnce() {
        #expect(
            problems([job("c", after: ["nope", "c", "bad", "a"]), job("a")], refused: ["bad"]) == [
                .selfParent("c"), .unknownParent(job: "c", parent: "nope"), .refusedParent(job: "c", parent: "bad"),
            ])
        #expect(
            problems([job("a", after: ["b", "x"]), job("b", after: ["a", "y"])]) == [
                .cycle(["a", "b"]), .unknownParent(job: "a", parent: "x"), .unknownParent(job: "b", parent: "y"),
            ])
        #expect(
            problems([job("a", after: ["y", "b", "x"]), job("b", after: ["z"]), job("c", after: ["h", "b"]), job("h")]) == [
                .unknownParent(job: "a", parent: "y"), .refusedParent(job: "a", parent: "b"), .unknownParent(job: "a", parent: "x"),
                .unknownParent(job: "b", parent: "z"), .refusedParent(job: "c", parent: "b"),
            ])
        #expect(
            problems([job("c", "R/PT1H", after: ["x"]) { $0.join = .flow }]) == [
                .unknownParent(job: "c", parent: "x"), .noCommonHead(job: "c", heads: []),
            ])
    }

    @Test func aCycleIsPrintedFromItsFirstName() {
        let build = JobGraph.build([job("c", after: ["b"]), job("b", after: ["a"]), job("a", after: ["c"]), job("free")])
        #expect(build.problems == [.cycle(["a", "b", "c"])])
        #expect(build.problems[0].message.contains("a → b → c → a"))
        #expect(build.graph.order == ["free"])
    }

    @Test func everyCycleIsToldAndWhatHangsBelowIsToldOfItsParent() {
        let found = problems([
            job("a", after: ["b"]), job("b", after: ["a"]), job("c", after: ["d"]), job("d", after: ["c"]), job("below", after: ["b"]),
        ])
        #expect(found == [.cycle(["a", "b"]), .cycle(["c", "d"]), .refusedParent(job: "below", parent: "b")])
    }

    @Test func twoCyclesThroughOneJobAreNoTrap() {
        let found = problems([job("a", after: ["b", "c"]), job("b", after: ["a"]), job("c", after: ["a"])])
        #expect(found.contains(.cycle(["a", "b"])))
        #expect(found.flatMap(\.jobs).sorted() == ["a", "b", "c"])
    }

    // MARK: joins

    @Test func parentsWithOneHeadJoinTheirFlow() {
        let graph = JobGraph.build([job("h"), job("a", after: ["h"]), job("b", after: ["h"]), job("c", after: ["a", "b"])]).graph
        #expect(graph.joins == ["a": .flow, "b": .flow, "c": .flow])
        #expect(graph.head(of: "c") == "h")
    }

    @Test(
        arguments: [
            job("c", after: ["h", "g"]), job("c", "R/PT1H", after: ["h"]), job("c", after: ["h"]) { $0.join = .latest },
            job("c", after: ["h"]) { $0.isChronos = true },
        ])
    func whateverElseJoinsTheLatestAndHeadsItsOwnFlow(child: Job) {
        let graph = JobGraph.build([job("h"), job("g"), child, job("below", after: ["c"])]).graph
        #expect(graph.joins["c"] == .latest)
        #expect(graph.head(of: "c") == "c")
        #expect(graph.head(of: "below") == "c")
    }

    @Test func flowAskedForWithoutACommonHeadIsRefused() {
        let build = JobGraph.build([job("h"), job("g"), job("c", after: ["h", "g"]) { $0.join = .flow }, job("d", after: ["c"])])
        #expect(build.problems == [.noCommonHead(job: "c", heads: ["g", "h"]), .refusedParent(job: "d", parent: "c")])
        #expect(build.problems[0].message.contains("`g` and `h`"))
        #expect(build.graph.order == ["g", "h"])
        let scheduled = JobGraph.build([job("h"), job("c", "R/PT1H", after: ["h"]) { $0.join = .flow }])
        #expect(scheduled.problems[0].message.contains("schedule of its own"))
    }

    // MARK: plans

    @Test func aPlanHoldsWhoeverInheritsTheDueAndTheEdgesWithin() {
        let graph = JobGraph.build([
            job("h"), job("other"), job("a", after: ["h"]), job("b", after: ["a:done", "h"]), job("own", after: ["h", "other"]),
        ]).graph
        #expect(graph.flowPlan(from: "h").text == "h\na h:success\nb a:done h:success")
        #expect(graph.flowPlan(from: "a").text == "a\nb a:done", "begun in the middle, h owes nothing")
        #expect(graph.flowPlan(from: "b").members.isEmpty)
    }

    // MARK: size

    @Test(arguments: ["chain below an error", "one cycle", "many cycles"]) func aHundredThousandBadJobsAreToldInSeconds(shape: String) {
        let count = many(100_000)
        func name(_ number: Int) -> JobName { JobName("j\(number)") ?? "j" }
        let jobs = (0..<count).map { number -> Job in
            var job = Job(name: name(number), command: .shell("true"))
            switch shape {
            case "chain below an error": job.after = [Edge(parent: number == 0 ? "nobody" : name(number - 1))]
            case "one cycle": job.after = [Edge(parent: name((number + 1) % count))]
            default: job.after = [Edge(parent: name(number ^ 1))]
            }
            return job
        }
        let duration = ContinuousClock().measure {
            let build = JobGraph.build(jobs)
            #expect(build.graph.jobs.isEmpty)
            #expect(build.problems.flatMap(\.jobs).count == count)
        }
        #expect(duration < soon)
    }
}
