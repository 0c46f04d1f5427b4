import HTTPTypes
import Hummingbird

/// Lets over TCP only those in who have the token, and only from pages of our own address.
///
/// An API that takes commands is remote code execution: another user of this machine, and a page that a browser was lured to (by a foreign
/// `Origin`, or by a name that was rebound to the loopback address), are kept out alike.
struct Gate: RouterMiddleware {
    typealias Context = BasicRequestContext

    private let token: [UInt8]
    private let hosts: Set<String>

    init(token: String, address: WebServer.Address) {
        self.token = Array(token.utf8)
        hosts = address.isLoopback ? ["localhost", "127.0.0.1", "[::1]", address.host] : [address.host]
    }

    func handle(_ request: Request, context: Context, next: (Request, Context) async throws -> Response) async throws -> Response {
        guard isOurs(request.head.authority) else {
            return Problem.response(.forbidden, "this Host is not ours", hint: "use the address that `rota serve` printed")
        }
        if let origin = request.headers[.origin], !isOurs(origin.split(separator: "/").last.map(String.init)) {
            return Problem.response(
                .forbidden, "requests from other sites are refused", hint: "open the page at the address that `rota serve` printed")
        }
        if request.uri.path == "/healthz" || request.uri.path == "/" || isAllowed(request.headers[.authorization]) {
            return try await next(request, context)
        }
        var refusal = Problem.response(
            .unauthorized, "a token is needed", hint: "send `Authorization: Bearer …` with the text of the file `token` in the state folder"
        )
        refusal.headers[.wwwAuthenticate] = #"Bearer realm="rota""#
        return refusal
    }

    /// Whether `authority` (host and port) names a host of ours; an address other than loopback may be reached by any name.
    private func isOurs(_ authority: String?) -> Bool {
        guard let authority else { return false }
        let host = authority.hasPrefix("[") ? authority.prefix { $0 != "]" } + "]" : authority.prefix { $0 != ":" }
        return hosts.contains(host.lowercased()) || hosts.contains("0.0.0.0") || hosts.contains("::")
    }

    /// Compares all bytes whatever the first difference, so that the time tells nothing.
    private func isAllowed(_ authorization: String?) -> Bool {
        guard let authorization, authorization.lowercased().hasPrefix("bearer ") else { return false }
        let given = Array(authorization.dropFirst("bearer ".count).utf8)
        guard given.count == token.count else { return false }
        return zip(given, token).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) } == 0
    }
}
