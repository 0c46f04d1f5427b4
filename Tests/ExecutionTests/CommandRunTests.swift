import Glibc
import Testing

@testable import Execution

/// Commands that are asked for an answer.
@Suite(.timeLimit(.minutes(1))) struct CommandRunTests {
    private func run(_ text: String, limit: Duration = .seconds(30), outputLimit: Int = 1 << 20, stop: Int32? = nil) async -> CommandAnswer
    {
        let run = CommandRun(
            words: ["sh", "-c", text], environment: ["PATH": "/usr/bin:/bin", "A": "one 'two'"], limit: limit, outputLimit: outputLimit,
            stop: stop)
        return await blocking { run.answer() }
    }

    @Test func anAnswerIsWhatTheCommandSaid() async {
        let answer = await run(#"echo "$A"; echo trouble >&2; exit 3"#)

        #expect(answer == CommandAnswer(end: .exited(3), output: "one 'two'\n", errors: "trouble\n"))
    }

    @Test func itHasNothingToReadAndNoTerminal() async {
        #expect(await run("cat; ls /proc/self/fd | wc -l; ps -o tty= -p $$").output.split(separator: "\n") == ["4", "?"])
    }

    @Test func aSignalIsTold() async {
        #expect(await run("kill -9 $$").end == .signaled(9))
    }

    @Test func whatIsNotThereIsNotStarted() {
        let answer = CommandRun(words: ["/nowhere/sbatch"], environment: [:], limit: .seconds(9)).answer()
        #expect(answer.end == .notStarted(SystemError("spawn", "/nowhere/sbatch", ENOENT)))
        #expect(answer.complaint(of: "sbatch") == "not-found: spawn /nowhere/sbatch: No such file or directory")
    }

    @Test func whatTakesTooLongGoesWithAllThatItStarted() async throws {
        let answer = await run("sleep 1000 & echo $!; wait", limit: .milliseconds(300))

        #expect(answer.end == .tookTooLong)
        let child = try #require(Int32(answer.output.dropLast()))
        await awaitEnd(of: child)
        #expect(!isAlive(child))
    }

    @Test func nobodyWaitsForAnAnswerThatIsNotWanted() async {
        var pipe: [Int32] = [-1, -1]
        #expect(Glibc.pipe(&pipe) == 0)
        close(pipe[1])
        defer { close(pipe[0]) }

        #expect(await run("exec sleep 1000", stop: pipe[0]).end == .notWanted)
    }

    @Test func anAnswerIsBounded() async {
        let answer = await run("head -c 300000 /dev/zero", outputLimit: 1000)

        #expect(answer.end == .exited(0) && answer.output.utf8.count == 1000 && !answer.isWhole && !answer.hasSucceeded)
    }

    @Test func aGrandchildThatHoldsThePipesHoldsNobodyUp() async {
        let began = ContinuousClock.now
        let answer = await run("echo said; (trap '' HUP; sleep 20) & exit 0")

        #expect(answer.hasSucceeded && answer.output == "said\n")
        #expect(ContinuousClock.now - began < .seconds(15))
    }
}
