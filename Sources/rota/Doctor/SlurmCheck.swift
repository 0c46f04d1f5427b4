import Daemon
import Execution
import Foundation

/// Each cluster of the settings answers, and its runs' folders are where nodes can see them.
struct SlurmCheck: Check {
    func findings(_ premises: Premises) -> [Finding] {
        let clusters = premises.settings.engines.compactMap { name, engine -> SlurmSettings? in
            if case .slurm(let settings) = engine { settings } else { nil }
        }
        return clusters.sorted { $0.name < $1.name }.flatMap { settings in
            let there = settings.remoteFolder.map { [remoteFolder($0, settings)] }
            let here = [folder(settings, premises)] + [access(settings, premises)].compactMap(\.self)
            return cluster(settings) + options(settings) + (there ?? here)
        }
    }

    private func cluster(_ settings: SlurmSettings) -> [Finding] {
        let probe = SlurmProbe(settings)
        let commands = name("commands", settings)
        do throws(SlurmProbe.Failure) {
            let version = try probe.version()
            let controller = controller(settings, probe)
            // Of a controller that does not answer, each question takes as long as the first.
            let answers = controller.status == .error ? [] : [trial(settings, probe)]
            return [.ok(commands, version + (settings.ssh.map { ", by ssh on \($0)" } ?? "")), controller] + answers
                + [books(settings, probe)]
        } catch {
            let advice = error.trouble.hasPrefix("configuration: ") ? Self.remedy(in: error.trouble) : nil
            return [.error(commands, "Slurm's commands cannot be executed: \(error)", advice ?? self.advice(settings))]
        }
    }

    private func advice(_ settings: SlurmSettings) -> String {
        if let host = settings.ssh {
            return "try `ssh -oBatchMode=yes \(host) sbatch --version`; a key without a passphrase, or an agent, is needed"
        }
        return
            "install Slurm's client commands here, name their folder with executors.\(settings.name).commands, or a login node with `ssh`"
    }

    private func controller(_ settings: SlurmSettings, _ probe: SlurmProbe) -> Finding {
        let name = name("controller", settings)
        do throws(SlurmProbe.Failure) {
            let partitions = try probe.partitions()
            let words = partitions.map { "\($0.name) (\($0.nodes.of("node")))" }.joined(separator: ", ")
            let wanted = settings.partition?.split(separator: ",").map(String.init) ?? []
            if let missing = wanted.first(where: { wanted in !partitions.contains { $0.name == wanted } }) {
                return .error(
                    name, "there is no partition \(missing); there are \(words)", "name another with executors.\(settings.name).partition")
            }
            if let down = partitions.first(where: { wanted.contains($0.name) && !$0.isUp }) {
                return .warning(
                    name, "the partition \(down.name) takes no tasks now", "ask who runs the cluster; runs wait in its queue meanwhile")
            }
            return .ok(name, "answers; partitions \(words)")
        } catch {
            let advice = Self.remedy(in: error.trouble) ?? "look at `scontrol ping`, and ask who runs the cluster"
            return .error(
                name, "the controller cannot be asked: \(error)",
                advice + "; runs go on or wait meanwhile, none is taken for failed, and `rota status` tells when it is over")
        }
    }

    /// What would mend it, in the words that `rota status` has for the same.
    private static func remedy(in trouble: String) -> String? {
        let parts = trouble.split(separator: "; ", maxSplits: 1)
        return parts.count == 2 ? String(parts[1]) : nil
    }

    /// Partition, account, QOS, reservation and options together, as `sbatch` takes them or not. Slurm that does not enforce accounts takes
    /// any name for one.
    private func trial(_ settings: SlurmSettings, _ probe: SlurmProbe) -> Finding {
        let name = name("submission", settings)
        do throws(SlurmProbe.Failure) {
            try probe.trial()
        } catch {
            return .error(
                name, "sbatch refuses what the settings say for every task: \(error)",
                "mend partition, account, qos, reservation or options of executors.\(settings.name); `sinfo` and "
                    + "`sacctmgr show assoc user=$USER` tell what there is for you")
        }
        if let account = settings.account, !probe.knowsAccount(account) {
            return .warning(
                name, "sbatch takes a task, but the accounting database knows no account \(account)",
                "name yours with executors.\(settings.name).account; `sacctmgr show assoc user=$USER` lists them")
        }
        return .ok(name, "sbatch takes a task (tried with --test-only)")
    }

    /// Without them an end without an outcome is told less well, and nothing else is lost.
    private func books(_ settings: SlurmSettings, _ probe: SlurmProbe) -> Finding {
        let name = name("accounting", settings)
        do throws(SlurmProbe.Failure) {
            try probe.accounting()
            return .ok(name, "sacct answers")
        } catch {
            return .warning(
                name, "sacct does not answer: \(error)",
                "where the cluster keeps no accounts, causes such as node-failed are known only as long as the controller remembers")
        }
    }

    /// Whether nodes see it only a task can tell; that this machine keeps it to itself can be seen here.
    private func folder(_ settings: SlurmSettings, _ premises: Premises) -> Finding {
        let name = name("folder", settings)
        let path = settings.folder ?? premises.stateFolder + "/runs"
        let key = "executors.\(settings.name).folder"
        guard FileManager.default.fileExists(atPath: path) else {
            guard settings.folder != nil else { return .ok(name, "\(path), which `rota serve` makes; nodes must see it under this path") }
            return .error(name, "there is no folder \(path)", "make it on a file system that all nodes have, or name another with \(key)")
        }
        guard FileFacts.isWritable(path) else {
            return .error(
                name, "\(User.name) cannot write to \(path)", "run this as the user who runs the scheduler, or name another with \(key)")
        }
        guard let facts = try? StateFolder.fileSystem(of: path) else { return .ok(name, "\(path); nodes must see it under this path") }
        guard facts.isNetwork else {
            return .warning(
                name, "\(path) is on a disk of this machine (\(facts.type))",
                "unless this machine is the only node or serves that disk to the others, name a folder that nodes see with \(key)")
        }
        return .ok(name, "\(path) (\(facts.type)); nodes must see it under this path")
    }

    /// Folders of runs are their users' alone; what they are called, and that there are others, is nobody's business either.
    private func access(_ settings: SlurmSettings, _ premises: Premises) -> Finding? {
        let path = settings.folder ?? premises.stateFolder + "/runs"
        let name = name("access", settings)
        guard case .success(let facts) = FileFacts.of(path), facts.isFolder else { return nil }
        if facts.mode & 0o022 != 0, facts.mode & 0o1000 == 0 {
            return .error(
                name, "\(path) can be written by others (mode \(facts.modeText)), who could put another program in the place of the keeper",
                "`chmod 711 \(path)`")
        }
        if User.isRoot, facts.mode & 0o001 == 0 {
            return .error(
                name, "jobs of other users cannot get through \(path) (mode \(facts.modeText)) to the folders of their runs",
                "`chmod 711 \(path)`")
        }
        if facts.mode & 0o066 != 0 {
            return .warning(
                name, "everybody can list the runs in \(path) (mode \(facts.modeText))",
                "`chmod 711 \(path)`; what is in them stays shut anyway")
        }
        return nil
    }

    func name(_ thing: String, _ settings: SlurmSettings) -> String { "executors.\(settings.name)-\(thing)" }
}
