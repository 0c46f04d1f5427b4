import Foundation
import Glibc
import Synchronization

/// A real sshd of this test process on a port of its own, through which this very machine is a login node; it goes with the process, however
/// that ends.
package final class SSHServer: Sendable {
    /// Why there is none on this machine; nil when one can be had.
    package static let reasonForNone: String? = {
        let missing = [sshd, keygen, "/usr/bin/ssh"].filter { !FileManager.default.isExecutableFile(atPath: $0) }
        guard missing.isEmpty else {
            return "not installed: \(missing.joined(separator: " ")); `apt-get install openssh-server` brings them"
        }
        return geteuid() == 0 ? nil : "an sshd that lets anybody in can be started by root only"
    }()

    package static var isPossible: Bool { reasonForNone == nil }

    private static let (sshd, keygen) = ("/usr/sbin/sshd", "/usr/bin/ssh-keygen")

    /// What ssh is told of it (`-F`): the host `login`.
    package let configuration: String
    /// A named pipe that only we have open for writing: the script waits for its end.
    private let end: Int32
    private let path: String
    private let process: Program

    package struct Failure: Error, CustomStringConvertible {
        package let description: String
    }

    private static let shared = Mutex<Result<SSHServer, Failure>?>(nil)

    /// That of this process, started when the first test wants it.
    package static func running() throws -> SSHServer {
        try shared.withLock { shared in
            if let shared { return try shared.get() }
            let started = Result { () throws(Failure) in
                do { return try SSHServer() } catch { throw (error as? Failure) ?? Failure(description: "no sshd: \(error)") }
            }
            shared = started
            return try started.get()
        }
    }

    private init() throws {
        path = "/tmp/rota-sshd-\(getpid())"
        configuration = "\(path)/ssh_config"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        // Where sshd locks up what it does before anybody is known; Debian's service makes it.
        try FileManager.default.createDirectory(atPath: "/run/sshd", withIntermediateDirectories: true)
        for key in ["host", "client"] {
            let made = try Program.run(Self.keygen, ["-q", "-t", "ed25519", "-N", "", "-f", "\(path)/\(key)"])
            guard made.status == 0 else { throw Failure(description: "no key for sshd: \(made.stderr)") }
        }
        try FileManager.default.copyItem(atPath: "\(path)/client.pub", toPath: "\(path)/authorized_keys")
        let port = Self.freePort()
        try Self.server(path, port).write(toFile: "\(path)/sshd_config", atomically: true, encoding: .utf8)
        let key = try String(contentsOfFile: "\(path)/host.pub", encoding: .utf8)
        try "[127.0.0.1]:\(port) \(key)".write(toFile: "\(path)/known_hosts", atomically: true, encoding: .utf8)
        try Self.client(path, port).write(toFile: configuration, atomically: true, encoding: .utf8)
        guard mkfifo("\(path)/end", 0o600) == 0 else { throw Failure(description: "no pipe for sshd") }
        process = try Program("/usr/bin/setsid", ["/bin/sh", "-c", Self.script, "sshd", Self.sshd, path])
        end = open("\(path)/end", O_WRONLY | O_CLOEXEC)
        guard end >= 0 else { throw Failure(description: "no pipe for sshd") }
        // sshd says so among its errors.
        guard wait(until: { [process] in process.errors.contains("Server listening") || !process.isAlive }), process.isAlive else {
            throw Failure(description: "sshd does not listen: \(process.errors)")
        }
        let (end, process) = (end, process)
        Self.ending.withLock { $0 = (end, process) }
        atexit { SSHServer.stop() }
    }

    private static let ending = Mutex<(end: Int32, process: Program)?>(nil)

    private static func stop() {
        guard let (end, process) = ending.withLock({ $0 }) else { return }
        close(end)
        _ = try? process.wait()
    }

    private static let script = """
        trap '' HUP INT TERM
        exec 3<"$2/end"
        "$1" -D -e -f "$2/sshd_config" 3<&- &
        read -r end <&3; kill $!; wait; rm -rf "$2"
        """

    private static func server(_ path: String, _ port: UInt16) -> String {
        """
        Port \(port)
        ListenAddress 127.0.0.1
        HostKey \(path)/host
        AuthorizedKeysFile \(path)/authorized_keys
        PidFile none
        StrictModes no
        UsePAM no
        PasswordAuthentication no
        PermitRootLogin yes
        MaxStartups 100
        """ + "\n"
    }

    private static func client(_ path: String, _ port: UInt16) -> String {
        """
        Host login
            HostName 127.0.0.1
            Port \(port)
            IdentityFile \(path)/client
            IdentitiesOnly yes
            IdentityAgent none
            UserKnownHostsFile \(path)/known_hosts
            GlobalKnownHostsFile /dev/null
        """ + "\n"
    }

    private static func freePort() -> UInt16 {
        (0..<100).lazy.map { _ in UInt16.random(in: 20_000...32_000) }.first { SlurmCluster.isFree($0) } ?? 22_022
    }
}
