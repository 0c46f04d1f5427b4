import ArgumentParser
import RunHistory
import Scheduling
import Timetable

struct Kill: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Ends runs: those that wait at once, the others by TERM and then KILL.",
        discussion: """
            A job means all of its runs that have not ended. Nothing is retried after a kill. A run that comes to its end before the kill reaches \
            it keeps that end. Ends with 1 when a run has ended already; with --wait, once all of them have ended.

            EXAMPLES
              rota kill k3x9q2-17                this run
              rota kill backup report            whatever of these jobs runs or waits
              rota kill backup --wait            and waits until nothing of them is left
              rota kill backup --json
            """)

    @Argument(help: "Jobs or run ids.", completion: JobArgument.defaultCompletionKind)
    var subjects: [String]

    @Flag(help: "Waits for the end of each run, and tells it.")
    var wait = false

    @Flag(help: "Prints a JSON array: what came of each request, with --wait the runs that ended.")
    var json = false

    @OptionGroup var place: Place

    func run() async throws {
        let reader = try place.reader()
        var several = Several()
        var asked: [String] = []
        for id in try subjects.flatMap({ try ids($0, in: reader, &several) }) {
            try await several.ask(json: json, { Self.line(id, $0) }) {
                let answer = try await place.control("/api/v1/runs/\(id)/kill")
                asked.append(id)
                return answer
            }
        }
        guard wait else { return try several.end(json: json) }
        let ends = try asked.map { try AwaitedEnd(reader: reader).of(run: $0) }
        if json {
            try Terminal.json(ends.map { HistoryDocument(.run($0)) })
        } else {
            for end in ends { Terminal.say(EndLine.text(of: end)) }
        }
        try several.end(json: false)
    }

    private func ids(_ word: String, in reader: LedgerReader, _ several: inout Several) throws -> [String] {
        switch try Subject(word, in: reader) {
        case .run(let stored): return [stored.id]
        case .job(let stored):
            let open = try reader.openRuns().filter { $0.run.key.job == stored.control.job }
            if open.isEmpty { several.fail(CommandFailure(.unwell, "no run of `\(word)` runs or waits")) }
            // Those that wait first: the end of one that runs would let the next begin.
            return (open.filter { $0.run.state == .waiting } + open.filter { $0.run.state != .waiting }).map(\.id)
        }
    }

    private static func line(_ id: String, _ answer: ControlDocument) -> String {
        guard answer.changed else { return "\(id)  \(answer.detail ?? "is being killed already")" }
        return "\(id)  \(answer.job ?? "?")  due \(answer.due ?? "?")  is being killed; `rota show \(id)` tells its end"
    }
}
