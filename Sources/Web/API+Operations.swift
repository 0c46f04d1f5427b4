import Daemon
import Foundation
import HTTPTypes
import Hummingbird
import RunHistory
import Scheduling
import Timetable

/// What people do to a ledger by hand: retry, mark-success, skip, hold, release and backfills.
extension API {
    /// - Parameter way: By which way requests come, for the audit.
    func addOperations(to router: Router<BasicRequestContext>, way: String) {
        addRunOperations(to: router, way: way)
        addJobOperations(to: router, way: way)
        addBackfills(to: router, way: way)
        on(router, "/api/v1/orders", [.get]) { request, _ in
            await answer {
                try refuseUnknown(request, besides: [])
                return JSON.response(try reader.orders().map(SlotOrderDocument.init))
            }
        }
    }

    private func addRunOperations(to router: Router<BasicRequestContext>, way: String) {
        operation(router, "/api/v1/runs/{id}/retry", ["downstream"], way) { context, body, who in
            .retry(try run(context).run.key, downstream: body.downstream ?? false, by: who)
        }
        operation(router, "/api/v1/runs/{id}/mark-success", [], way) { context, _, who in .markSuccess(try run(context).run.key, by: who) }
        operation(router, "/api/v1/runs/{id}/skip", [], way) { context, _, who in
            let key = try run(context).run.key
            return .skip(key.job, due: key.due, by: who)
        }
        operation(router, "/api/v1/runs/{id}/hold", [], way) { context, _, who in
            let key = try run(context).run.key
            return .hold(key.job, due: key.due, by: who)
        }
        operation(router, "/api/v1/runs/{id}/release", [], way) { context, _, who in
            let key = try run(context).run.key
            return .release(key.job, due: key.due, by: who)
        }
    }

    private func addJobOperations(to router: Router<BasicRequestContext>, way: String) {
        operation(router, "/api/v1/jobs/{name}/mark-success", [], way) { context, _, who in
            .markSuccess(try newestKey(of: try job(context)), by: who)
        }
        operation(router, "/api/v1/jobs/{name}/skip", ["due"], way) { context, body, who in
            guard let due = try body.instant(body.due, "due") else {
                throw Refusal(.badRequest, "which slot is to be skipped is not said", hint: #"send {"due": "2026-03-01T02:00:00Z"}"#)
            }
            return .skip(try job(context), due: due, by: who)
        }
        operation(router, "/api/v1/jobs/{name}/hold", ["due"], way) { context, body, who in
            .hold(try job(context), due: try body.instant(body.due, "due"), by: who)
        }
        operation(router, "/api/v1/jobs/{name}/release", ["due"], way) { context, body, who in
            .release(try job(context), due: try body.instant(body.due, "due"), by: who)
        }
        operation(router, "/api/v1/jobs/{name}/backfill", ["from", "to", "onlyMissed", "maxRunning"], way) { context, body, who in
            .backfill(try body.backfill(of: try job(context)), by: who)
        }
    }

    private func addBackfills(to router: Router<BasicRequestContext>, way: String) {
        on(router, "/api/v1/backfills", [.get]) { request, _ in
            await answer {
                try refuseUnknown(request, besides: ["limit"])
                return JSON.response(try reader.backfills(limit: try limit(of: request) ?? 50).map(BackfillDocument.init))
            }
        }
        on(router, "/api/v1/backfills/{id}", [.get]) { request, context in
            await answer {
                try refuseUnknown(request, besides: [])
                return JSON.response(BackfillDocument(try backfill(context)))
            }
        }
        operation(router, "/api/v1/backfills/{id}/cancel", ["kill"], way) { context, body, who in
            .cancelBackfill(try backfill(context).backfill.id, kill: body.kill ?? false, by: who)
        }
    }

    /// Answers a POST whose body may hold `by` and these keys.
    private func operation(
        _ router: Router<BasicRequestContext>, _ path: RouterPath, _ keys: Set<String>, _ way: String,
        _ build: @escaping @Sendable (BasicRequestContext, OperationBody, String) throws -> Scheduling.Request
    ) {
        on(router, path, [.post]) { request, context in
            guard let buffer = try? await request.body.collect(upTo: 4_096) else {
                return Problem.response(.contentTooLarge, "the body has more than 4 KiB")
            }
            let data = Data(buffer.readableBytesView)
            do {
                let (asked, job): (Scheduling.Request, JobName?) = try await reading {
                    let body = try OperationBody(json: data, taking: keys)
                    let asked = try build(context, body, try Asker.name(body.by, way: way))
                    return (asked, try subject(of: asked))
                }
                return response(to: await daemon.request(asked, who: way), about: job)
            } catch {
                return refusal(for: error)
            }
        }
    }

    private func subject(of asked: Scheduling.Request) throws -> JobName? {
        guard case .cancelBackfill(let id, _, _) = asked else { return asked.job }
        return try reader.backfill(id)?.backfill.job
    }

    private func newestKey(of name: JobName) throws -> RunKey {
        guard let stored = try reader.job(name) else {
            throw Refusal(.notFound, "there is no job `\(name)`", hint: "`rota list` shows the jobs in force")
        }
        guard let newest = stored.newest else { throw Refusal(.conflict, "the job `\(name)` has no run yet") }
        return newest.run.key
    }

    private func backfill(_ context: BasicRequestContext) throws -> StoredBackfill {
        guard let id = context.parameters.get("id").flatMap({ Int64($0) }), let found = try reader.backfill(id) else {
            throw Refusal(.notFound, "there is no such backfill", hint: "GET /api/v1/backfills tells which there are")
        }
        return found
    }
}

/// The body of an operation: what a path takes of it may be left out, but where the path says otherwise.
private struct OperationBody: Decodable {
    /// Who asks, in the asker's own words.
    var by: String?
    var due: String?
    var downstream: Bool?
    var from: String?
    var to: String?
    var onlyMissed: Bool?
    var maxRunning: Int?
    var kill: Bool?

    private static let keys: [CodingUserInfoKey] = [CodingUserInfoKey(rawValue: "keys")].compactMap(\.self)

    /// - Throws: `Refusal` when it holds anything but `by` and these keys: a misspelt one would mean something else.
    init(json data: Data, taking keys: Set<String>) throws {
        let decoder = JSONDecoder()
        for key in Self.keys { decoder.userInfo[key] = keys }
        do {
            self = try decoder.decode(OperationBody.self, from: data.isEmpty ? Data("{}".utf8) : data)
        } catch {
            let names = (keys.sorted() + ["by"]).map { "`\($0)`" }.joined(separator: ", ")
            throw Refusal(.badRequest, "the body is not what was expected", hint: "send an object with any of \(names), or nothing")
        }
    }

    init(from decoder: any Decoder) throws {
        let keys = Self.keys.first.flatMap { decoder.userInfo[$0] as? Set<String> } ?? []
        let container = try decoder.container(ofExactly: keys.union(["by"]))
        func value<Value: Decodable>(_ name: String) throws -> Value? {
            try container.decodeIfPresent(Value.self, forKey: ExactKey(stringValue: name))
        }
        (by, due, downstream) = (try value("by"), try value("due"), try value("downstream"))
        (from, to, onlyMissed) = (try value("from"), try value("to"), try value("onlyMissed"))
        (maxRunning, kill) = (try value("maxRunning"), try value("kill"))
    }

    func instant(_ text: String?, _ key: String) throws -> Instant? {
        guard let text else { return nil }
        guard let instant = Instant(rfc3339: text) else {
            throw Refusal(.badRequest, "`\(key)` is no instant: `\(text)`", hint: "write 2026-03-01T02:00:00Z")
        }
        return instant
    }

    /// Up to now when no end is named.
    func backfill(of job: JobName) throws -> BackfillOrder {
        guard let first = try instant(from, "from") else {
            throw Refusal(.badRequest, "where the backfill begins is not said", hint: #"send {"from": "2026-03-01T00:00:00Z"}"#)
        }
        return BackfillOrder(
            job: job, first: first, last: try instant(to, "to") ?? SystemClock().now(), onlyMissed: onlyMissed ?? false,
            maxRunning: maxRunning ?? 1)
    }
}
