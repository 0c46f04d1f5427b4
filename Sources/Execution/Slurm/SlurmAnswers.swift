import Timetable

/// A task as squeue shows it.
struct SlurmRow: Hashable, Sendable {
    var id: String
    var state: SlurmState
    var reason: String
    var nodes: String
    var name: String
    /// The folder in which the task begins, which tells ours from those of another scheduler.
    var workdir: String

    /// The last column may hold anything.
    static let format = "%i|%T|%r|%N|%j|%Z"

    static func rows(_ text: String) -> [SlurmRow] {
        text.split(whereSeparator: \.isNewline).compactMap { line in
            let parts = line.split(separator: "|", maxSplits: 5, omittingEmptySubsequences: false)
            guard parts.count == 6, !parts[0].isEmpty else { return nil }
            return SlurmRow(
                id: String(parts[0]), state: SlurmState(parts[1]), reason: String(parts[2]), nodes: String(parts[3]),
                name: String(parts[4]), workdir: String(parts[5]))
        }
    }

    /// What a refused submission leaves behind: nothing that ever was in the queue.
    var isRefusal: Bool { state == .failed && reason == "BadConstraints" }
}

/// How one incarnation of a task ended, as Slurm's books or its controller tell.
struct SlurmEnd: Hashable, Sendable {
    var id: String
    var state: SlurmState
    /// Who cancelled it: the name of a user, or his number.
    var by: String?
    var exitCode = 0
    var signal = 0
    var nodes = ""
    var started: Instant?
    var ended: Instant?
    var reason = ""
    var name = ""
    var workdir = ""

    /// Of sacct; the last column may hold anything.
    static let format = "JobIDRaw,State,ExitCode,NodeList,Start,End,Reason,JobName,WorkDir"

    /// Of `sacct -P`: oldest first.
    static func ends(_ text: String) -> [SlurmEnd] {
        text.split(whereSeparator: \.isNewline).compactMap { line in
            let parts = line.split(separator: "|", maxSplits: 8, omittingEmptySubsequences: false).map { String($0) }
            guard parts.count == 9, !parts[0].isEmpty else { return nil }
            var end = SlurmEnd(id: parts[0], state: SlurmState(parts[1]))
            end.by = user(in: parts[1])
            end.setExit(parts[2])
            end.nodes = nodes(parts[3])
            end.started = seconds(parts[4])
            end.ended = seconds(parts[5])
            end.reason = parts[6]
            end.name = parts[7]
            end.workdir = parts[8]
            return end
        }
    }

    /// Of `scontrol -o show job`: one line, `Key=value` separated by blanks; values that hold blanks come after all that is wanted here but
    /// the name, which comes first, or are cut at theirs.
    static func end(ofControl text: String) -> SlurmEnd? {
        var values: [Substring: Substring] = [:]
        for word in text.split(whereSeparator: \.isWhitespace) {
            guard let equals = word.firstIndex(of: "="), values[word[..<equals]] == nil else { continue }
            values[word[..<equals]] = word[word.index(after: equals)...]
        }
        guard let id = values["JobId"], let state = values["JobState"] else { return nil }
        var end = SlurmEnd(id: String(id), state: SlurmState(state))
        end.setExit(String(values["ExitCode"] ?? ""))
        end.nodes = nodes(String(values["NodeList"] ?? ""))
        end.started = seconds(String(values["StartTime"] ?? ""))
        end.ended = seconds(String(values["EndTime"] ?? ""))
        end.reason = String(values["Reason"] ?? "")
        end.name = String(values["JobName"] ?? "")
        return end
    }

    /// What a refused submission leaves behind.
    var isRefusal: Bool { state == .failed && (reason == "BadConstraints" || nodes.isEmpty && reason != "JobLaunchFailure") }

    /// Right after an outage the books show an end without its code for some seconds.
    var isVague: Bool { state == .failed && exitCode == 0 && signal == 0 }

    private mutating func setExit(_ text: String) {
        let parts = text.split(separator: ":").map { Int($0) ?? 0 }
        exitCode = parts.first ?? 0
        signal = parts.count > 1 ? parts[1] : 0
    }

    private static func user(in state: String) -> String? {
        let words = state.split(separator: " ")
        return words.count == 3 && words[1] == "by" ? String(words[2]) : nil
    }

    private static func nodes(_ text: String) -> String { text == "None assigned" || text == "(null)" ? "" : text }

    private static func seconds(_ text: String) -> Instant? {
        Int64(text).flatMap { $0 > 0 ? Instant(seconds: $0) : nil }
    }
}
