import Foundation
import Glibc
import Synchronization

/// The real Slurm cluster of this test process: three nodes and accounting on this machine, made by scripts/slurm-test-cluster when the first
/// test wants it. It goes with the process, however that ends.
///
///     @Suite(.enabled(if: SlurmCluster.isPossible, Comment(rawValue: SlurmCluster.absence))) struct …
package final class SlurmCluster: Sendable {
    /// Where its files are; every user may read there.
    package let path: String
    private let watchdog: Watchdog

    /// Why no cluster can be had on this machine; nil when one can.
    package static let reasonForNone: String? = {
        guard geteuid() == 0 else { return "a Slurm cluster can be started by root only" }
        let missing = packages.filter { package in
            let answer = try? Program.run("/usr/bin/dpkg-query", ["-W", "-f", "${db:Status-Status}", package])
            return answer?.stdout != "installed"
        }
        guard missing.isEmpty else {
            return "not installed: \(missing.joined(separator: " ")); `scripts/slurm-test-cluster start FOLDER --acct` installs them"
        }
        // A node is a namespace of its own, which not every container may make.
        let namespace = try? Program.run("/usr/bin/unshare", ["--fork", "--pid", "--mount-proc", "/bin/true"])
        return namespace?.status == 0 ? nil : "no namespace of processes can be made here"
    }()

    package static var isPossible: Bool { reasonForNone == nil }

    /// What a test that is skipped says.
    package static var absence: String { reasonForNone ?? "" }

    /// What scripts/slurm-test-cluster would install otherwise, which is nothing that tests do.
    private static let packages = [
        "slurmctld", "slurmd", "slurm-client", "slurm-wlm-basic-plugins", "slurm-wlm-jwt-plugin", "munge", "slurmdbd",
        "slurm-wlm-mysql-plugin", "mariadb-server",
    ]

    private static let shared = Mutex<[String: Result<SlurmCluster, Failure>]>([:])

    package struct Failure: Error, CustomStringConvertible {
        package let description: String
    }

    /// The cluster of this process; started now if nobody asked for it before, which takes some seconds.
    package static func running() throws -> SlurmCluster { try cluster("") }

    /// Another one, for tests that break what it is made of; one at a time.
    package static func fragile() throws -> SlurmCluster { try cluster("-fragile") }

    private static func cluster(_ name: String) throws -> SlurmCluster {
        try shared.withLock { shared in
            if let known = shared[name] { return try known.get() }
            let started = Result { () throws(Failure) in try SlurmCluster(name) }
            shared[name] = started
            return try started.get()
        }
    }

    private init(_ name: String) throws(Failure) {
        path = "/tmp/rota-slurm-\(getpid())\(name)"
        do {
            // Before there is anything to be ended.
            watchdog = try Watchdog(script: Self.script, path: path)
            try Self.mount(smallFolder)
            let started = try Self.call("start", path, ["--acct", "--port-base", "\(Self.freePorts())"])
            guard started.status == 0 else { throw Failure(description: "no cluster: \(started.stderr)") }
        } catch let failure as Failure {
            throw failure
        } catch {
            throw Failure(description: "no cluster: \(error)")
        }
    }

    /// A file system of 4 MB that the nodes see, to be filled.
    package var smallFolder: String { "\(path)/small" }

    /// Before the nodes are started, which see no mounts that come later.
    private static func mount(_ folder: String) throws {
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let result = try Program.run("/bin/mount", ["-t", "tmpfs", "-o", "size=4m,mode=755", "tmpfs", folder])
        guard result.status == 0 else { throw Failure(description: "mount: \(result.stderr)") }
    }

    private static let script =
        URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().path + "/scripts/slurm-test-cluster"

    /// What a client of the cluster needs in its environment.
    package var environment: [String: String] { ["SLURM_CONF": "\(path)/etc/slurm.conf"] }

    /// A subcommand of scripts/slurm-test-cluster, as `node-down`, with the arguments behind the folder.
    package func change(_ subcommand: String, _ arguments: String...) throws {
        let result = try Self.call(subcommand, path, arguments)
        guard result.status == 0 else { throw Failure(description: "\(subcommand): \(result.stderr)") }
    }

    /// Daemons lie where only the PATH of root leads.
    private static func call(_ subcommand: String, _ path: String, _ arguments: [String]) throws -> Program.Result {
        try Program.run(script, [subcommand, path] + arguments, environment: ["PATH": Self.searchPath])
    }

    fileprivate static let searchPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

    /// A command of Slurm, which must succeed; answers what it printed.
    @discardableResult
    package func run(_ command: String, _ arguments: String...) throws -> String {
        let result = try Program.run("/usr/bin/\(command)", arguments, environment: environment)
        guard result.status == 0 else { throw Failure(description: "\(command) \(arguments): \(result.status) \(result.stderr)") }
        return result.stdout
    }

    // MARK: ports

    /// The first of those that a cluster of three nodes uses, below what the kernel gives out by itself.
    private static func freePorts() -> Int {
        let bases = stride(from: 20_000, to: 32_000, by: 50).shuffled()
        return bases.first { base in (Array(0...3) + Array(11...13)).allSatisfy { isFree(UInt16(base + $0)) } } ?? bases[0]
    }

    static func isFree(_ port: UInt16) -> Bool {
        let socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard socket >= 0 else { return false }
        defer { close(socket) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = INADDR_LOOPBACK.bigEndian
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0 }
        }
    }
}

/// A process that waits for the end of this one, by whatever, and then ends the cluster and removes its files.
private final class Watchdog: Sendable {
    init(script: String, path: String) throws {
        // A pipe that only we can write to: it ends with us, also by SIGKILL.
        let pipe = "\(path).end"
        unlink(pipe)
        guard mkfifo(pipe, 0o600) == 0 else { throw POSIXError(.EIO) }
        let text = """
            trap '' HUP INT TERM
            exec 3<"$2"; rm -f "$2"; read -r end <&3
            "$1" stop "$3"; umount -l "$3/small"; rm -rf "$3"
            """
        let process = try Program(
            "/usr/bin/setsid", ["/bin/sh", "-c", text, "watchdog", script, pipe, path], environment: ["PATH": SlurmCluster.searchPath])
        // Waits until it reads.
        let end = open(pipe, O_WRONLY | O_CLOEXEC)
        guard end >= 0 else { throw POSIXError(.EIO) }
        Self.ending.withLock { $0.append((end, process)) }
        // An end in peace waits until all is gone.
        atexit {
            let ending = Watchdog.ending.withLock { ending in
                defer { ending = [] }
                return ending
            }
            for (end, _) in ending { close(end) }
            for (_, process) in ending { _ = try? process.wait() }
        }
    }

    private static let ending = Mutex<[(end: Int32, process: Program)]>([])
}
