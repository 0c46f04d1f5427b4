import Daemon
import Foundation
import Hummingbird
import JobFiles
import RunHistory
import Scheduling
import Timetable

/// `/api/v1`: what can be asked, and how the answers look.
struct API: Sendable {
    let daemon: Daemon
    let reader: LedgerReader

    /// - Parameter gate: Who is let in; nil for the socket, which the file system guards.
    func router(guardedBy gate: Gate?) -> Router<BasicRequestContext> {
        let router = Router(context: BasicRequestContext.self)
        if let gate { router.add(middleware: gate) }
        router.get("/") { _, _ in welcome }
        router.get("healthz") { _, _ in health(isTrusted: gate == nil) }
        let api = router.group("api/v1")
        api.get("jobs") { _, _ in
            await answer { JSON.response(try reader.jobs().map { JobDocument($0, job: Definition.parse(canonical: $0.definition.canonical)) }) }
        }
        api.get("runs") { request, _ in await answer { try runs(request) } }
        api.post("jobs/{name}/run") { request, context in await run(request, context, who: gate == nil ? "socket" : "token") }
        return router
    }

    private var welcome: Response {
        let text = """
            Rota schedules here.
              GET /healthz        whether it does
              GET /api/v1/jobs    the jobs in force
              GET /api/v1/runs    the history; ?job= &state= &since= &limit=
            All but /healthz need `Authorization: Bearer …` with the text of the file `token` in the state folder.

            """
        return Response(
            status: .ok, headers: [.contentType: "text/plain; charset=utf-8"], body: ResponseBody(byteBuffer: ByteBuffer(string: text)))
    }

    /// - Parameter isTrusted: Who asks may know more than whether it works: the words of an error tell paths.
    private func health(isTrusted: Bool) -> Response {
        switch daemon.health {
        case .scheduling: JSON.response(["status": "scheduling"])
        case .starting: JSON.response(["status": "starting"], status: .serviceUnavailable)
        case .stopped: JSON.response(["status": "stopped"], status: .serviceUnavailable)
        case .failing(let detail): JSON.response(isTrusted ? ["status": "failing", "detail": detail] : ["status": "failing"], status: .serviceUnavailable)
        }
    }

    /// Reads the ledger in a thread of its own, so that a slow query holds up neither the health nor anybody's request.
    private func answer(_ body: @escaping @Sendable () throws -> Response) async -> Response {
        await withCheckedContinuation { continuation in
            API.reading.async { continuation.resume(returning: response(of: body)) }
        }
    }

    private static let reading = DispatchQueue(label: "rota.reading")

    private func response(of body: () throws -> Response) -> Response {
        do { return try body() } catch let error as LedgerError {
            return Problem.response(.serviceUnavailable, error.description)
        } catch let error as BadQuery {
            return Problem.response(.badRequest, error.detail, hint: error.hint)
        } catch {
            return Problem.response(.internalServerError, "\(error)")
        }
    }

    private struct BadQuery: Error {
        let detail: String
        let hint: String
    }

    private func runs(_ request: Request) throws -> Response {
        let query = request.uri.queryParameters
        var filter = HistoryFilter()
        if let text = query["job"].map(String.init) {
            guard let job = JobName(text) else {
                throw BadQuery(detail: "`\(text)` is no name of a job", hint: "names match [A-Za-z0-9_][A-Za-z0-9_.-]*")
            }
            filter.job = job
        }
        for text in query.getAll("state") {
            guard let state = RunState(rawValue: String(text)) else {
                throw BadQuery(
                    detail: "there is no state `\(text)`", hint: "one of \(RunState.allCases.map(\.rawValue).joined(separator: ", "))")
            }
            filter.states.insert(state)
        }
        if let text = query["since"].map(String.init) {
            guard let since = Instant(rfc3339: text) else {
                throw BadQuery(detail: "`\(text)` is no instant", hint: "write 2026-03-01T02:00:00Z")
            }
            filter.since = since
        }
        if let text = query["flow"].map(String.init) {
            guard let flow = FlowKey(text: text) else {
                throw BadQuery(detail: "`\(text)` is no flow", hint: "write head@2026-03-01T02:00:00Z")
            }
            filter.flow = flow
        }
        if let text = query["limit"].map(String.init) {
            guard let limit = Int(text), (1...1_000).contains(limit) else {
                throw BadQuery(detail: "`\(text)` is no limit", hint: "a whole number from 1 to 1000")
            }
            filter.limit = limit
        }
        return JSON.response(try reader.history(filter).map(HistoryDocument.init))
    }

    private struct RunBody: Decodable {
        var env: [String: String]?
    }

    private struct RunAccepted: Encodable {
        let id: String
        let job: String
        let due: String
    }

    private func run(_ request: Request, _ context: BasicRequestContext, who: String) async -> Response {
        guard let name = context.parameters.get("name").flatMap(JobName.init) else {
            return Problem.response(.notFound, "there is no such job", hint: "`rota list` shows the jobs in force")
        }
        guard let buffer = try? await request.body.collect(upTo: 65_536) else {
            return Problem.response(.contentTooLarge, "the body has more than 64 KiB")
        }
        var parameters: [String: String] = [:]
        if buffer.readableBytes > 0 {
            guard let body = try? JSONDecoder().decode(RunBody.self, from: Data(buffer.readableBytesView)) else {
                return Problem.response(
                    .badRequest, "the body is not what was expected", hint: #"send {"env": {"NAME": "value"}} or nothing"#)
            }
            parameters = body.env ?? [:]
        }
        if let bad = parameters.first(where: { !ParameterName.isValid($0.key) || $0.value.utf8.contains(0) })?.key {
            return Problem.response(.badRequest, "`\(bad)` cannot be set", hint: ParameterName.rule)
        }
        switch await daemon.request(.run(name, parameters: parameters), who: who) {
        case .accepted(let id, let key):
            return JSON.response(RunAccepted(id: id, job: key.job.text, due: key.due.rfc3339), status: .accepted)
        case .unknownJob(let name):
            return Problem.response(.notFound, "there is no job `\(name)`", hint: "`rota list` shows the jobs in force")
        case .refused(let text):
            return Problem.response(.conflict, text)
        }
    }
}
