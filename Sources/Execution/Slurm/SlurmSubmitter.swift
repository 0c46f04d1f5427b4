import Glibc
import Scheduling
import Synchronization
internal import Timetable

/// Submits runs: the folder of each, its mark, and then sbatch.
final class SlurmSubmitter: Sendable {
    enum Result: Sendable {
        case accepted(id: String)
        case unclear(String)
        /// Its folder says that it was handed over before.
        case wasSubmitted
        /// Surely nothing was submitted, and nothing will be by itself: the machine has no room, or the cluster does not take anything.
        case notNow(EngineTrouble)
        /// It was not tried, for the one before it in the same connection failed.
        case notTried
        /// The folder could not be prepared.
        case notPrepared(SystemError)
        case refused(Ending)

        /// Whether it goes on waiting to be submitted.
        var isPutBack: Bool {
            switch self {
            case .notNow, .notTried: true
            case .accepted, .unclear, .wasSubmitted, .notPrepared, .refused: false
            }
        }
    }

    let commands: SlurmCommands
    let place: SlurmPlace
    private let programs = Mutex<SlurmPlace.Programs?>(nil)
    private let nodes = Mutex<(nodes: SlurmNodes, until: Int64)?>(nil)
    private let isRoot = geteuid() == 0

    init(commands: SlurmCommands, place: SlurmPlace) {
        self.commands = commands
        self.place = place
    }

    var settings: SlurmSettings { commands.settings }
    private var isPrivileged: Bool { isRoot && settings.ssh == nil }

    /// A run of which all is prepared here.
    struct Prepared {
        var launch: Launch
        var folder: RunFolder
        /// What `run` says of it over there; nil where the nodes see the folder that is here.
        var text: String?
        /// Of sbatch.
        var arguments: [String]
        /// Whether it was submitted before, and lost: the mark of that stays.
        var isAgain = false
    }

    private enum Preparation {
        case ready(Prepared)
        case over(Result)
    }

    struct Order: Sendable {
        var launch: Launch
        /// Whether the folder is looked into first.
        var mayBeKnown: Bool
    }

    /// Several at a time where they share a connection.
    func submit(_ orders: [Order]) -> [(run: String, result: Result)] {
        guard let host = settings.ssh else {
            return orders.map { ($0.launch.run, submit($0.launch, mayBeKnown: $0.mayBeKnown)) }
        }
        var results: [(run: String, result: Result)] = []
        var prepared: [Prepared] = []
        for order in orders {
            switch preparation(of: order) {
            case .ready(let one): prepared.append(one)
            case .over(let result): results.append((order.launch.run, result))
            }
        }
        let answers = ask(prepared, on: host)
        for one in prepared {
            switch answers[one.launch.run] ?? .success(.submission(.unclear("nothing was heard of it"))) {
            case .success(let outcome): results.append((one.launch.run, result(outcome, of: one)))
            case .failure(let error):
                let isUnmarked = (try? one.folder.removeMark()) != nil
                results.append((one.launch.run, isUnmarked ? .notPrepared(error) : .unclear(error.description)))
            }
        }
        return results
    }

    /// Once more, when somebody else was at work in the same folder at the same time: he may have submitted it.
    private func preparation(of order: Order) -> Preparation {
        var preparation = prepare(order.launch, mayBeKnown: order.mayBeKnown)
        for _ in 0..<10 {
            guard case .over(.notPrepared(let error)) = preparation, Self.isOfAnother(error) else { break }
            preparation = prepare(order.launch, mayBeKnown: true)
        }
        if case .ready(var one) = preparation {
            one.isAgain = !order.mayBeKnown
            return .ready(one)
        }
        return preparation
    }

    private static func isOfAnother(_ error: SystemError) -> Bool { error.call == "rename" && error.number == ENOENT }

    /// - Parameters:
    ///   - mayBeKnown: Whether the folder is looked into first.
    func submit(_ launch: Launch, mayBeKnown: Bool) -> Result {
        guard settings.ssh == nil else { return submit([Order(launch: launch, mayBeKnown: mayBeKnown)])[0].result }
        switch preparation(of: Order(launch: launch, mayBeKnown: mayBeKnown)) {
        case .over(let result): return result
        case .ready(let one):
            let answer = commands.run(.sbatch, one.arguments, parting: .seconds(2))
            return result(.submission(SlurmSubmission(answer, settings, overSSH: false)), of: one)
        }
    }

    private func prepare(_ launch: Launch, mayBeKnown: Bool) -> Preparation {
        do throws(SystemError) {
            if let refusal = LocalWatch.refusal(launch) { return .over(refused(refusal)) }
            if launch.task.container != nil, settings.containers == nil {
                return .over(refused("refused: the executor does not say with what it runs containers"))
            }
            let owner: RunOwner?
            switch try self.owner(of: launch) {
            case .success(let found): owner = found
            case .failure(let refusal): return .over(refused(refusal.reason))
            }
            let folder = place.folder(launch.run, owner: owner)
            if mayBeKnown, try isKnown(launch, folder) { return .over(.wasSubmitted) }
            let programs = try providedPrograms()
            let excluded: [String]
            switch exclusion(by: launch.task.constraints) {
            case .nodes(let nodes): excluded = nodes
            case .all: return .over(refused("never: no node of the cluster fits the constraints"))
            case .unknown(let trouble): return .over(.notNow(trouble))
            }
            let text = try prepare(launch, folder)
            let arguments = SlurmArguments(settings: settings, isPrivileged: isPrivileged).arguments(
                launch, folder: place.nodeFolder(launch.run), script: programs.script, keeper: programs.keeper,
                workdir: place.programFolder, owner: owner, excluded: excluded)
            return .ready(Prepared(launch: launch, folder: folder, text: text, arguments: arguments))
        } catch {
            if let trouble = place.trouble() { return .over(.notNow(trouble)) }
            return .over(.notPrepared(error))
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

    /// What lies where only the login node sees it is looked for there, with the first run that needs it.
    func providedPrograms() throws(SystemError) -> SlurmPlace.Programs {
        try programs.withLock { programs throws(SystemError) in
            let isRemote = place.remoteFolder != nil
            if let programs, isRemote || Files.exists(programs.keeper) && Files.exists(programs.script) { return programs }
            let provided = isRemote ? try place.remotePrograms() : try place.providePrograms()
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
    ///
    /// - Returns: What the folder over there must say, if it is there.
    private func prepare(_ launch: Launch, _ folder: RunFolder) throws(SystemError) -> String? {
        var launch = launch
        launch.workdir = launch.workdir.map { place.onNode($0, of: launch.run) } ?? "/"
        if let container = launch.task.container, let containers = settings.containers {
            let output = "\(place.nodeFolder(launch.run))/output"
            launch.words = containers.words(launch.words, in: container, workdir: launch.workdir ?? "/", output: output)
        }
        var text: String?
        if let remote = place.remote(commands) {
            text = try folder.prepareMirror(of: remote.folder(launch.run), launch, bootID: place.bootID, task: Self.keeping)
        } else {
            _ = try folder.prepare(launch, bootID: place.bootID, node: nil, task: Self.keeping)
            try place.makeLink(launch.run)
            try folder.clearVoidClaim()
        }
        try folder.writeMark(TaskMark(at: LocalWatch.now(), folder: place.programFolder))
        DurableStep.taskMarked.passed()
        return text
    }

    private func result(_ answer: RemoteSubmission, of one: Prepared) -> Result {
        DurableStep.taskSubmitted.passed()
        let folder = one.folder
        switch answer {
        case .known: return .wasSubmitted
        case .notTried:
            guard one.isAgain || (try? folder.removeMark()) != nil else { return .unclear("it may have been submitted before") }
            return .notTried
        case .submission(.accepted(let id)):
            // Only to spare a look: the name finds it as well.
            try? folder.writeMark(TaskMark(at: LocalWatch.now(), id: id, folder: place.programFolder))
            return .accepted(id: id)
        case .submission(.notNow(let trouble)):
            // What cannot be unmarked is looked for, as if it might be there.
            guard one.isAgain || (try? folder.removeMark()) != nil else { return .unclear(trouble.reason) }
            return .notNow(trouble)
        case .submission(.refused(let words)): return giveUp(one.launch, folder, "refused: \(words)")
        case .submission(.unclear(let words)): return .unclear(words)
        }
    }

    /// One that was submitted before may come yet: nobody is to begin it then.
    private func giveUp(_ launch: Launch, _ folder: RunFolder, _ reason: String) -> Result {
        let ending = Ending(kind: .couldNotStart, reason: reason, endedAt: LocalWatch.now())
        if let remote = place.remote(commands) {
            let closing = try? remote.close(launch.run, as: ending, word: nil, isNew: false)
            if case .ended? = closing { return .refused(ending) }
            return .wasSubmitted
        }
        if (try? folder.cancel(reason: reason, as: .couldNotStart, bootID: place.bootID)) == false { return .wasSubmitted }
        try? folder.writeOutcome(ending)
        return .refused(ending)
    }
}
