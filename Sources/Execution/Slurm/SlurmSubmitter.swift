import Glibc
import Scheduling
import Synchronization
internal import Timetable

/// Submits one run: its folder, its mark, and then sbatch.
final class SlurmSubmitter: Sendable {
    enum Result: Sendable {
        case accepted(id: String)
        case unclear(String)
        /// Its folder says that it was handed over before.
        case wasSubmitted
        /// Surely nothing was submitted, and nothing will be by itself: the machine has no room, or the cluster does not take anything.
        case notNow(EngineTrouble)
        /// The folder could not be prepared.
        case notPrepared(SystemError)
        case refused(Ending)
    }

    private let commands: SlurmCommands
    private let place: SlurmPlace
    private let programs = Mutex<SlurmPlace.Programs?>(nil)
    private let nodes = Mutex<(nodes: SlurmNodes, until: Int64)?>(nil)
    private let isRoot = geteuid() == 0

    init(commands: SlurmCommands, place: SlurmPlace) {
        self.commands = commands
        self.place = place
    }

    private var settings: SlurmSettings { commands.settings }
    private var isPrivileged: Bool { isRoot && settings.ssh == nil }

    /// - Parameters:
    ///   - mayBeKnown: Whether the folder is looked into first.
    func submit(_ launch: Launch, mayBeKnown: Bool) -> Result {
        var result = submitOnce(launch, mayBeKnown: mayBeKnown)
        for _ in 0..<10 {
            // Somebody else was at work in the same folder at the same time: he may have submitted it.
            guard case .notPrepared(let error) = result, error.call == "rename", error.number == ENOENT else { return result }
            result = submitOnce(launch, mayBeKnown: true)
        }
        return result
    }

    private func submitOnce(_ launch: Launch, mayBeKnown: Bool) -> Result {
        do throws(SystemError) {
            if let refusal = LocalWatch.refusal(launch) { return refused(refusal) }
            let owner: RunOwner?
            switch try self.owner(of: launch) {
            case .success(let found): owner = found
            case .failure(let refusal): return refused(refusal.reason)
            }
            let folder = place.folder(launch.run, owner: owner)
            if mayBeKnown, try isKnown(launch, folder) { return .wasSubmitted }
            let programs = try providedPrograms()
            let excluded: [String]
            switch exclusion(by: launch.task.constraints) {
            case .nodes(let nodes): excluded = nodes
            case .all: return refused("never: no node of the cluster fits the constraints")
            case .unknown(let trouble): return .notNow(trouble)
            }
            try prepare(launch, folder)
            return ask(launch, folder, programs, excluded)
        } catch {
            if let trouble = place.trouble() { return .notNow(trouble) }
            return .notPrepared(error)
        }
    }

    private func refused(_ reason: String) -> Result {
        .refused(Ending(kind: .couldNotStart, reason: reason, endedAt: LocalWatch.now()))
    }

    private struct Refusal: Error {
        let reason: String
    }

    /// Who else the folder belongs to.
    private func owner(of launch: Launch) throws(SystemError) -> Swift.Result<RunOwner?, Refusal> {
        guard let user = launch.user else { return .success(nil) }
        guard settings.ssh == nil else {
            return .failure(Refusal(reason: "not-permitted: over ssh, tasks are those of the user who logs in; `user` cannot be \(user)"))
        }
        guard let owner = try RunOwner.named(user) else { return .failure(Refusal(reason: "unknown-user: there is no user \(user)")) }
        if owner.user == geteuid() { return .success(nil) }
        guard isRoot else { return .failure(Refusal(reason: "not-permitted: cannot submit as user \(user), as only root can")) }
        return .success(owner)
    }

    private func isKnown(_ launch: Launch, _ folder: RunFolder) throws(SystemError) -> Bool {
        let trace = try place.trace(launch.run)
        guard trace.isKnown else { return false }
        if try folder.belongsToAnother(than: launch) {
            try folder.setAside()
            return false
        }
        return trace.isMarked || trace.claim != nil || trace.ending != nil
    }

    private func providedPrograms() throws(SystemError) -> SlurmPlace.Programs {
        try programs.withLock { programs throws(SystemError) in
            if let programs, Files.exists(programs.keeper), Files.exists(programs.script) { return programs }
            let provided = try place.providePrograms()
            programs = provided
            return provided
        }
    }

    private enum Exclusion {
        case nodes([String])
        case all
        case unknown(EngineTrouble)
    }

    /// What the nodes are is asked for once a minute at most.
    private func exclusion(by constraints: [Constraint]) -> Exclusion {
        guard constraints.contains(where: { !$0.hasWordInSlurm }) else { return .nodes([]) }
        return nodes.withLock { known in
            let time = LocalWatch.steadyTime()
            if known.map({ $0.until < time }) ?? true {
                let partition = settings.partition.map { ["-p", $0] } ?? []
                let answer = commands.run(.sinfo, ["-h", "-N", "-o", SlurmNodes.format] + partition)
                guard answer.hasSucceeded else { return .unknown(.of(answer, .sinfo, settings)) }
                known = (SlurmNodes(answer.output), time + 60_000)
            }
            return (known?.nodes.excluded(by: constraints)).map { .nodes($0) } ?? .all
        }
    }

    /// Variables that tell a command about its task. How Slurm was asked for it is nothing that the command's own steps should be asked for.
    private static let keeping = TaskKeeping(
        passed: [
            "SLURM_*", "SLURMD_NODENAME", "CUDA_VISIBLE_DEVICES", "GPU_DEVICE_ORDINAL", "ROCR_VISIBLE_DEVICES", "ZE_AFFINITY_MASK",
            "TMPDIR",
        ],
        withheld: ["SLURM_EXPORT_ENV", "SLURM_GET_USER_ENV", "SLURM_OPEN_MODE"],
        nodeVariable: "SLURMD_NODENAME")

    /// Where we are is nowhere on a node: a command without a folder of its own begins at the root.
    private func prepare(_ launch: Launch, _ folder: RunFolder) throws(SystemError) {
        var launch = launch
        launch.workdir = launch.workdir ?? "/"
        _ = try folder.prepare(launch, bootID: place.bootID, node: nil, task: Self.keeping)
        try place.makeLink(launch.run)
        try folder.clearVoidClaim()
        try folder.writeMark(TaskMark(at: LocalWatch.now()))
        DurableStep.taskMarked.passed()
    }

    private func ask(_ launch: Launch, _ folder: RunFolder, _ programs: SlurmPlace.Programs, _ excluded: [String]) -> Result {
        let arguments = SlurmArguments(settings: settings, isPrivileged: isPrivileged).arguments(
            launch, folder: folder.path, script: programs.script, keeper: programs.keeper, workdir: place.programFolder,
            owner: folder.owner, excluded: excluded)
        let answer = commands.run(.sbatch, arguments, parting: .seconds(2))
        DurableStep.taskSubmitted.passed()
        switch SlurmSubmission(answer, overSSH: settings.ssh != nil) {
        case .accepted(let id):
            // Only to spare a look: the name finds it as well.
            try? folder.writeMark(TaskMark(at: LocalWatch.now(), id: id))
            return .accepted(id: id)
        case .notNow(let words):
            // What cannot be unmarked is looked for, as if it might be there.
            guard (try? folder.removeMark()) != nil else { return .unclear(words) }
            return .notNow(.of(answer, .sbatch, settings))
        case .refused(let words): return giveUp(folder, "refused: \(words)")
        case .unclear(let words): return .unclear(words)
        }
    }

    /// One that was submitted before may come yet: nobody is to begin it then.
    private func giveUp(_ folder: RunFolder, _ reason: String) -> Result {
        let result = refused(reason)
        guard case .refused(let ending) = result else { return result }
        if (try? folder.cancel(reason: reason, as: .couldNotStart, bootID: place.bootID)) == false { return .wasSubmitted }
        try? folder.writeOutcome(ending)
        return result
    }
}
