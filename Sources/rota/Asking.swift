import ArgumentParser
import Client
import Daemon
import Foundation
import RunHistory
import Scheduling

/// How the commands that change something ask the scheduler, over its socket.
extension Place {
    /// - Throws: `CommandFailure` or `SocketClient.Failure` when nobody answers.
    func post(_ path: String, _ body: some Encodable, within limit: Duration = .seconds(30)) async throws -> SocketClient.Answer {
        let folder = try stateFolder()
        let json = String(decoding: try JSONEncoder().encode(body), as: UTF8.self)
        do {
            return try await SocketClient(socket: folder + "/rota.sock").send("POST", path, json: json, within: limit)
        } catch SocketClient.Failure.noScheduler(let socket) {
            guard let holder = StateFolder.holder(of: folder) else { throw SocketClient.Failure.noScheduler(socket: socket) }
            guard !StateFolder.isBeingOpened(folder) else {
                throw CommandFailure(.noScheduler, "process \(holder) is starting there and does not listen yet; try again in a moment")
            }
            throw CommandFailure(
                .noScheduler, "process \(holder) schedules there, but its socket \(socket) is gone; restart it to make it anew")
        }
    }

    /// A refusal of a request about `job`, which may have been for a name that no job has: then with the one that may have been meant.
    func nearer(_ failure: CommandFailure, _ job: JobName) -> CommandFailure {
        guard failure.code == .usage, let reader = try? reader(), (try? reader.job(job)) == nil else { return failure }
        return reader.unknown(job.text)
    }

    /// Asks for something that controls runs or jobs.
    ///
    /// - Throws: `CommandFailure` when it is refused as well.
    func control(
        _ path: String, _ body: ControlRequest = ControlRequest(), within limit: Duration = .seconds(30)
    ) async throws -> ControlDocument {
        let answer = try await post(path, body, within: limit)
        guard (200..<300).contains(answer.status),
            let control = try? JSONDecoder().decode(ControlDocument.self, from: Data(answer.body.utf8))
        else { throw CommandFailure(refusal: answer) }
        return control
    }
}

/// The body of a request that controls.
struct ControlRequest: Encodable {
    /// Who asks: whoever became root by sudo is named by the own name.
    static var asker: String { environment("SUDO_USER") ?? NSUserName() }

    let by = Self.asker
    var label: String?
    var all: Bool?
    var due: String?
    var downstream: Bool?
    var from: String?
    var to: String?
    var onlyMissed: Bool?
    var maxRunning: Int?
    var kill: Bool?
}

/// Does the same to several subjects: one that is refused stops no other.
struct Several {
    private var failures: [CommandFailure] = []
    private var answers: [ControlDocument] = []

    /// - Parameter line: What a person reads of the answer.
    mutating func ask(json: Bool, _ line: (ControlDocument) -> String, _ body: () async throws -> ControlDocument) async throws {
        do {
            let answer = try await body()
            answers.append(answer)
            if !json { Terminal.say(line(answer)) }
        } catch {
            // Whoever reached no scheduler reaches none for the next subject either.
            guard let failure = CommandFailure(of: error), [.usage, .unwell].contains(failure.code) else { throw error }
            fail(failure)
        }
    }

    mutating func fail(_ failure: CommandFailure) { failures.append(failure) }

    /// Prints what is left to print, and fails when something was refused.
    func end(json: Bool) throws {
        if json { try Terminal.json(answers) }
        guard let last = failures.last else { return }
        for failure in failures.dropLast() { Terminal.complain("error: \(failure.message)") }
        throw last
    }
}

extension CommandFailure {
    private struct Refusal: Decodable {
        let detail: String
        let hint: String?
    }

    /// What the scheduler refused, in its own words.
    init(refusal answer: SocketClient.Answer) {
        let refusal = try? JSONDecoder().decode(Refusal.self, from: Data(answer.body.utf8))
        let text = [refusal?.detail ?? "the scheduler answered \(answer.status)", refusal?.hint].compactMap(\.self).joined(separator: "; ")
        self.init(answer.status == 404 || answer.status == 400 ? .usage : .unwell, text)
    }
}
