import Foundation
import Hummingbird

/// Errors as problem details (RFC 9457), with a hint at the way out.
enum Problem {
    private struct Body: Encodable {
        let title: String
        let status: Int
        let detail: String
        let hint: String?
    }

    static func response(_ status: HTTPResponse.Status, _ detail: String, hint: String? = nil) -> Response {
        let body = Body(title: status.reasonPhrase, status: status.code, detail: detail, hint: hint)
        return JSON.response(body, status: status, type: "application/problem+json")
    }
}

/// A problem that is found where no response can be given yet.
struct Refusal: Error {
    let status: HTTPResponse.Status
    let detail: String
    let hint: String?

    init(_ status: HTTPResponse.Status, _ detail: String, hint: String? = nil) {
        self.status = status
        self.detail = detail
        self.hint = hint
    }
}

enum JSON {
    static func response(_ value: some Encodable, status: HTTPResponse.Status = .ok, type: String = "application/json") -> Response {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        guard let data = try? encoder.encode(value) else { return Response(status: .internalServerError) }
        return Response(
            status: status, headers: [.contentType: type, .cacheControl: "no-store"],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: data)))
    }
}

/// Puts what the router refuses by itself into the same form as our own refusals.
struct ErrorAnswers: RouterMiddleware {
    typealias Context = BasicRequestContext

    func handle(_ request: Request, context: Context, next: (Request, Context) async throws -> Response) async throws -> Response {
        do {
            return try await next(request, context)
        } catch let error as HTTPError {
            return Problem.response(
                error.status, error.status == .notFound ? "there is nothing at this path" : error.body ?? error.status.reasonPhrase,
                hint: error.status == .notFound ? "GET / tells what there is" : nil)
        }
    }
}
