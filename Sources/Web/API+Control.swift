import Daemon
import Foundation
import HTTPTypes
import Hummingbird
import RunHistory
import Scheduling
import Timetable

/// What changes the course of runs and jobs: kill, pause, resume; the rest is in `API+Operations`.
extension API {
    /// - Parameter way: By which way requests come, for the audit.
    func addControls(to router: Router<BasicRequestContext>, way: String) {
        on(router, "/api/v1/pauses", [.get]) { request, _ in
            await answer {
                try refuseUnknown(request, besides: [])
                return JSON.response(try reader.pauses().map(PauseDocument.init))
            }
        }
        on(router, "/api/v1/runs/{id}/kill", [.post]) { request, context in
            await ask(request, way: way) { body, who in .kill(try key(context, body), by: who) }
        }
        on(router, "/api/v1/jobs/{name}/pause", [.post]) { request, context in
            await ask(request, way: way) { body, who in .pause(.job(try job(context, body)), by: who) }
        }
        on(router, "/api/v1/jobs/{name}/resume", [.post]) { request, context in
            await ask(request, way: way) { body, who in .resume(.job(try job(context, body)), by: who) }
        }
        on(router, "/api/v1/pause", [.post]) { request, _ in
            await ask(request, way: way) { body, who in .pause(try body.scope(), by: who) }
        }
        on(router, "/api/v1/resume", [.post]) { request, _ in
            await ask(request, way: way) { body, who in .resume(try body.scope(), by: who) }
        }
    }

    // MARK: what is asked

    /// Puts what `build` makes of the body and of who asks to the scheduler; it may read the ledger.
    private func ask(
        _ request: Request, way: String, _ build: @escaping @Sendable (ControlBody, String) throws -> Scheduling.Request
    ) async -> Response {
        guard let buffer = try? await request.body.collect(upTo: 4_096) else {
            return Problem.response(.contentTooLarge, "the body has more than 4 KiB")
        }
        let data = Data(buffer.readableBytesView)
        do {
            let asked = try await reading {
                let body = try ControlBody(json: data)
                return try build(body, try body.who(way: way))
            }
            return response(to: await daemon.request(asked, who: way), about: asked.job)
        } catch {
            return refusal(for: error)
        }
    }

    /// The key of the run that the path names.
    private func key(_ context: BasicRequestContext, _ body: ControlBody) throws -> RunKey {
        try body.refuseScope()
        return try run(context).run.key
    }

    /// The run that the path names.
    func run(_ context: BasicRequestContext) throws -> StoredRun {
        guard let id = context.parameters.get("id"), let stored = try reader.run(id: id) else {
            throw Refusal(.notFound, "there is no such run", hint: "`rota history` shows the runs and their ids")
        }
        return stored
    }

    private func job(_ context: BasicRequestContext, _ body: ControlBody) throws -> JobName {
        try body.refuseScope()
        return try job(context)
    }

    /// The job that the path names.
    func job(_ context: BasicRequestContext) throws -> JobName {
        guard let name = context.parameters.get("name").flatMap(JobName.init) else {
            throw Refusal(.notFound, "there is no such job", hint: "`rota list` shows the jobs in force")
        }
        return name
    }

    // MARK: what is answered

    /// - Parameter job: What the request was about, if it was one job.
    func response(to answer: RequestAnswer, about job: JobName? = nil) -> Response {
        switch answer {
        case .accepted(let id, let key): JSON.response(ControlDocument(id: id, key: key), status: .accepted)
        case .paused(let jobs): JSON.response(ControlDocument(job: job, jobs: jobs, stillPaused: jobs))
        case .resumed(let jobs, let stillPaused): JSON.response(ControlDocument(job: job, jobs: jobs, stillPaused: stillPaused))
        case .ordered(let job, let due): JSON.response(ControlDocument(job: job, due: due), status: .accepted)
        case .released(let orders, let runs): JSON.response(ControlDocument(job: job, orders: orders, runs: runs))
        case .backfilling(let id, let slots, let leftAlone):
            JSON.response(ControlDocument(job: job, backfill: id, slots: slots, leftAlone: leftAlone), status: .accepted)
        case .cancelled(let id, let withdrawn, let active):
            JSON.response(ControlDocument(job: job, backfill: id, withdrawn: withdrawn, active: active))
        case .already(let text): JSON.response(ControlDocument(changed: false, job: job, detail: text))
        case .unknownJob(let name): Problem.response(.notFound, "there is no job `\(name)`", hint: "`rota list` shows the jobs in force")
        case .unknownRun: Problem.response(.notFound, "there is no such run", hint: "`rota history` shows the runs and their ids")
        case .refused(let text): Problem.response(.conflict, text)
        case .unavailable(let text): Problem.response(.serviceUnavailable, text)
        }
    }
}

extension Scheduling.Request {
    /// The one job that it is about; nil where it names none.
    var job: JobName? {
        switch self {
        case .run(let name, _), .skip(let name, _, _, _), .hold(let name, _, _, _), .release(let name, _, _, _): name
        case .kill(let key, _), .retry(let key, _, _, _), .markSuccess(let key, _, _): key.job
        case .backfill(let order, _, _): order.job
        case .pause(.job(let name), _), .resume(.job(let name), _): name
        case .pause, .resume, .cancelBackfill: nil
        }
    }
}

/// The body of a request that controls: all of it may be left out but where a label or everything is to be named.
private struct ControlBody: Decodable {
    /// Who asks, in the asker's own words.
    private var by: String?
    /// `key=value`, or `key` for any value.
    private var label: String?
    private var all: Bool?

    /// Takes these keys and no others: a misspelt one would pause something else.
    init(from decoder: any Decoder) throws {
        let container = try decoder.container(ofExactly: ["by", "label", "all"])
        by = try container.decodeIfPresent(String.self, forKey: ExactKey(stringValue: "by"))
        label = try container.decodeIfPresent(String.self, forKey: ExactKey(stringValue: "label"))
        all = try container.decodeIfPresent(Bool.self, forKey: ExactKey(stringValue: "all"))
    }

    /// - Throws: `Refusal` when it is not what was expected.
    init(json data: Data) throws {
        do {
            self = try JSONDecoder().decode(ControlBody.self, from: data.isEmpty ? Data("{}".utf8) : data)
        } catch {
            throw Refusal(
                .badRequest, "the body is not what was expected",
                hint: #"send {"label": "key=value"} or {"all": true} where a path names no job, and {"by": "who"} if you like"#)
        }
    }

    func who(way: String) throws -> String { try Asker.name(by, way: way) }

    func scope() throws -> PauseScope {
        let hint = #"send {"label": "key=value"} or {"all": true}"#
        switch (label, all ?? false) {
        case (nil, true): return .everything
        case (let label?, false):
            let parts = label.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            guard !parts[0].isEmpty, Asker.isPlain(label, atMost: 512) else {
                throw Refusal(.badRequest, "`\(label)` is no label", hint: hint)
            }
            return .label(key: parts[0], value: parts.count == 2 ? parts[1] : nil)
        case (nil, false): throw Refusal(.badRequest, "neither a label nor everything is named", hint: hint)
        case (_?, true): throw Refusal(.badRequest, "a label and everything are named at once", hint: hint)
        }
    }

    func refuseScope() throws {
        if label != nil || all != nil {
            throw Refusal(.badRequest, "`label` and `all` are not for this path", hint: "POST /api/v1/pause and /api/v1/resume take them")
        }
    }
}

/// Who asks for something.
enum Asker {
    /// Over TCP anybody with the token may call himself anything.
    ///
    /// - Parameter by: The asker's own words, if there are any.
    static func name(_ by: String?, way: String) throws -> String {
        guard let by else { return way }
        guard isPlain(by, atMost: 64) else {
            throw Refusal(.badRequest, "`by` is no name", hint: "1 to 64 bytes without control characters")
        }
        return way == "socket" ? by : "\(by) (\(way))"
    }

    static func isPlain(_ text: String, atMost limit: Int) -> Bool {
        (1...limit).contains(text.utf8.count) && text.unicodeScalars.allSatisfy { $0.value >= 32 && !(127..<160).contains($0.value) }
    }
}
