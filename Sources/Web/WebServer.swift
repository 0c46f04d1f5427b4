package import Daemon
import Glibc
import Hummingbird
import HummingbirdCore
package import Logging
import NIOCore
package import RunHistory
import ServiceLifecycle

/// The REST API: over TCP for whoever has the token, over the Unix socket for the user who runs the scheduler.
package struct WebServer: Sendable {
    package struct Address: Hashable, Sendable, CustomStringConvertible {
        package var host: String
        package var port: Int

        package init(host: String, port: Int) {
            self.host = host
            self.port = port
        }

        /// Reads `host:port`, an IPv6 host in brackets; nil for anything else.
        package init?(_ text: String) {
            guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]) else { return nil }
            var host = String(text[..<colon])
            if host.hasPrefix("["), host.hasSuffix("]") {
                host = String(host.dropFirst().dropLast())
            } else if host.contains(":") {
                return nil
            }
            guard !host.isEmpty else { return nil }
            self.init(host: host, port: Int(port))
        }

        package var isLoopback: Bool { host == "localhost" || host == "::1" || host.hasPrefix("127.") }
        package var description: String { (host.contains(":") ? "[\(host)]" : host) + ":\(port)" }
    }

    package enum Failure: Error, Hashable, Sendable, CustomStringConvertible {
        case cannotListen(String, detail: String)

        package var description: String {
            switch self {
            case .cannotListen(let address, let detail):
                "cannot listen on \(address): \(detail); stop whoever uses it, or choose another with --listen"
            }
        }
    }

    private let services: ServiceGroup
    private let ready: AsyncStream<Int?>
    private let address: Address
    private let socket: String

    /// - Parameter socket: The path of the Unix socket; a left-over file there is replaced, since the state folder's lock is held.
    package init(daemon: Daemon, reader: LedgerReader, address: Address, socket: String, token: String, log: Logger) {
        let api = API(daemon: daemon, reader: reader)
        let (ready, continuation) = AsyncStream.makeStream(of: Int?.self)
        let tcp = WebServer.application(
            api.router(guardedBy: Gate(token: token, address: address)), at: .hostname(address.host, port: address.port), log
        ) { continuation.yield($0.localAddress?.port) }
        let unix = WebServer.application(api.router(guardedBy: nil), at: .unixDomainSocket(path: socket), log) { _ in
            chmod(socket, 0o600)
            continuation.yield(nil)
        }
        var configuration = ServiceGroupConfiguration(services: [tcp, unix], logger: log)
        configuration.maximumGracefulShutdownDuration = .seconds(1)
        services = ServiceGroup(configuration: configuration)
        self.ready = ready
        self.address = address
        self.socket = socket
    }

    private static func application(
        _ router: Router<BasicRequestContext>, at place: BindAddress, _ log: Logger,
        onRunning: @escaping @Sendable (any Channel) async -> Void
    ) -> some ApplicationProtocol {
        Application(
            router: router, server: .http1(configuration: HTTP1Channel.Configuration(idleTimeout: .seconds(30))),
            configuration: ApplicationConfiguration(
                address: place, serverName: "rota", availableConnectionsDelegate: MaximumAvailableConnections(maximumConnections)),
            onServerRunning: onRunning, logger: log)
    }

    /// How many connections each of the two places holds; who comes then waits to be accepted.
    ///
    /// A quarter of the process's descriptors at most: connections cost whoever opens them nothing, and launching needs descriptors, too.
    private static let maximumConnections: Int = {
        var limit = rlimit()
        getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        return max(min(Int(clamping: limit.rlim_cur) / 4, 512), 16)
    }()

    /// Listens until `stop`.
    ///
    /// - Parameter onReady: Called once both places listen, with the port in use.
    /// - Throws: `Failure` when one of the places is taken.
    package func run(onReady: @escaping @Sendable (Int) -> Void) async throws {
        unlink(socket)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                do {
                    try await services.run()
                } catch let error as IOError {
                    throw Failure.cannotListen("\(address)", detail: String(cString: strerror(error.errnoCode)))
                }
            }
            group.addTask {
                var port: Int?
                var seen = 0
                for await listening in ready {
                    port = listening ?? port
                    seen += 1
                    if seen == 2 { onReady(port ?? address.port) }
                }
            }
            // The services end on `stop` or with an error; the other task only waits for more.
            try await group.next()
            group.cancelAll()
        }
    }

    /// Ends `run` within a second, finishing what is being answered.
    package func stop() async { await services.triggerGracefulShutdown() }
}
