import ArgumentParser
import Daemon
import Execution
import Foundation
import JobFiles
import Logging
import RunHistory
import Scheduling
import Timetable
import UnixSignals
import Web

struct Serve: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Schedules the jobs of a folder until it is stopped.",
        discussion: """
            Prints where it listens, then one line for each run that ends. SIGTERM and Ctrl-C stop launching; what runs, runs on, and is
            taken up again by the next start. SIGHUP reads all job files and the tz database anew at once (changes are noticed anyway).

            EXAMPLES
              rota serve --jobs jobs --state .rota
              rota serve --config /etc/rota/rota.yaml
              rota serve --jobs jobs --state /tmp/trial --for PT30S
            """)

    static let usualJobsFolder = "/etc/rota/jobs"

    @Option(
        help: ArgumentHelp("The folder of job files; else $ROTA_JOBS, the settings file, /etc/rota/jobs.", valueName: "folder"),
        completion: .directory)
    var jobs: String?

    @Option(help: ArgumentHelp("Where the REST API listens; else $ROTA_LISTEN, the settings file, 127.0.0.1:4400.", valueName: "host:port"))
    var listen: String?

    @Option(name: .customLong("for"), help: ArgumentHelp("Stops by itself after that time.", valueName: "PT30S"))
    var duration: DurationArgument?

    @Flag(help: "Takes over a state folder that belongs to another machine, which must never use it again.")
    var takeOver = false

    @OptionGroup var place: Place

    func run() async throws {
        // Everything made from here on is for this user alone; jobs get a umask of their own.
        umask(0o077)
        signal(SIGPIPE, SIG_IGN)
        let output = LineWriter(.standardOutput)
        let errors = LineWriter(.standardError)
        defer {
            output.finish(within: 0.5)
            errors.finish(within: 0.5)
        }
        LoggingSystem.bootstrap { _ in LineLog(writer: errors) }
        try DurableStep.checkCrash()
        let log = Logger(label: "rota")
        let clock = SystemClock()
        let end = duration.map { clock.now() + $0.duration }
        let address = try address()
        let daemon = try Daemon.open(try configuration(output), clock: clock, log: log)
        let token = try daemon.folder.readToken()
        let reader = try LedgerReader.open(at: daemon.ledgerPath)
        var quiet = log
        // What it says while it breaks off is said by us, in one line.
        quiet.logLevel = .critical
        let web = WebServer(daemon: daemon, reader: reader, address: address, socket: daemon.folder.socket, token: token, log: quiet)
        try await serve(daemon, web, address, token, until: end, output)
    }

    /// Listens first, so that a taken port is told before anything is launched.
    private func serve(
        _ daemon: Daemon, _ web: WebServer, _ address: WebServer.Address, _ token: String, until end: Instant?, _ output: LineWriter
    ) async throws {
        let (ready, continuation) = AsyncStream.makeStream(of: Int.self)
        let signals = await UnixSignalsSequence(trapping: .sigterm, .sigint, .sighup)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await web.run { continuation.yield($0) } }
            group.addTask {
                for await port in ready {
                    let used = WebServer.Address(host: address.host, port: port)
                    daemon.folder.markListening()
                    output.write(Self.greeting(used, token, daemon.folder))
                    await daemon.run(address: "http://\(used)", until: end)
                    await web.stop()
                }
            }
            group.addTask {
                for await signal in signals {
                    // A terminal that hangs up takes its scheduler with it; one without a terminal is told to read anew.
                    if signal == .sighup, !Terminal.isTerminal { daemon.reread() } else { daemon.stop() }
                }
            }
            // The web ends after the scheduler, or breaks down; without it nobody could ask or see, so the scheduler stops, too.
            do {
                try await group.next()
            } catch {
                daemon.stop()
                throw error
            }
            group.cancelAll()
        }
    }

    private static func greeting(_ address: WebServer.Address, _ token: String, _ folder: StateFolder) -> String {
        let access = Terminal.isTerminal ? "http://\(address)/#token=\(token)" : "http://\(address)  (token in \(folder.token))"
        return "Rota listens on \(access)"
    }

    private func address() throws -> WebServer.Address {
        let text = try listen ?? environment("ROTA_LISTEN") ?? place.settings().listen ?? "127.0.0.1:4400"
        guard let address = WebServer.Address(text) else {
            throw CommandFailure(.usage, "`\(text)` is no address to listen on; write 127.0.0.1:4400 or [::1]:4400")
        }
        guard address.isLoopback else {
            throw CommandFailure(
                .usage, "\(text) can be reached from other machines, without encryption; listen on 127.0.0.1 behind a proxy with TLS")
        }
        return address
    }

    private func configuration(_ output: LineWriter) throws -> Daemon.Configuration {
        let settings = try place.settings()
        var configuration = Daemon.Configuration(
            stateFolder: try place.stateFolder(), jobsFolder: jobs ?? environment("ROTA_JOBS") ?? settings.jobs ?? Serve.usualJobsFolder,
            executors: try Daemon.executors(settings.engines, keeper: Self.keeper(), node: Host.name()), node: Host.name(),
            version: Version.text)
        configuration.places = settings.places()
        configuration.places.submitter = User.submitter
        configuration.takeOver = takeOver
        configuration.retention = RetentionRule(settings.retention)
        configuration.settingsText =
            SettingsDocument(
                pools: configuration.places.capacities, retention: SettingsDocument.Retention(configuration.retention),
                executors: configuration.places.engines.map { ExecutorDocument(name: $0, $1) }
            ).text
        configuration.onEnd = { stored in output.write(EndLine.text(of: stored)) }
        return configuration
    }

    /// Beside this program, unless ROTA_KEEPER names it.
    static func keeper() -> String {
        if let named = environment("ROTA_KEEPER") { return StateFolder.absolute(named) }
        let own = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? CommandLine.arguments[0]
        return URL(fileURLWithPath: own).deletingLastPathComponent().appendingPathComponent("rota-keeper").path
    }
}

private enum Host {
    static func name() -> String {
        var bytes = [CChar](repeating: 0, count: 256)
        gethostname(&bytes, bytes.count - 1)
        return String(decoding: bytes.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }
}
