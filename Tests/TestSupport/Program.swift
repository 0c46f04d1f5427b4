import Foundation
package import Glibc

/// A program of this package, run as a user would: with arguments and environment, output in files, signals as they are.
package final class Program: Sendable {
    package struct Result: Sendable {
        package let status: Int32
        package let stdout: String
        package let stderr: String
    }

    package let pid: pid_t
    private let folder: TemporaryFolder

    /// Where the build put this package's programs: beside the test bundle.
    package static let products: String = {
        var path = URL(fileURLWithPath: CommandLine.arguments[0]).resolvingSymlinksInPath()
        while path.path != "/", !FileManager.default.isExecutableFile(atPath: path.appendingPathComponent("rota-keeper").path) {
            path.deleteLastPathComponent()
        }
        return path.path
    }()

    /// Starts `name` with a clean signal mask, which a thread of Swift's pool has not.
    package init(_ name: String = "rota", _ arguments: [String], environment: [String: String] = [:]) throws {
        folder = try TemporaryFolder()
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 1, folder.path + "/stdout", O_WRONLY | O_CREAT | O_APPEND, 0o600)
        posix_spawn_file_actions_addopen(&actions, 2, folder.path + "/stderr", O_WRONLY | O_CREAT | O_APPEND, 0o600)
        // What another test is just writing would stay open for writing as long as the program runs.
        for file in Int32(3)..<256 { posix_spawn_file_actions_addclose(&actions, file) }
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var none = sigset_t()
        sigemptyset(&none)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))
        let path = name.hasPrefix("/") ? name : Program.products + "/" + name
        let all = ["PATH": "/usr/local/bin:/usr/bin:/bin", "SWIFT_BACKTRACE": "enable=no"].merging(environment) { $1 }
        var child = pid_t()
        let error = Program.withCStrings([path] + arguments) { words in
            Program.withCStrings(all.map { "\($0)=\($1)" }) { variables in
                posix_spawn(&child, path, &actions, &attributes, words, variables)
            }
        }
        guard error == 0 else { throw POSIXError(POSIXErrorCode(rawValue: error) ?? .EINVAL) }
        pid = child
    }

    private static func withCStrings<Value>(_ texts: [String], _ body: ([UnsafeMutablePointer<CChar>?]) -> Value) -> Value {
        let copies = texts.map { strdup($0) }
        defer { for copy in copies { free(copy) } }
        return body(copies + [nil])
    }

    /// Runs the program to its end.
    package static func run(
        _ name: String = "rota", _ arguments: [String], environment: [String: String] = [:]
    ) throws -> Result {
        try Program(name, arguments, environment: environment).wait()
    }

    package func signal(_ number: Int32) { Glibc.kill(pid, number) }

    /// Waits for the end; to be called once.
    @discardableResult
    package func wait() throws -> Result {
        var status: Int32 = 0
        while waitpid(pid, &status, 0) < 0 && errno == EINTR {}
        let code = status & 0x7F == 0 ? (status >> 8) & 0xFF : -(status & 0x7F)
        return Result(status: code, stdout: output, stderr: errors)
    }

    package var output: String { (try? folder.read("stdout")) ?? "" }
    package var errors: String { (try? folder.read("stderr")) ?? "" }

    /// Waits until the program has printed a line that holds `text`, and gives that line back; nil when it ended without, or when nothing
    /// came for half a minute.
    package func line(holding text: String) -> String? {
        var line: String?
        _ = TestSupport.wait { [self] in
            let hasEnded = !isAlive
            line = output.split(separator: "\n").first { $0.contains(text) }.map(String.init)
            return line != nil || hasEnded
        }
        return line
    }

    /// Whether it has not ended yet, waited for or not.
    package var isAlive: Bool { Glibc.kill(pid, 0) == 0 && !isZombie }

    private var isZombie: Bool {
        let status = (try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8)) ?? ""
        return status.split(separator: ")").last?.hasPrefix(" Z") ?? true
    }
}

/// Looks until `condition` holds, and not longer than half a minute: a test that waits for what never comes must end, too.
///
/// - Returns: Whether it came to hold.
package func wait(until condition: () throws -> Bool) rethrows -> Bool {
    for _ in 0..<6_000 {
        if try condition() { return true }
        usleep(5_000)
    }
    return false
}
