import ArgumentParser
import RunHistory
import Scheduling

struct MarkSuccess: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "mark-success",
        abstract: "Takes runs for successes.",
        discussion: """
            For what was done by hand, or ended well and is not known to have. Nothing is run: the next attempt, with the trigger `mark`, is born \
            succeeded, or the one that waits becomes so. It is an ending like any other: what waited for it in its flow goes on. A job means its \
            newest due. A run that is under way is refused; `rota kill` it first.

            EXAMPLES
              rota mark-success k3x9q2-17        the due of this run
              rota mark-success backup           the newest due of this job
              rota mark-success backup --json
            """)

    @Argument(help: "Jobs or run ids.", completion: JobArgument.defaultCompletionKind)
    var subjects: [String]

    @Flag(help: "Prints a JSON array: what came of each request.")
    var json = false

    @OptionGroup var place: Place

    func run() async throws {
        let reader = try place.reader()
        var several = Several()
        for word in subjects {
            try await several.ask(json: json, { Self.line(word, $0) }) {
                try await place.control("/api/v1/\(try Subject(word, in: reader).path)/mark-success")
            }
        }
        try several.end(json: json)
    }

    private static func line(_ word: String, _ answer: ControlDocument) -> String {
        guard answer.changed, let id = answer.id else { return "\(word)  \(answer.detail ?? "succeeded already")" }
        return "\(id)  \(answer.job ?? word)  due \(answer.due ?? "?")  marked as succeeded"
    }
}

extension Subject {
    /// Where the REST API has it.
    var path: String {
        switch self {
        case .run(let stored): "runs/\(stored.id)"
        case .job(let stored): "jobs/\(stored.control.job)"
        }
    }
}
