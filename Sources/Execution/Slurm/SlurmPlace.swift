import CPlatform
import Glibc

/// Where runs' folders lie that nodes see, with the keeper that nodes execute.
struct SlurmPlace: Sendable {
    /// The folder of the runs' folders in the state folder.
    let links: String
    /// Where they really are, or where their mirrors are: those of `remoteFolder`.
    let runs: String
    /// Where they really are, when this machine does not see it.
    let remoteFolder: String?
    /// The keeper here.
    let keeper: String
    let bootID: String
    /// How much of the folders over there is asked for at a time.
    let pace = SlurmRemote.Pace()

    init(links: String, shared: String?, remote: String? = nil, keeper: String, bootID: String) {
        self.links = links
        remoteFolder = remote
        self.keeper = keeper
        self.bootID = bootID
        runs = remote == nil ? shared ?? links : links
    }

    private var hasLinks: Bool { runs != links }

    func folder(_ run: String, owner: RunOwner? = nil) -> RunFolder { RunFolder(runs: runs, run: run, owner: owner) }

    /// The folder of a run under the path that nodes know.
    func nodeFolder(_ run: String) -> String { remoteFolder.map { "\($0)/\(run)" } ?? folder(run).path }

    /// A folder below that of a run, as a sandbox is, under the path that nodes know; any other path is what it is.
    func onNode(_ path: String, of run: String) -> String {
        let own = "\(links)/\(run)/"
        return path.hasPrefix(own) ? "\(nodeFolder(run))/\(path.dropFirst(own.count))" : path
    }

    /// The folder of a run whose files belong to its user.
    func folder(of launch: Launch?, run: String) throws(SystemError) -> RunFolder {
        let plain = folder(run)
        let known = if let launch { launch } else { try plain.record(plain.runFile, head: RunFolder.runHead).map(plain.launch) }
        guard geteuid() == 0, let user = known?.user, let owner = try RunOwner.named(user), owner.user != 0 else { return plain }
        return folder(run, owner: owner)
    }

    /// nil where the folder itself is there.
    func link(_ run: String) -> String? { hasLinks ? "\(links)/\(run)" : nil }

    func trace(_ run: String) throws(SystemError) -> TaskTrace {
        try folder(run).taskTrace(link: link(run), programs: "\(runs)/bin", origin: programFolder)
    }

    /// Readers find a run in the state folder, wherever it is carried out. Made after the folder: one without the other tells that the
    /// file system of the folders is not there.
    func makeLink(_ run: String) throws(SystemError) {
        guard let link = link(run) else { return }
        let target = folder(run).path
        if symlink(target, link) == 0 { return }
        guard errno == EEXIST else { throw SystemError("symlink", link) }
        guard Files.target(of: link) == target else { throw SystemError("symlink", link, EEXIST) }
    }

    // MARK: what nodes execute

    struct Programs: Hashable, Sendable {
        var script: String
        var keeper: String
    }

    /// Beside the folders of the runs, or among them where these are all that is shared.
    var programFolder: String {
        if let remoteFolder { return "\(remoteFolder)/bin" }
        guard !hasLinks else { return "\(runs)/bin" }
        return runs.split(separator: "/").dropLast().reduce("") { "\($0)/\($1)" } + "/bin"
    }

    /// Puts them there. The keeper bears its bytes' hash in its name, so that one that runs is never written to.
    func providePrograms() throws(SystemError) -> Programs {
        try Files.checkFolder(runs)
        guard let bytes = try Files.read(keeper, limit: 1 << 30) else { throw SystemError("open", keeper, ENOENT) }
        if try Files.makeFolder(programFolder, mode: 0o755), chmod(programFolder, 0o755) != 0 { throw SystemError("chmod", programFolder) }
        let programs = programs(bytes)
        try Self.provide(programs.keeper, bytes)
        try Self.provide(programs.script, Array(Self.taskScript.utf8))
        return programs
    }

    static let taskScript = "#!/bin/sh\nexec \"$1\" \"$2\"\n"

    /// Where they are, or will be, over there.
    func remotePrograms() throws(SystemError) -> Programs {
        guard let bytes = try Files.read(keeper, limit: 1 << 30) else { throw SystemError("open", keeper, ENOENT) }
        return programs(bytes)
    }

    private func programs(_ keeper: [UInt8]) -> Programs {
        Programs(script: "\(programFolder)/task-1.sh", keeper: "\(programFolder)/rota-keeper-\(Self.hash(keeper))")
    }

    private static func provide(_ path: String, _ bytes: [UInt8]) throws(SystemError) {
        if access(path, X_OK) == 0 { return }
        let draft = "\(path).\(getpid())"
        unlink(draft)
        let file = open(draft, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o755)
        guard file >= 0 else { throw SystemError("open", draft) }
        defer { close(file) }
        try Files.write(bytes, to: file, draft)
        guard fchmod(file, 0o755) == 0, fsync(file) == 0, rename(draft, path) == 0 else { throw SystemError("rename", path) }
    }

    /// FNV-1a of 64 bits: to tell versions apart, not to keep anybody out.
    private static func hash(_ bytes: [UInt8]) -> String {
        let hash = bytes.withUnsafeBufferPointer { bytes in
            var hash: UInt64 = 0xcbf2_9ce4_8422_2325
            for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
            return hash
        }
        return String(hash, radix: 16)
    }
}
