import Foundation
import Glibc
import Testing
import Timetable

@testable import Execution

/// A folder of runs of one test, executors of one engine on it, and what they report; everything is gone with it.
final class Place {
    let path: String
    let runs: String
    let engine: Engine
    let reports = Reports()
    private(set) var executor: any Executor
    private let gate: Int32
    let ground: Engine.Ground

    /// - Parameter hasControlGroups: Whether runs get control groups where this machine lets them.
    init(engine: Engine = .local, hasControlGroups: Bool = true) throws {
        self.engine = engine
        _ = Self.tidiesUp
        path = "/tmp/rota-execution-\(getpid())-\(UInt64.random(in: 0...UInt64.max))"
        runs = "\(path)/runs"
        try FileManager.default.createDirectory(atPath: runs, withIntermediateDirectories: true)
        // Jobs of other users go through them.
        chmod(path, 0o711)
        chmod(runs, 0o711)
        guard mkfifo("\(path)/gate", 0o666) == 0, chmod("\(path)/gate", 0o666) == 0 else { throw SystemError("mkfifo", path) }
        gate = Glibc.open("\(path)/gate", O_RDWR | O_CLOEXEC)
        ground = Engine.Ground(path: path, runs: runs, hasControlGroups: hasControlGroups)
        executor = try engine.makeExecutor(ground, reports)
    }

    deinit {
        executor.shutdown()
        close(gate)
        // Of keepers that a test killed, and nobody looked after.
        for run in (try? FileManager.default.contentsOfDirectory(atPath: runs)) ?? [] { (try? folder(run).controlGroup())??.remove() }
        try? FileManager.default.removeItem(atPath: path)
    }

    /// The group of all runs is everybody's on this machine: with the last test it goes if nobody had it before, and if it is empty.
    private static let tidiesUp: Void = {
        guard let group = controlGroups.runs, !FileManager.default.fileExists(atPath: group) else { return }
        atexit { if let group = controlGroups.runs { rmdir(group) } }
    }()

    /// Another executor on the same runs, which knows nothing of the first.
    func makeExecutor(_ reports: Reports) throws -> any Executor {
        try engine.makeExecutor(ground, reports)
    }

    /// What a restart of the scheduler does: the old executor forgets everything, the new one knows nothing.
    func restart() throws -> Reports {
        executor.shutdown()
        let reports = Reports()
        executor = try makeExecutor(reports)
        return reports
    }

    /// The end of a run of the scheduler before, delivered before `reattach` returns.
    func endFoundAfterRestart(of launch: Launch) throws -> Ending {
        let reports = try restart()
        try executor.reattach([open(launch)])
        guard case .ended(launch.run, let ending) = reports.all.last else { throw SystemError("reattach", "\(reports.all)", ENOENT) }
        return ending
    }

    /// Shell text by which the command, and all that it starts, hold a lock until they are gone.
    var holdLock: String { "exec 9>> \(path)/lock; flock -s 9" }

    /// Whether nothing lives any more that was started after `holdLock`, on whatever node.
    var isLockFree: Bool {
        let file = Glibc.open("\(path)/lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o666)
        defer { close(file) }
        return flock(file, LOCK_EX | LOCK_NB) == 0
    }

    /// Shell text that waits until the test opens the gate.
    var waitAtGate: String { "read x < \(path)/gate" }

    /// Lets so many commands pass that wait, or will wait.
    func openGate(for count: Int = 1) {
        let lines = [UInt8](repeating: UInt8(ascii: "\n"), count: count)
        _ = write(gate, lines, count)
    }

    func folder(_ run: String) -> RunFolder { RunFolder(runs: runs, run: run) }

    /// That of its keeper.
    func realFolder(_ run: String) -> RunFolder { engine.isElsewhere ? RunFolder(runs: ground.runsElsewhere, run: run) : folder(run) }

    /// A shell command as a launch.
    func shell(_ run: String, _ text: String) -> Launch {
        Launch(run: run, job: "test", due: .epoch, words: ["/bin/sh", "-c", text], environment: ["PATH": "/usr/bin:/bin"])
    }

    /// Launches and waits for the end.
    func end(_ launch: Launch) async -> Ending {
        executor.launch([launch])
        return await reports.ending(of: launch.run)
    }

    func end(_ text: String) async -> Ending {
        await end(shell("t-1", text))
    }

    func stdout(_ run: String = "t-1") throws -> String { try text(folder(run).stdoutFile) }
    func stderr(_ run: String = "t-1") throws -> String { try text(folder(run).stderrFile) }

    func text(_ path: String) throws -> String {
        String(decoding: try Files.read(path) ?? [], as: UTF8.self)
    }

    func open(_ launch: Launch, killWanted: String? = nil) throws -> OpenRun {
        OpenRun(launch: launch, bootID: try RunFolder.currentBootID(), killWanted: killWanted)
    }

    /// The claim of a run whose keeper lives.
    func claim(_ run: String = "t-1") throws -> Claim {
        guard case .held(let claim) = try folder(run).claim() else { throw SystemError("claim", run, ENOENT) }
        return claim
    }

    /// rota-keeper as built beside the tests.
    static func keeper() throws -> String {
        var folder = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
        var places = [folder] + CommandLine.arguments.map { URL(fileURLWithPath: $0) }
        places.append(URL(fileURLWithPath: FileManager.default.currentDirectoryPath).appendingPathComponent(".build/debug/x"))
        for place in places {
            folder = place
            while folder.path != "/" {
                folder.deleteLastPathComponent()
                let keeper = folder.appendingPathComponent("rota-keeper").path
                if Self.isProgram(keeper) { return keeper }
            }
        }
        throw SystemError("find", "rota-keeper", ENOENT)
    }

    private static func isProgram(_ path: String) -> Bool {
        var isFolder: ObjCBool = false
        return FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) && !isFolder.boolValue
            && FileManager.default.isExecutableFile(atPath: path)
    }
}

/// Does what blocks where it may.
func blocking<Value: Sendable>(_ work: @escaping @Sendable () -> Value) async -> Value {
    await withCheckedContinuation { continuation in
        Thread.detachNewThread { continuation.resume(returning: work()) }
    }
}

extension Place {
    /// Waits until the run has written a line to stdout; answers its words.
    func line(of run: String = "t-1") async throws -> [Int32] {
        let folder = folder(run)
        let text = await blocking {
            var text: [UInt8] = []
            var reader = OutputReader(folder, .stdout)
            while !text.contains(UInt8(ascii: "\n")), let chunk = try? reader.follow() { text += chunk.bytes }
            return String(decoding: text, as: UTF8.self)
        }
        return text.split(whereSeparator: \.isWhitespace).compactMap { Int32($0) }
    }
}

/// Waits until a process has ended, reaped or not.
func awaitEnd(of pid: pid_t) async {
    await blocking {
        guard let entry = try? ProcessTable.entry(pid), let descriptor = try? ProcessTable.open(pid, start: entry.start) else { return }
        defer { close(descriptor) }
        var wanted = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        while poll(&wanted, 1, -1) < 0 {}
    }
}

/// Whether a process lives; zombies do not.
func isAlive(_ pid: pid_t) -> Bool {
    ((try? ProcessTable.entry(pid)) ?? nil)?.isZombie == false
}

let isRoot = geteuid() == 0

/// What control groups the runs of these tests have.
let controlGroups = ControlGroups.finding(of: getpid())

extension RunFolder {
    /// All that a reader of the run's output is given until its end, of one stream or of both.
    func chunks(_ stream: OutputReader.Stream? = nil, from offset: Int64 = 0) throws -> [OutputReader.Chunk] {
        var reader = stream.map { OutputReader(self, $0, from: offset) } ?? OutputReader(self)
        var chunks: [OutputReader.Chunk] = []
        while let chunk = try reader.follow() { chunks.append(chunk) }
        return chunks
    }
}
