import CPlatform
import Glibc

/// Starting a keeper, and how it ended when it did not keep anything.
enum KeeperProcess {
    /// Starts a keeper for the run of a folder, which tells the start through `reports`.
    static func start(_ keeper: String, _ folder: RunFolder, reports: Int32) throws(SystemError) -> pid_t {
        var pid: pid_t = 0
        var words = [strdup(keeper), strdup(folder.path), nil]
        defer { words.forEach { free($0) } }
        // It needs nothing of ours, and must not carry it about: the command gets its own environment from the run's folder.
        var environment: [UnsafeMutablePointer<CChar>?] = [nil]
        let error = platform_spawn(&pid, keeper, &words, &environment, reports)
        guard error == 0 else { throw SystemError("spawn", keeper, error) }
        return pid
    }

    /// Whether a keeper that left no claim, and ended so (nil: nobody knows how), never started the command.
    ///
    /// Whoever took the run left a claim, which is there as long as the folder is.
    static func startedNothing(_ end: platform_end?, _ folder: RunFolder) -> Bool {
        guard let end, end.exited == 1 else { return Files.exists(folder.path) }
        return switch end.status {
        case 0, 74: false
        case 75: Files.exists(folder.path)
        default: true
        }
    }

    /// Why a keeper left no claim; the exit codes are those of rota-keeper.
    static func refusal(_ end: platform_end?) -> String {
        guard let end else { return "keeper-ended: the keeper ended before it took the run" }
        guard end.exited == 1 else { return "keeper-killed: signal \(end.status) ended the keeper before it took the run" }
        return switch end.status {
        case 65: "keeper-failed: the keeper cannot read what is to be run"
        case 66: "no-folder: the keeper cannot open the run's folder"
        case 71: "no-resources: the keeper got no process, pipe or memory"
        case 73: "no-space: the keeper could not reserve room for the outcome"
        default: "keeper-failed: the keeper ended with \(end.status)"
        }
    }
}
