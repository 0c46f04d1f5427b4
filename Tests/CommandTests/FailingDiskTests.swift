import Foundation
import Glibc
import TestSupport
import Testing

/// The real program on a disk that is full, or that fails: a small file system of the test's own, and system calls that fail on purpose.
@Suite(.serialized)
struct FailingDiskTests {
    /// A job that ticks each second and says so in a file outside the state folder.
    private func ticking() throws -> (fixture: CommandFixture, marks: String) {
        let fixture = try CommandFixture()
        let marks = fixture.folder.path + "/marks"
        let text = "schedule: R/2026-01-01T00:00:00Z/PT1S\noverlap: allow\ncommand: echo $ROTA_DUE $ROTA_ATTEMPT >> \(marks)\n"
        try fixture.folder.write(text, to: "jobs/tick.yaml")
        return (fixture, marks)
    }

    private func lines(_ file: String) -> [Substring] {
        ((try? String(contentsOfFile: file, encoding: .utf8)) ?? "").split(separator: "\n")
    }

    private func pass(seconds: Double) {
        let end = Date(timeIntervalSinceNow: seconds)
        _ = wait { Date() >= end }
    }

    /// No slot ran twice, and each that ran was handed over by the ledger. That the last of them has begun, only the next start may hear.
    private func expectTrueMarks(_ marks: String, _ fixture: CommandFixture) throws {
        let ran = lines(marks)
        #expect(Set(ran).count == ran.count, "a slot ran twice: \(ran)")
        let rows = try fixture.json("history", "tick", "--limit", "1000")
        let known = Set(rows.filter { $0["executor"] is String }.compactMap { $0["due"] as? String })
        for mark in ran { #expect(known.contains(String(mark.prefix { $0 != " " })), "\(mark) is in no row") }
    }

    // catalogue 29
    @Test(.enabled(if: SmallDisk.isPossible, "only root may mount a file system"), .timeLimit(.minutes(1)))
    func aFullDiskStopsLaunchingUntilThereIsRoom() throws {
        let (fixture, marks) = try ticking()
        let disk = try SmallDisk(at: fixture.state, "size=6m,mode=711")
        defer { disk.unmount() }
        let serve = try fixture.serve()
        #expect(serve.line(holding: "succeeded") != nil)

        disk.fill()
        #expect(wait { (try? fixture.rota("status").stderr.contains("disk full; free some room")) == true })
        #expect(try fixture.rota("status").status == 1)
        #expect(try fixture.rota("run", "tick").status != 0, "an intent that cannot be kept is refused")
        let before = lines(marks)
        pass(seconds: 2.5)
        #expect(lines(marks) == before, "nothing is launched without a durable intent")

        disk.makeRoom()
        #expect(wait { lines(marks).count > before.count + 2 }, "it goes on by itself")
        #expect(try fixture.rota("status").status == 0)
        serve.signal(SIGTERM)
        #expect(try serve.wait().status == 0)
        try expectTrueMarks(marks, fixture)
        // The next start looks at all of the ledger.
        let again = try fixture.serve(["--for", "PT0.1S"])
        #expect(try !again.wait().stderr.contains("made anew"))
    }

    // catalogue 29: there is room for the ledger, but not for the folders of the runs.
    @Test(.enabled(if: SmallDisk.isPossible, "only root may mount a file system"), .timeLimit(.minutes(1)))
    func aRunThatFindsNoRoomForItsFolderWaitsForIt() throws {
        let (fixture, marks) = try ticking()
        try fixture.folder.write("command: echo once >> \(marks).once\n", to: "jobs/once.yaml")
        try FileManager.default.removeItem(atPath: fixture.jobs + "/tick.yaml")
        try FileManager.default.createDirectory(atPath: fixture.state, withIntermediateDirectories: true)
        chmod(fixture.state, 0o711)
        let disk = try SmallDisk(at: fixture.state + "/runs", "size=1m,mode=711")
        defer { disk.unmount() }
        let serve = try fixture.serve()
        disk.fill()
        let id = try fixture.rota("run", "once").stdout.trimmingCharacters(in: .whitespacesAndNewlines)
        #expect(wait { (try? fixture.json("history", "once").first?["reason"] as? String)?.hasPrefix("no-space") == true })
        #expect(try fixture.json("history", "once").first?["state"] as? String == "launching")
        disk.makeRoom()
        #expect(serve.line(holding: id)?.contains("succeeded") == true)
        #expect(lines(marks + ".once") == ["once"])
        serve.signal(SIGTERM)
        try serve.wait()
    }

    /// A system call of the scheduler that fails now and then; the jobs' own are left alone.
    private func serveWithFaults(_ calls: String, _ fault: String, _ fixture: CommandFixture, time: String) throws -> Program {
        let arguments = [
            "-f", "-qq", "-o", "/dev/null", "-e", "trace=" + calls, "-e", "inject=\(calls):\(fault)", Program.products + "/rota", "serve",
            "--jobs", fixture.jobs, "--state", fixture.state, "--listen", "127.0.0.1:0", "--for", time,
        ]
        return try Program("/usr/bin/strace", arguments)
    }

    // catalogue 31, 32: what was not synchronized is not launched, and not assumed to be written by a later try.
    @Test(
        .enabled(if: Faults.arePossible, "strace is not there, or may not attach"), .timeLimit(.minutes(1)),
        arguments: [
            ("fdatasync,fsync", "error=EIO:when=12+6"), ("pwrite64", "error=EIO:when=40+37"), ("pwrite64", "error=ENOSPC:when=60+31"),
            ("pwrite64", "error=EROFS:when=50+29"),
        ])
    func aDiskThatFailsIsNotTrusted(_ calls: String, _ fault: String) throws {
        let (fixture, marks) = try ticking()
        // The first start makes the ledger: what fails is to be the work of a scheduler.
        try fixture.serve(["--for", "PT0.1S"]).wait()
        let serve = try serveWithFaults(calls, fault, fixture, time: "PT6S")
        let result = try serve.wait()
        #expect(result.status == 0, "\(result.stderr)")
        #expect(result.stderr.contains("nothing is launched until the ledger can be written again"))
        #expect(!lines(marks).isEmpty, "it goes on in between")
        let last = try fixture.serve(["--for", "PT1S"])
        #expect(try !last.wait().stderr.contains("made anew"), "nothing is damaged by it")
        try expectTrueMarks(marks, fixture)
    }

    // catalogue 39
    @Test(
        .enabled(if: Faults.arePossible, "strace is not there, or may not attach"), .timeLimit(.minutes(1)),
        arguments: ["error=ENOLCK", "retval=0"])
    func aFolderWithoutLocksIsRefused(_ fault: String) throws {
        let (fixture, _) = try ticking()
        let result = try serveWithFaults("flock", fault, fixture, time: "PT0.1S").wait()
        #expect(result.status == 73 && result.stderr.contains("locks do not work in the state folder"), "\(result.stderr)")
    }

    // catalogue 39
    @Test(.enabled(if: Faults.arePossible, "strace is not there, or may not attach"), .timeLimit(.minutes(1)))
    func aNetworkFileSystemIsWarnedOf() throws {
        let (fixture, _) = try ticking()
        // The kernel's answer, but for the type: NFS.
        let result = try serveWithFaults("statfs", "poke_exit=@arg2=6969000000000000", fixture, time: "PT0.1S").wait()
        #expect(result.status == 0 && result.stderr.contains("it is on nfs"), "\(result.stderr)")
    }
}

/// A file system in memory, mounted by root.
private final class SmallDisk: Sendable {
    private let path: String

    static let isPossible: Bool = {
        guard geteuid() == 0, let folder = try? TemporaryFolder(), let disk = try? SmallDisk(at: folder.path + "/trial", "size=1m") else {
            return false
        }
        disk.unmount()
        return true
    }()

    init(at path: String, _ options: String) throws {
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        guard try Program.run("/bin/mount", ["-t", "tmpfs", "-o", options, "tmpfs", path]).status == 0 else {
            throw CocoaError(.featureUnsupported)
        }
        self.path = path
    }

    func unmount() {
        // What still runs in it may hold it for a moment.
        _ = wait { (try? Program.run("/bin/umount", [path]).status) == 0 }
    }

    /// To the last byte.
    func fill() {
        let file = open(path + "/ballast", O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
        defer { close(file) }
        let bytes = [UInt8](repeating: 1, count: 4_096)
        while write(file, bytes, bytes.count) > 0 {}
    }

    func makeRoom() { unlink(path + "/ballast") }
}

private enum Faults {
    static let arePossible = (try? Program.run("/usr/bin/strace", ["-f", "-qq", "-o", "/dev/null", "/bin/true"]).status) == 0
}
