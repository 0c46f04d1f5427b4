import Glibc
internal import Scheduling
internal import Timetable

extension RunFolder {
    static let runHead = "rota-run 1"

    /// Makes the folder with all that a keeper needs; what is there already stays, but for `run`, which is written again.
    ///
    /// - Parameters:
    ///   - node: nil when only the keeper can know, because an engine decides where it runs.
    ///   - task: What is said to the keeper of an engine's task; nil for that of a local run.
    /// - Returns: Whether the folder is new, that is, whether nobody can have claimed the run before.
    func prepare(
        _ launch: Launch, bootID: String, node: String?, group: String? = nil, task: TaskKeeping? = nil
    ) throws(SystemError) -> Bool {
        // The user of the job must get through to `output`, and to nothing else: it may not list, and all files are 0600.
        let isNew = try Files.makeFolder(path, mode: 0o700)
        DurableStep.folderMade.passed()
        if owner == nil, launch.user != nil, chmod(path, 0o711) != 0 { throw SystemError("chmod", path) }
        _ = try Files.makeFolder(outputFolder, mode: 0o700)
        let record = record(launch, bootID: bootID, node: node, group: group, task: task)
        try Files.replace(runFile, with: record.bytes(head: Self.runHead), owner: owner)
        try owner?.take(self)
        DurableStep.runWritten.passed()
        return isNew
    }

    /// Makes the mirror of a folder that lies where this machine does not see it.
    ///
    /// - Returns: What `run` says in both.
    func prepareMirror(
        of folder: RunFolder, _ launch: Launch, bootID: String, task: TaskKeeping
    ) throws(SystemError) -> String {
        let bytes = folder.record(launch, bootID: bootID, node: nil, group: nil, task: task).bytes(head: Self.runHead)
        _ = try Files.makeFolder(path, mode: 0o700)
        DurableStep.folderMade.passed()
        _ = try Files.makeFolder(outputFolder, mode: 0o700)
        try Files.replace(runFile, with: bytes)
        DurableStep.runWritten.passed()
        return String(decoding: bytes, as: UTF8.self)
    }

    /// What `run` is to say, of a folder that need not be there.
    func record(_ launch: Launch, bootID: String, node: String?, group: String?, task: TaskKeeping?) -> Record {
        var record = Record()
        record.add("run", launch.run)
        record.add("job", launch.job)
        record.add("due", launch.due.microseconds)
        record.add("attempt", launch.attempt)
        record.add("definition", launch.definition)
        record.add("boot", bootID)
        record.add("node", node)
        record.add("cgroup", group)
        for word in launch.words { record.add("word", word) }
        for (name, value) in environment(launch, node: node).sorted(by: { $0.key < $1.key }) { record.add("env", "\(name)=\(value)") }
        record.add("workdir", launch.workdir)
        record.add("user", launch.user)
        record.add("umask", launch.umask.map { String($0, radix: 8) })
        record.add("nice", launch.nice)
        record.add("limit-memory", launch.limits.memory)
        record.add("limit-cpu", launch.limits.cpu?.wholeMicroseconds)
        record.add("limit-files", launch.limits.openFiles)
        record.add("limit-processes", launch.limits.processes)
        record.add("timeout", launch.timeout?.wholeMicroseconds)
        record.add("kill-after", launch.killAfter.wholeMicroseconds)
        record.add("output-limit", launch.outputLimit)
        record.add("on-log-full", launch.endsOnFullLog ? "stop" : nil)
        if let task {
            task.add(to: &record)
            launch.task.add(to: &record)
        }
        launch.origin?.add(to: &record)
        return record
    }

    private func environment(_ launch: Launch, node: String?) -> [String: String] {
        var environment = launch.environment
        // Also how processes that left the session of a dead keeper are told from others.
        environment["ROTA_OUTPUT"] = outputFile
        environment["HOST"] = node
        environment["ROTA_RUN"] = launch.run
        return environment
    }

    /// Whether the folder is that of another run under the same id: a ledger that was restored from a backup gives ids out again.
    func belongsToAnother(than launch: Launch) throws(SystemError) -> Bool {
        guard let record = try record(runFile, head: Self.runHead) else { return false }
        return record["job"] != launch.job || Self.instant(record["due"]) != launch.due || record["attempt"] != "\(launch.attempt)"
    }

    /// Gives the folder another name, so that its claim and outcome are nobody's; what still runs in it goes on.
    func setAside() throws(SystemError) {
        for number in 1...1_000 {
            let name = "\(path).replaced-\(number)"
            if Files.exists(name) { continue }
            guard rename(path, name) == 0 else { throw SystemError("rename", path) }
            return
        }
        throw SystemError("rename", path, EEXIST)
    }

    /// The boot in which the run was handed over, nil when it never was.
    func bootOfLaunch() throws(SystemError) -> String? {
        try record(runFile, head: Self.runHead)?["boot"]
    }

    /// The control group that the run was to have, nil for none; whether it exists is another matter.
    func controlGroup() throws(SystemError) -> ControlGroup? {
        try record(runFile, head: Self.runHead)?["cgroup"].map { ControlGroup(path: $0) }
    }

    /// What was handed over, with what the executor added to the environment; nil when nothing was.
    package func launch() throws -> Launch? {
        try record(runFile, head: Self.runHead).map(launch)
    }

    func launch(_ record: Record) -> Launch {
        var launch = Launch(run: run, job: record["job"] ?? "", due: Self.instant(record["due"]) ?? .epoch, words: record.all("word"))
        launch.attempt = record["attempt"].flatMap { Int($0) } ?? 1
        launch.definition = record["definition"] ?? ""
        for line in record.all("env") {
            guard let equals = line.firstIndex(of: "=") else { continue }
            launch.environment[String(line[..<equals])] = String(line[line.index(after: equals)...])
        }
        launch.workdir = record["workdir"]
        launch.user = record["user"]
        launch.umask = record["umask"].flatMap { Int($0, radix: 8) }
        launch.nice = record["nice"].flatMap { Int($0) }
        launch.limits.memory = record["limit-memory"].flatMap { Int64($0) }
        launch.limits.cpu = record["limit-cpu"].flatMap { Int64($0) }.map { .microseconds($0) }
        launch.limits.openFiles = record["limit-files"].flatMap { Int($0) }
        launch.limits.processes = record["limit-processes"].flatMap { Int($0) }
        launch.timeout = record["timeout"].flatMap { Int64($0) }.map { .microseconds($0) }
        launch.killAfter = record["kill-after"].flatMap { Int64($0) }.map { .microseconds($0) } ?? launch.killAfter
        launch.outputLimit = record["output-limit"].flatMap { Int64($0) } ?? launch.outputLimit
        launch.endsOnFullLog = record["on-log-full"] == "stop"
        launch.task = TaskDemand(record)
        launch.origin = RunOrigin(record)
        return launch
    }

    static func instant(_ text: String?) -> Instant? {
        text.flatMap { Int64($0) }.map { Instant(microseconds: $0) }
    }
}
