import ArgumentParser
import RunHistory
import Scheduling
import Timetable

struct Retry: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Runs the same due once more.",
        discussion: """
            Prints the id of the new attempt, and with --wait its end; a failed run then ends this command with 1. A job means its newest run. A retry that waits for its time begins at once; while an attempt runs, \
            another is refused. Its success frees what was skipped after it in the same flow.

            EXAMPLES
              rota retry k3x9q2-17               the due of this run
              rota retry backup                  the newest due of this job
              rota retry backup --wait
              rota retry k3x9q2-17 --downstream  and everything that came after it in its flow
              rota retry backup --json
            """)

    @Argument(help: "A job or a run id.", completion: JobArgument.defaultCompletionKind)
    var subject: String

    @Flag(help: "Also runs again what had its run below it in the same flow, in order, once its parents have succeeded anew.")
    var downstream = false

    @Flag(help: "Waits for the end, retries included.")
    var wait = false

    @Flag(help: "Prints a JSON object: the attempt, with --wait the one that ended.")
    var json = false

    @OptionGroup var place: Place

    func run() async throws {
        let reader = try place.reader()
        let id = try id(in: reader)
        var request = ControlRequest()
        request.downstream = downstream ? true : nil
        let answer = try await place.control("/api/v1/runs/\(id)/retry", request)
        if !(wait && json) { try tell(answer) }
        if wait { try AwaitedEnd.tell(AwaitedEnd(reader: reader).ofDue(of: answer.id ?? id), json: json) }
    }

    private func tell(_ answer: ControlDocument) throws {
        if json { try Terminal.json(answer) } else { Terminal.say(answer.changed ? answer.id ?? "" : answer.detail ?? "it waits already") }
    }

    private func id(in reader: LedgerReader) throws -> String {
        switch try Subject(subject, in: reader) {
        case .run(let stored): return stored.id
        case .job(let stored):
            guard let newest = stored.newest else {
                throw CommandFailure(.unwell, "`\(subject)` has no run yet; `rota run \(subject)` begins one")
            }
            guard newest.run.state != .succeeded else {
                let again = "rota retry \(newest.id)" + (downstream ? " --downstream" : "")
                throw CommandFailure(
                    .unwell, "the newest run of `\(subject)` succeeded; `\(again)` runs it once more, `rota run \(subject)` a new one")
            }
            return newest.id
        }
    }
}
