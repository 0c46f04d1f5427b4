import Glibc
import Synchronization

/// One look at all open runs: what the controller says of their tasks, and what is new in their folders.
extension SlurmRemote {
    struct Look: Sendable {
        /// What squeue said; nil where nobody was there who could ask it.
        var listing: CommandAnswer?
        /// Why nothing was learnt of the folders, or not all.
        var trouble: EngineTrouble?
        var claims: [String: Claim] = [:]
        /// Runs that have no folder over there.
        var missing: Set<String> = []
        /// Runs that write nothing any more and of which not all is here.
        var unfinished: Set<String> = []
        /// Runs of which more is here than before.
        var grown: Set<String> = []
        /// Whether the last thing came that some run was unfinished without.
        var hasHandedOn = false
        /// Runs whose folder could not be read, or whose mirror could not be written.
        var faults: [String: SystemError] = [:]

        /// Whether another look at once would bring more. What cannot be read over there is asked for with the others.
        var isWorthAnother: Bool { !unfinished.isDisjoint(with: grown) || hasHandedOn && !unfinished.isEmpty }
    }

    /// How much one look asks for: less after an answer that was cut off, over a line on which it does not get through in time, and step by
    /// step what is usual when there is time left.
    final class Pace: Sendable {
        private static let most = 5
        private let halvings = Mutex(0)

        var budget: Budget {
            let halvings = halvings.withLock(\.self)
            return Budget(ofOver: Budget().ofOver >> halvings, ofLive: Budget().ofLive >> halvings)
        }

        func wasCutOff() { halvings.withLock { $0 = min(Self.most, $0 + 1) } }

        func gotThrough(leavingTime: Bool) {
            if leavingTime { halvings.withLock { $0 = max(0, $0 - 1) } }
        }
    }

    /// Beside the time of one command.
    private static let timeOfFolders = Duration.seconds(20)

    func look(_ subjects: [SlurmPoll.Subject], listing arguments: [String]) -> Look {
        let begin = LocalWatch.steadyTime()
        let answer = run(script(subjects, listing: arguments, place.pace.budget), extraTime: Self.timeOfFolders)
        if answer.isWhole {
            let limit = (commands.settings.commandLimit + Self.timeOfFolders).wholeMilliseconds
            place.pace.gotThrough(leavingTime: LocalWatch.steadyTime() - begin < limit / 3)
        } else if !answer.isWithoutFolder, !answer.parts.isEmpty {
            place.pace.wasCutOff()
        }
        return look(answer, subjects)
    }

    func look(_ answer: RemoteAnswer, _ subjects: [SlurmPoll.Subject]) -> Look {
        if answer.isWithoutFolder { return Look(trouble: EngineTrouble(reason: absence)) }
        var look = answer.isWhole ? Look(listing: listing(answer)) : Look(trouble: trouble(answer))
        var mirrors: [String: RunMirror] = Dictionary(uniqueKeysWithValues: subjects.map { ($0.run, RunMirror(place.folder($0.run))) })
        // Of an answer that was cut off, all parts but the last are what they are.
        for part in answer.isWhole ? answer.parts[...] : answer.parts.dropLast() where part.words.count >= 2 { take(part, &look, &mirrors) }
        guard answer.isWhole else { return look }
        for (run, mirror) in mirrors where look.faults[run] == nil && !look.unfinished.contains(run) {
            do throws(SystemError) {
                try mirror.finish()
            } catch {
                look.faults[run] = error
            }
        }
        return look
    }

    /// Of an answer that did not come to its end.
    private func trouble(_ answer: RemoteAnswer) -> EngineTrouble {
        switch answer.plain.end {
        case .exited(255) where answer.parts.isEmpty, .tookTooLong where answer.parts.isEmpty, .notStarted:
            return .of(answer.plain, .squeue, commands.settings)
        default: return EngineTrouble(reason: "ssh: the answer of \(host) was cut off: \(answer.complaint)")
        }
    }

    /// What `timeout` ends with when the time is over.
    private static let timeIsOver = 124

    private func listing(_ answer: RemoteAnswer) -> CommandAnswer {
        guard let said = answer.parts.first(where: { $0.words == ["squeue"] }),
            let status = answer.parts.first(where: { $0.words.first == "status" })?.words.last.flatMap({ Int($0) })
        else { return answer.answer }
        let errors = status == Self.timeIsOver ? "squeue did not answer in time" : answer.errors(of: said)
        return CommandAnswer(end: .exited(status), bytes: said.bytes, errors: errors)
    }

    private func take(_ part: RemoteAnswer.Part, _ look: inout Look, _ mirrors: inout [String: RunMirror]) {
        let words = part.words[1].split(separator: "/").map { String($0) }
        // ./RUN/NAME, or RUN, or all.
        let run = words.count >= 3 ? words[1] : part.words[1]
        if part.words[0] == "unlisted", run == "*" {
            for run in mirrors.keys { look.faults[run] = SystemError("find", "\(host):\(folder)", EIO) }
        }
        guard mirrors[run] != nil, look.faults[run] == nil else { return }
        do throws(SystemError) {
            switch part.words[0] {
            case "missing": look.missing.insert(run)
            case "unread": throw SystemError("stat", "\(host):\(folder)/\(run)", EIO)
            case "unlisted": throw SystemError("find", "\(host):\(folder)/\(run)", EIO)
            case "more": look.unfinished.insert(run)
            case "claim": look.claims[run] = RunFolder.parse(place.folder(run).ours(Record(part.bytes, head: RunFolder.claimHead)))
            case "outcome": mirrors[run]?.outcome = part.bytes
            case "handed", "get":
                guard mirrors[run]?.isShort == false else { return }
                try takePiece(part, of: run, words.last ?? "", &look, &mirrors)
            case "gone": try mirrors[run]?.remove(words.last ?? "")
            default: break
            }
        } catch {
            look.faults[run] = error
        }
    }

    /// `get PATH FROM COUNT`, and that many bytes, unless they could not be read over there. What follows in the run waits then, and so does
    /// its outcome.
    private func takePiece(
        _ part: RemoteAnswer.Part, of run: String, _ name: String, _ look: inout Look, _ mirrors: inout [String: RunMirror]
    ) throws(SystemError) {
        guard part.words.count == 4, let offset = Int64(part.words[2]), let count = Int(part.words[3]) else { return }
        let bytes = Array(part.bytes.prefix(count))
        if part.words[0] == "get", try mirrors[run]?.write(bytes, to: name, at: offset) == true { look.grown.insert(run) }
        if part.words[0] == "handed" {
            mirrors[run]?.handedOn = bytes
            look.hasHandedOn = true
        }
        guard bytes.count < count else { return }
        // One that goes on may have dropped it just now.
        if mirrors[run]?.outcome != nil { throw SystemError("read", "\(host):\(folder)/\(run)/\(name)", EIO) }
        mirrors[run]?.isShort = true
        look.unfinished.insert(run)
    }
}
