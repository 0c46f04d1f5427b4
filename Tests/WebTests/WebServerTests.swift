import Client
import Daemon
import Foundation
import Glibc
import Logging
import RunHistory
import Scheduling
import TestSupport
import Testing
import Timetable
import Web

/// The real server over a real daemon, on a free port and a Unix socket.
final class WebFixture: Sendable {
    let folder: TemporaryFolder
    let daemon: Daemon
    let server: WebServer
    let token: String
    let port: Int
    private let tasks: [Task<Void, any Error>]

    init(jobs: [String: String] = [:]) async throws {
        folder = try TemporaryFolder()
        for (name, text) in jobs { try folder.write(text, to: "jobs/" + name) }
        try folder.write("command: 'true'\nlabels: { team: data }\n", to: "jobs/plain.yaml")
        try folder.write("command: 'true'\ndisabled: true\n", to: "jobs/off.yaml")
        try folder.write("command: 'true'\ncpus: 0.5\nmemory: 5000\npool: p\n", to: "jobs/heavy.yaml")
        let executor = ScriptedExecutor()
        var log = Logger(label: "test")
        log.logLevel = .critical
        var configuration = Daemon.Configuration(
            stateFolder: folder.path + "/state", jobsFolder: folder.path + "/jobs", executors: executor.executors, node: "n1",
            version: "test")
        configuration.places.capacities = ["local": PoolCapacity(runs: 64, milliCPUs: 2_000), "p": PoolCapacity(memory: 1_000)]
        configuration.settingsText = SettingsDocument(pools: configuration.places.capacities).text
        let daemon = try Daemon.open(configuration, clock: SystemClock(), log: log)
        let token = try daemon.folder.readToken()
        let server = WebServer(
            daemon: daemon, reader: try LedgerReader.open(at: daemon.ledgerPath), address: WebServer.Address(host: "127.0.0.1", port: 0),
            socket: daemon.folder.socket, token: token, log: log)
        let (ready, continuation) = AsyncStream.makeStream(of: Int.self)
        let web = Task { try await server.run { continuation.yield($0) } }
        var port = 0
        for await used in ready {
            port = used
            break
        }
        self.daemon = daemon
        self.server = server
        self.token = token
        self.port = port
        tasks = [web, Task { await daemon.run() }]
        // The first answer comes from a daemon that schedules.
        _ = await daemon.request(.run(JobName("nobody"), parameters: [:]), who: "test")
    }

    func stop() async throws {
        daemon.stop()
        try await tasks[1].value
        await server.stop()
        try await tasks[0].value
    }

    /// What the server answers to these very bytes; asked from a thread of its own, since the server answers from the pool of this one.
    func raw(_ request: String) async throws -> String {
        try await withCheckedThrowingContinuation { continuation in
            Thread.detachNewThread { [self] in continuation.resume(with: Result { try exchange(request) }) }
        }
    }

    /// A connection over which nothing is said yet; the caller closes it.
    func connect() throws -> Int32 {
        let socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        let connected = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.connect(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard connected == 0 else {
            close(socket)
            throw POSIXError(.ECONNREFUSED)
        }
        return socket
    }

    private func exchange(_ request: String) throws -> String {
        let socket = try connect()
        defer { close(socket) }
        _ = request.withCString { write(socket, $0, strlen($0)) }
        var answer: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while case let count = read(socket, &buffer, buffer.count), count > 0 { answer += buffer[..<count] }
        return String(decoding: answer, as: UTF8.self)
    }

    func get(
        _ path: String, headers: [String] = [], authorized: Bool = true, method: String = "GET", body: String = ""
    ) async throws -> String {
        var lines = ["\(method) \(path) HTTP/1.1", "Connection: close", "Content-Length: \(body.utf8.count)"] + headers
        if !headers.contains(where: { $0.hasPrefix("Host:") }) { lines.append("Host: 127.0.0.1:\(port)") }
        if authorized { lines.append("Authorization: Bearer \(token)") }
        return try await raw(lines.joined(separator: "\r\n") + "\r\n\r\n" + body)
    }
}

func status(_ answer: String) -> Int? {
    answer.split(separator: " ").dropFirst().first.flatMap { Int($0) }
}

struct WebServerTests {
    @Test func healthNeedsNoToken() async throws {
        let fixture = try await WebFixture()
        let answer = try await fixture.get("/healthz", authorized: false)
        #expect(status(answer) == 200 && answer.hasSuffix(#"{"status":"scheduling"}"#))
        try await fixture.stop()
    }

    @Test func everythingElseOverTCPNeedsTheToken() async throws {
        let fixture = try await WebFixture()
        for path in ["/api/v1/jobs", "/api/v1/runs", "/api/v1/jobs/plain/run", "/nowhere"] {
            #expect(status(try await fixture.get(path, authorized: false)) == 401, "\(path)")
            #expect(
                status(
                    try await fixture.get(path, headers: ["Authorization: Bearer \(String(fixture.token.reversed()))"], authorized: false))
                    == 401)
            #expect(status(try await fixture.get(path, headers: ["Authorization: Bearer "], authorized: false)) == 401)
        }
        #expect(status(try await fixture.get("/api/v1/jobs/plain/run", authorized: false, method: "POST")) == 401)
        #expect(status(try await fixture.get("/api/v1/jobs")) == 200)
        #expect(try fixture.daemon.folder.readToken() == fixture.token, "the token is made once")
        try await fixture.stop()
    }

    // catalogue 82
    @Test func foreignPagesAndReboundNamesAreRefused() async throws {
        let fixture = try await WebFixture()
        #expect(status(try await fixture.get("/api/v1/jobs", headers: ["Host: evil.example"])) == 403)
        #expect(status(try await fixture.get("/api/v1/jobs", headers: ["Origin: http://evil.example"])) == 403)
        #expect(status(try await fixture.get("/healthz", headers: ["Host: evil.example:4400"], authorized: false)) == 403)
        #expect(status(try await fixture.get("/api/v1/jobs", headers: ["Origin: http://127.0.0.1:\(fixture.port)"])) == 200)
        #expect(status(try await fixture.get("/api/v1/jobs", headers: ["Host: localhost:\(fixture.port)"])) == 200)
        try await fixture.stop()
    }

    @Test func jobsAndRunsAreListed() async throws {
        let fixture = try await WebFixture()
        let jobs = try await fixture.get("/api/v1/jobs")
        #expect(jobs.contains(#""name":"off""#) && jobs.contains(#""name":"plain""#))
        #expect(status(try await fixture.get("/api/v1/jobs/plain/run", method: "POST", body: #"{"env":{"DAY":"monday"}}"#)) == 202)
        let given = #"{"parameters":{"DAY":"tuesday"},"by":"ada"}"#
        #expect(status(try await fixture.get("/api/v1/jobs/plain/run", method: "POST", body: given)) == 202)
        let runs = try await fixture.get("/api/v1/runs?job=plain&limit=5")
        #expect(runs.contains(#""parameters":{"DAY":"monday"}"#) && runs.contains(#""parameters":{"DAY":"tuesday"}"#))
        #expect(runs.contains(#""trigger":"manual""#) && runs.contains(#""state":"launching""#))
        try await fixture.stop()
    }

    @Test(arguments: [
        ("/api/v1/runs?limit=0", 400), ("/api/v1/runs?limit=x", 400), ("/api/v1/runs?state=sleeping", 400),
        ("/api/v1/runs?since=yesterday", 400),
        ("/api/v1/runs?bogus=1", 400), ("/api/v1/jobs?x", 400), ("/api/v1/runs?job=..%2Fetc", 400), ("/api/v1/runs?flow=x", 400),
        ("/api/v1/nothing", 404), ("/../../etc/passwd", 404),
    ])
    func badQuestionsGetA4xx(_ path: String, _ expected: Int) async throws {
        let fixture = try await WebFixture()
        #expect(status(try await fixture.get(path)) == expected)
        try await fixture.stop()
    }

    @Test func pausesAreMadeReadAndEnded() async throws {
        let fixture = try await WebFixture()
        let pause = try await fixture.get("/api/v1/jobs/plain/pause", method: "POST", body: #"{"by":"ada"}"#)
        #expect(status(pause) == 200 && pause.contains(#""changed":true"#) && pause.contains(#""jobs":1"#))
        #expect(try await fixture.get("/api/v1/jobs/plain/pause", method: "POST").contains(#""changed":false"#))
        #expect(try await fixture.get("/api/v1/jobs").contains(#""by":"ada (token)""#))
        #expect(status(try await fixture.get("/api/v1/pause", method: "POST", body: #"{"label":"team=data"}"#)) == 200)
        #expect(status(try await fixture.get("/api/v1/pause", method: "POST", body: #"{"all":true}"#)) == 200)
        let pauses = try await fixture.get("/api/v1/pauses")
        for scope in ["job", "label", "everything"] { #expect(pauses.contains(#""scope":"\#(scope)""#)) }
        #expect(try await fixture.get("/api/v1/resume", method: "POST", body: #"{"all":true}"#).contains(#""stillPaused":1"#))
        #expect(try await fixture.get("/api/v1/jobs/plain/resume", method: "POST").contains(#""stillPaused":1"#))
        let refused = try await fixture.get("/api/v1/jobs/plain/resume", method: "POST")
        #expect(status(refused) == 409 && refused.contains("problem+json") && refused.contains("rota resume --label team=data"))
        try await fixture.stop()
    }

    @Test func poolsTellWhatTheyHaveAndWhatIsTaken() async throws {
        let fixture = try await WebFixture()
        #expect(status(try await fixture.get("/api/v1/jobs/heavy/run", method: "POST")) == 202)
        let pools = try await fixture.get("/api/v1/pools")
        let local =
            #"{"cpus":{"capacity":2,"used":0.5},"maxStartsPerSecond":null,"memory":{"capacity":null,"used":5000},"name":"local","runs":{"capacity":64,"used":1}}"#
        // It asks for more memory than `p` has: it takes all.
        let own =
            #"{"cpus":{"capacity":null,"used":0.5},"maxStartsPerSecond":null,"memory":{"capacity":1000,"used":1000},"name":"p","runs":{"capacity":null,"used":1}}"#
        #expect(pools.hasSuffix("[\(local),\(own)]"), "\(pools)")
        #expect(status(try await fixture.get("/api/v1/pools?x=1")) == 400)
        let jobs = try await fixture.get("/api/v1/jobs")
        #expect(jobs.contains(#""cpus":0.5"#) && jobs.contains(#""memory":5000"#) && jobs.contains(#""pool":"p""#))
        try await fixture.stop()
    }

    @Test func aRunIsKilledAndRetriedUnderItsId() async throws {
        let fixture = try await WebFixture()
        let run = try await fixture.get("/api/v1/jobs/plain/run", method: "POST")
        let id = try #require(run.split(separator: #""id":""#).last?.split(separator: #"""#).first.map(String.init))
        #expect(status(try await fixture.get("/api/v1/runs/\(id)/retry", method: "POST")) == 409)
        let kill = try await fixture.get("/api/v1/runs/\(id)/kill", method: "POST", body: #"{"by":"ada"}"#)
        #expect(status(kill) == 202 && kill.contains(#""id":"\#(id)""#))
        while !Task.isCancelled, try await !fixture.get("/api/v1/runs?state=killed").contains("by ada (token)") { await Task.yield() }
        let retry = try await fixture.get("/api/v1/runs/\(id)/retry", method: "POST")
        #expect(status(retry) == 202 && retry.contains(#""attempt":2"#) && !retry.contains(#""id":"\#(id)""#))
        try await fixture.stop()
    }

    @Test(arguments: [
        ("/api/v1/runs/nothing/kill", "", 404), ("/api/v1/runs/nothing/retry", "", 404), ("/api/v1/jobs/nobody/pause", "", 404),
        ("/api/v1/jobs/nobody/resume", "", 404), ("/api/v1/pause", "", 400), ("/api/v1/pause", #"{"lable":"x"}"#, 400),
        ("/api/v1/pause", #"{"label":"=x"}"#, 400), ("/api/v1/pause", #"{"label":"x","all":true}"#, 400),
        ("/api/v1/resume", "[]", 400), ("/api/v1/jobs/plain/pause", #"{"all":true}"#, 400),
        ("/api/v1/jobs/plain/pause", #"{"by":"a\u001b[1m"}"#, 400),
    ])
    func badControlsGetA4xx(_ path: String, _ body: String, _ expected: Int) async throws {
        let fixture = try await WebFixture()
        let answer = try await fixture.get(path, method: "POST", body: body)
        #expect(status(answer) == expected && answer.contains("problem+json"), "\(answer)")
        #expect(try await fixture.get("/api/v1/pauses").hasSuffix("[]"))
        try await fixture.stop()
    }

    @Test func badRequestsToRunGetA4xxWithAHint() async throws {
        let fixture = try await WebFixture()
        let path = "/api/v1/jobs/plain/run"
        for body in [
            "not json", "[]", #"{"env":"x"}"#, #"{"env":{"ROTA_RUN":"x"}}"#, #"{"env":{"1A":"x"}}"#, #"{"bogus":{}}"#,
            #"{"env":{"A":"x\u0000y"}}"#,
        ] {
            #expect(status(try await fixture.get(path, method: "POST", body: body)) == 400, "\(body)")
        }
        #expect(status(try await fixture.get(path, method: "POST", body: String(repeating: " ", count: 70_000))) == 413)
        #expect(status(try await fixture.get("/api/v1/jobs/nobody/run", method: "POST")) == 404)
        #expect(status(try await fixture.get("/api/v1/jobs/off/run", method: "POST")) == 409)
        try await fixture.stop()
    }

    @Test func aWrongMethodIsToldTheRightOnes() async throws {
        let fixture = try await WebFixture()
        let answer = try await fixture.get("/api/v1/runs", method: "DELETE")
        #expect(status(answer) == 405 && answer.contains("Allow: GET"))
        #expect(status(try await fixture.get("/healthz", authorized: false, method: "HEAD")) == 200)
        #expect(try await fixture.get("/api/v1/nothing").contains("application/problem+json"))
        try await fixture.stop()
    }

    // catalogue 82: connections cost whoever opens them nothing.
    @Test(.timeLimit(.minutes(1))) func idleConnectionsTakeNoDescriptorsFromLaunching() async throws {
        let fixture = try await WebFixture()
        var limit = rlimit()
        getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        let before = try descriptors()
        var sockets: [Int32] = []
        defer { for socket in sockets { close(socket) } }
        for _ in 0..<600 { sockets.append(try fixture.connect()) }
        let answer = try await SocketClient(socket: fixture.daemon.folder.socket).send(
            "POST", "/api/v1/jobs/plain/run", within: .seconds(30))
        #expect(answer.status == 202)
        // Ours and the server's ends are in this one process.
        #expect(try descriptors() - before - 600 <= max(Int(limit.rlim_cur) / 4, 16) + 20)
        try await fixture.stop()
    }

    private func descriptors() throws -> Int { try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count }

    @Test func theSocketNeedsNoTokenAndIsForItsUserAlone() async throws {
        let fixture = try await WebFixture()
        let answer = try await SocketClient(socket: fixture.daemon.folder.socket).send(
            "POST", "/api/v1/jobs/plain/run", within: .seconds(30))
        #expect(answer.status == 202)
        let mode = try FileManager.default.attributesOfItem(atPath: fixture.daemon.folder.socket)[.posixPermissions] as? Int
        #expect(mode == 0o600)
        try await fixture.stop()
    }

    @Test func aTakenPortIsAFailureWithAWayOut() async throws {
        let fixture = try await WebFixture()
        let second = WebServer(
            daemon: fixture.daemon, reader: try LedgerReader.open(at: fixture.daemon.ledgerPath),
            address: WebServer.Address(host: "127.0.0.1", port: fixture.port), socket: fixture.folder.path + "/other.sock", token: "t",
            log: Logger(label: "test"))
        await #expect {
            try await second.run { _ in }
        } throws: { error in
            "\(error)".contains("--listen") && "\(error)".contains("\(fixture.port)")
        }
        try await fixture.stop()
    }

    /// Somebody who listens and never answers must not keep a command for ever.
    @Test(.timeLimit(.minutes(1))) func aSilentSchedulerIsNotWaitedForForEver() async throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/silent.sock"
        let listener = try self.listener(at: path)
        defer { close(listener) }
        let client = try SocketClient(socket: path)
        await #expect {
            try await client.send("GET", "/healthz", within: .milliseconds(100))
        } throws: { error in
            if case SocketClient.Failure.brokenOff = error { true } else { false }
        }
    }

    /// Who answers before it has read everything closes under what is still being written; its answer counts.
    @Test(.timeLimit(.minutes(1))) func anAnswerThatComesEarlyCounts() async throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/early.sock"
        let listener = try self.listener(at: path)
        defer { close(listener) }
        let rounds = 10
        Thread.detachNewThread {
            for _ in 0..<rounds {
                let connection = accept(listener, nil, nil)
                var byte: UInt8 = 0
                _ = read(connection, &byte, 1)
                let answer = "HTTP/1.1 413 Content Too Large\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}"
                _ = answer.withCString { write(connection, $0, answer.utf8.count) }
                close(connection)
            }
        }
        let client = try SocketClient(socket: path)
        for _ in 0..<rounds {
            let answer = try await client.send("POST", "/api/v1/pause", json: String(repeating: " ", count: 4 << 20), within: .seconds(30))
            #expect(answer.status == 413 && answer.body == "{}")
        }
    }

    private func listener(at path: String) throws -> Int32 {
        let listener = Glibc.socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let bound = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(listener, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) }
        }
        try #require(bound == 0 && listen(listener, 1) == 0)
        return listener
    }

    @Test func withoutASchedulerTheClientSaysSo() async throws {
        let folder = try TemporaryFolder()
        await #expect(throws: SocketClient.Failure.noScheduler(socket: folder.path + "/rota.sock")) {
            try await SocketClient(socket: folder.path + "/rota.sock").send("GET", "/healthz", within: .seconds(30))
        }
        let long = "/" + String(repeating: "x", count: 107)
        #expect(throws: SocketClient.Failure.pathTooLong(long)) { try SocketClient(socket: long) }
    }

    @Test(arguments: [("127.0.0.1:4400", "127.0.0.1", 4400), ("[::1]:80", "::1", 80), ("localhost:0", "localhost", 0)])
    func addressesAreRead(_ text: String, _ host: String, _ port: Int) {
        #expect(WebServer.Address(text) == WebServer.Address(host: host, port: port))
        #expect(WebServer.Address(text)?.description == text)
    }

    @Test(arguments: ["", "4400", ":4400", "localhost", "localhost:", "localhost:65536", "::1:80", "a:b"])
    func whatIsNoAddressIsRefused(_ text: String) { #expect(WebServer.Address(text) == nil) }
}
