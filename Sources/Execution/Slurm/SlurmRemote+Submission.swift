import Glibc
internal import Scheduling
internal import Timetable

/// What became of one of several submissions in one connection.
enum RemoteSubmission: Hashable {
    case submission(SlurmSubmission)
    /// Its folder over there says that somebody has it, or had it.
    case known
    case notTried
}

/// Several submissions in one connection, in their order, up to the first that fails.
extension SlurmSubmitter {
    /// How long each of them may take, beside the time of one command.
    private static let timeOfOne = Duration.seconds(2)
    /// What they get to come to their end when no answer is wanted any more.
    private static let parting = Duration.seconds(2)

    /// - Returns: Of each what became of it, or why its folder could not be prepared over there.
    func ask(_ runs: [Prepared], on host: String) -> [String: Swift.Result<RemoteSubmission, SystemError>] {
        guard !runs.isEmpty else { return [:] }
        guard let remote = place.remote(commands) else {
            return answers(to: runs, commands.run(script(runs), on: host, extraTime: time(runs), parting: Self.parting))
        }
        do throws(SystemError) {
            let programs = try providedPrograms()
            var answer = remote.run(script(runs, remote, programs), extraTime: time(runs), parting: Self.parting)
            if answer.parts.last?.words == ["bare"], answer.answer.hasSucceeded {
                if let fault = try remote.provide(programs) { return all(runs, .notNow(EngineTrouble(reason: fault))) }
                answer = remote.run(script(runs, remote, programs), extraTime: time(runs), parting: Self.parting)
            }
            if answer.isWithoutFolder { return all(runs, .notNow(EngineTrouble(reason: remote.absence))) }
            return answers(to: runs, answer)
        } catch {
            return all(runs, .notNow(EngineTrouble(reason: "programs: \(error)")))
        }
    }

    private func time(_ runs: [Prepared]) -> Duration { Self.timeOfOne * runs.count }

    private func all(_ runs: [Prepared], _ submission: SlurmSubmission) -> [String: Swift.Result<RemoteSubmission, SystemError>] {
        Dictionary(runs.map { ($0.launch.run, .success(.submission(submission))) }) { first, _ in first }
    }

    func script(_ runs: [Prepared], _ remote: SlurmRemote? = nil, _ programs: SlurmPlace.Programs? = nil) -> RemoteScript {
        var script = remote?.script() ?? RemoteScript()
        if let programs {
            script.add(SlurmRemote.check(programs))
            script.add(SlurmRemote.claims)
            // One process for all of them, of which each costs as much as a third of a submission.
            let folders = runs.map { "./\($0.launch.run)/output".shellWord }
            script.add("mkdir -p \(folders.joined(separator: " "))")
        }
        for one in runs {
            script.add("b try \(one.launch.run.shellWord)")
            if let text = one.text { prepare(one, text, in: &script) }
            script.add("\(SlurmCommands.remoteText(settings, .sbatch, one.arguments)) </dev/null")
            // What failed for one may fail for the others, after a long time each.
            script.add("status=$?; b end $status; [ $status = 0 ] || { b stop; return 0; }")
            if one.text != nil { script.add("fi; fi") }
        }
        return script
    }

    /// The run's folder over there, unless somebody has the run already; that of another run of this name goes out of the way.
    private func prepare(_ one: Prepared, _ text: String, in script: inout RemoteScript) {
        let identity = ["job \(one.launch.job)", "due \(one.launch.due.microseconds)", "attempt \(one.launch.attempt)"]
        script.add("run=./\(one.launch.run.shellWord)")
        script.add("identity=\(identity.joined(separator: "\n").shellWord)")
        script.add(
            #"""
            if [ -e "$run/run" ] && [ "$(grep -E '^(job|due|attempt) ' "$run/run")" != "$identity" ]; then
                number=1
                while [ -e "$run.replaced-$number" ]; do number=$((number + 1)); done
                mv "$run" "$run.replaced-$number"
            fi
            clear_void_claim "$run"
            if [ -e "$run/claim" ] || [ -e "$run/outcome" ]; then
                m known
            else
            """#)
        script.add(
            #"""
            there=$run/run
            [ ! -e "$there" ] || there=$run/run.$$
            [ -d "$run/output" ] || mkdir -p "$run/output"
            if ! { printf %s \#(text.shellWord) > "$there" && { [ "$there" = "$run/run" ] || mv -f "$there" "$run/run"; }; }; then
                # What holds for the folder of all runs holds for the others as well.
                if printf . > ".try.$$"; then rm -f ".try.$$"; b unprepared; else rm -f ".try.$$"; b unwritable; b stop; return 0; fi
            else
            """#)
    }

    func answers(to runs: [Prepared], _ answer: RemoteAnswer) -> [String: Swift.Result<RemoteSubmission, SystemError>] {
        var answers: [String: Swift.Result<RemoteSubmission, SystemError>] = [:]
        var tried: RemoteAnswer.Part?
        for part in answer.parts {
            if part.words.first == "try" { tried = part }
            guard let tried, let run = tried.words.last else { continue }
            switch part.words.first {
            case "known": answers[run] = .success(.known)
            case "unprepared": answers[run] = .failure(error(said(tried, 1, answer).errors, of: run))
            case "unwritable":
                let complaint = said(tried, 1, answer).complaint(of: "mkdir")
                answers[run] = .success(.submission(.notNow(EngineTrouble(reason: "folder: \(complaint)"))))
            case "end":
                guard let status = part.words.last.flatMap({ Int($0) }) else { continue }
                answers[run] = .success(.submission(SlurmSubmission(said(tried, status, answer), settings, overSSH: false)))
            default: break
            }
        }
        let others = others(answer)
        for one in runs where answers[one.launch.run] == nil { answers[one.launch.run] = .success(others) }
        return answers
    }

    /// As the commands over there told it, whose words are those of the C library.
    private func error(_ errors: String, of run: String) -> SystemError {
        let numbers = [ENOSPC, EDQUOT, EROFS, EACCES, EPERM, ENOTDIR, EISDIR, ESTALE]
        let path = "\(settings.ssh ?? ""):\(place.nodeFolder(run))"
        return SystemError("write", path, numbers.first { errors.holds(String(cString: strerror($0))) } ?? EIO)
    }

    private func said(_ part: RemoteAnswer.Part, _ status: Int, _ answer: RemoteAnswer) -> CommandAnswer {
        CommandAnswer(end: .exited(status), bytes: part.bytes, errors: answer.errors(of: part))
    }

    /// What became of those of which the answer says nothing: what was begun over there may go on when the connection is gone.
    private func others(_ answer: RemoteAnswer) -> RemoteSubmission {
        if answer.answer.hasSucceeded, ["stop", "done"].contains(answer.parts.last?.words.first) { return .notTried }
        let wasReached = !answer.parts.isEmpty || answer.answer.end == .exited(0)
        return .submission(wasReached ? .unclear("ssh: \(answer.complaint)") : SlurmSubmission(answer.answer, settings, overSSH: true))
    }
}
