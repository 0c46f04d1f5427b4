import ArgumentParser
import Client
import Foundation
import Scheduling

struct RunJob: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Runs a job now.",
        discussion: """
            Asks the scheduler over its socket, prints the id of the run, and with --wait its end; a failed run then ends this command with 1.

            A parameter is a variable in the environment of the command, and of all that come after it in its flow. A job that names its
            parameters (`params:`) takes no others, and one without a value there must be given. They are shown to whoever may read the
            history: a secret belongs into a file that only the job's user may read.

            EXAMPLES
              rota run backup
              rota run backup --wait
              rota run report --param DAY=2026-03-01 -p MODE=full
            """)

    @Argument(help: "The job.")
    var job: JobArgument

    @Flag(help: "Waits for the end, retries included.")
    var wait = false

    @Option(
        name: [.customShort("p"), .customLong("param"), .customLong("env")],
        help: ArgumentHelp("A parameter of this run; may be given several times.", valueName: "name=value"))
    var variables: [String] = []

    @Flag(help: "Prints a JSON object: the run that was begun, with --wait the one that ended.")
    var json = false

    @OptionGroup var place: Place

    private struct Request: Encodable {
        let parameters: [String: String]
        let by = ControlRequest.asker
    }

    private struct Accepted: Codable {
        let id: String
        let job: String
        let due: String
    }

    func run() async throws {
        let answer = try await place.post("/api/v1/jobs/\(job.name)/run", Request(parameters: try parameters()))
        guard answer.status == 202, let accepted = try? JSONDecoder().decode(Accepted.self, from: Data(answer.body.utf8)) else {
            throw place.nearer(CommandFailure(refusal: answer), job.name)
        }
        guard wait else {
            return json ? try Terminal.json(accepted) : Terminal.say(accepted.id)
        }
        if !json { Terminal.say(accepted.id) }
        try AwaitedEnd.tell(AwaitedEnd(reader: place.reader()).ofDue(of: accepted.id), json: json)
    }

    private func parameters() throws -> [String: String] {
        var parameters: [String: String] = [:]
        for text in variables {
            let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            guard ParameterName.isValid(parts[0]), parts.count == 2 else {
                if parts.count == 1, ParameterName.isValid(text) {
                    throw CommandFailure(.usage, "the value of `\(text)` is missing; write --param \(text)=value")
                }
                throw CommandFailure(.usage, "`\(text)` cannot be set; write --param NAME=value, where \(ParameterName.rule)")
            }
            if parameters.updateValue(parts[1], forKey: parts[0]) != nil {
                throw CommandFailure(.usage, "`\(parts[0])` is given twice; leave one of them out")
            }
        }
        return parameters
    }
}
