import Daemon
import Foundation
import HTTPTypes
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
        router.add(middleware: ErrorAnswers())
        if let gate { router.add(middleware: gate) }
        on(router, "/", [.get, .head]) { _, _ in welcome }
        on(router, "/healthz", [.get, .head]) { _, _ in health(isTrusted: gate == nil) }
        on(router, "/api/v1/jobs", [.get]) { request, _ in
            await answer {
                try refuseUnknown(request, besides: [])
                let calendars = Calendars()
                return JSON.response(
                    try reader.jobs().map {
                        JobDocument($0, job: Definition.parse(canonical: $0.definition.canonical, calendars: calendars))
                    })
            }
        }
        on(router, "/api/v1/runs", [.get]) { request, _ in await answer { try runs(request) } }
        on(router, "/api/v1/pools", [.get]) { request, _ in
            await answer {
                try refuseUnknown(request, besides: [])
                let calendars = Calendars()
                let pools = try reader.pools { Definition.parse(canonical: $0.canonical, calendars: calendars) }
                return JSON.response(pools.map(PoolDocument.init))
            }
        }
        let way = gate == nil ? "socket" : "token"
        on(router, "/api/v1/jobs/{name}/run", [.post]) { request, context in await run(request, context, way: way) }
        addControls(to: router, way: way)
        addOperations(to: router, way: way)
        return router
    }

    /// Answers these methods at a path; the others are told which ones there are.
    func on(
        _ router: Router<BasicRequestContext>, _ path: RouterPath, _ methods: [HTTPRequest.Method],
        _ answer: @escaping @Sendable (Request, BasicRequestContext) async throws -> Response
    ) {
        for method in methods { router.on(path, method: method, use: answer) }
        let allowed = methods.map(\.rawValue).joined(separator: ", ")
        for method in [.get, .head, .post, .put, .delete, .patch, .options] as [HTTPRequest.Method] where !methods.contains(method) {
            router.on(path, method: method) { _, _ in
                var refusal = Problem.response(.methodNotAllowed, "\(method.rawValue) is not for this path", hint: "use \(allowed)")
                refusal.headers[.allow] = allowed
                return refusal
            }
        }
    }

    private var welcome: Response {
        let text = """
            Rota schedules here.
              GET /healthz        whether it does
              GET /api/v1/jobs    the jobs in force
              GET /api/v1/runs    the history; ?job= &state= &since= &limit=
              GET /api/v1/pauses  what is paused, by whom, since when
              GET /api/v1/pools   what each pool has, and what is taken of it
              POST /api/v1/jobs/{name}/run, …/pause, …/resume    POST /api/v1/pause, /api/v1/resume
              POST /api/v1/runs/{id}/kill, …/retry, …/mark-success, …/skip, …/hold, …/release
              POST /api/v1/jobs/{name}/mark-success, …/skip, …/hold, …/release, …/backfill
              GET /api/v1/orders    what is held or to be skipped
              GET /api/v1/backfills, /api/v1/backfills/{id}; ?limit=    POST /api/v1/backfills/{id}/cancel
            All but /healthz need `Authorization: Bearer …` with the text of the file `token` in the state folder.

            """
        return Response(
            status: .ok, headers: [.contentType: "text/plain; charset=utf-8"], body: ResponseBody(byteBuffer: ByteBuffer(string: text)))
    }

    /// - Parameter isTrusted: Who asks may know more than whether it works: the words of an error tell paths.
    private func health(isTrusted: Bool) -> Response {
        switch daemon.health {
        case .scheduling:
            JSON.response(["status": "scheduling"].merging(isTrusted ? daemon.notice.map { ["detail": $0] } ?? [:] : [:]) { $1 })
        case .starting: JSON.response(["status": "starting"], status: .serviceUnavailable)
        case .stopped: JSON.response(["status": "stopped"], status: .serviceUnavailable)
        case .failing(let detail):
            JSON.response(isTrusted ? ["status": "failing", "detail": detail] : ["status": "failing"], status: .serviceUnavailable)
        }
    }

    /// Reads the ledger in a thread of its own, so that a slow query holds up neither the health nor anybody's request.
    func answer(_ body: @escaping @Sendable () throws -> Response) async -> Response {
        do { return try await reading(body) } catch { return refusal(for: error) }
    }

    /// The same for whatever else is to be known of the ledger.
    func reading<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            API.readings.async { continuation.resume(with: Result { try body() }) }
        }
    }

    private static let readings = DispatchQueue(label: "rota.reading")

    func refusal(for error: any Error) -> Response {
        switch error {
        case let error as LedgerError: Problem.response(.serviceUnavailable, error.description)
        case let error as BadQuery: Problem.response(.badRequest, error.detail, hint: error.hint)
        case let error as Refusal: Problem.response(error.status, error.detail, hint: error.hint)
        default: Problem.response(.internalServerError, "\(error)")
        }
    }

    private struct BadQuery: Error {
        let detail: String
        let hint: String
    }

    /// A misspelt filter would answer something that was not asked.
    func refuseUnknown(_ request: Request, besides known: Set<String>) throws {
        for (key, _) in request.uri.queryParameters where !known.contains(String(key)) {
            let hint = known.isEmpty ? "this path takes none" : "one of \(known.sorted().joined(separator: ", "))"
            throw BadQuery(detail: "there is no parameter `\(key)`", hint: hint)
        }
    }

    /// How many rows are asked for at most; nil when nobody says.
    func limit(of request: Request) throws -> Int? {
        guard let text = request.uri.queryParameters["limit"].map(String.init) else { return nil }
        guard let limit = Int(text), (1...1_000).contains(limit) else {
            throw BadQuery(detail: "`\(text)` is no limit", hint: "a whole number from 1 to 1000")
        }
        return limit
    }

    private func runs(_ request: Request) throws -> Response {
        try refuseUnknown(request, besides: ["job", "state", "since", "flow", "limit"])
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
        if let limit = try limit(of: request) { filter.limit = limit }
        return JSON.response(try reader.history(filter).map(HistoryDocument.init))
    }

    private struct RunBody: Decodable {
        let parameters: [String: String]
        /// Who asks, in the asker's own words.
        let by: String?

        /// Takes `parameters`, of old called `env`, and `by`, and nothing else: a misspelt key would run the job without what it was to have.
        init(from decoder: any Decoder) throws {
            let container = try decoder.container(ofExactly: ["parameters", "env", "by"])
            let older = try container.decodeIfPresent([String: String].self, forKey: ExactKey(stringValue: "env"))
            let given = try container.decodeIfPresent([String: String].self, forKey: ExactKey(stringValue: "parameters"))
            by = try container.decodeIfPresent(String.self, forKey: ExactKey(stringValue: "by"))
            parameters = (older ?? [:]).merging(given ?? [:]) { $1 }
        }
    }

    private struct RunAccepted: Encodable {
        let id: String
        let job: String
        let due: String
    }

    private func run(_ request: Request, _ context: BasicRequestContext, way: String) async -> Response {
        guard let name = context.parameters.get("name").flatMap(JobName.init) else {
            return Problem.response(.notFound, "there is no such job", hint: "`rota list` shows the jobs in force")
        }
        guard let buffer = try? await request.body.collect(upTo: 65_536) else {
            return Problem.response(.contentTooLarge, "the body has more than 64 KiB")
        }
        var parameters: [String: String] = [:]
        var who = way
        if buffer.readableBytes > 0 {
            guard let body = try? JSONDecoder().decode(RunBody.self, from: Data(buffer.readableBytesView)) else {
                return Problem.response(
                    .badRequest, "the body is not what was expected",
                    hint: #"send {"parameters": {"NAME": "value"}} or nothing, and {"by": "who"} if you like"#)
            }
            parameters = body.parameters
            do { who = try Asker.name(body.by, way: way) } catch { return refusal(for: error) }
        }
        if let bad = parameters.keys.sorted().first(where: { !ParameterName.isValid($0) }) {
            return Problem.response(.badRequest, "`\(bad)` cannot be set", hint: ParameterName.rule)
        }
        if let bad = parameters.sorted(by: { $0.key < $1.key }).first(where: { $0.value.utf8.contains(0) })?.key {
            return Problem.response(
                .badRequest, "the value of `\(bad)` holds a NUL character", hint: "no variable of a process can hold one")
        }
        let answer = await daemon.request(.run(name, parameters: parameters), who: who)
        guard case .accepted(let id, let key) = answer else { return response(to: answer) }
        return JSON.response(RunAccepted(id: id, job: key.job.text, due: key.due.rfc3339), status: .accepted)
    }
}
