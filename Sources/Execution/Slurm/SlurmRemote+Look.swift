import Glibc

/// One look at all open runs: what the controller says of their tasks, and what is new in their folders.
extension SlurmRemote {
    struct Look: Sendable {
        /// What squeue said; nil where nobody was there who could ask it.
        var listing: CommandAnswer?
        /// Why nothing was learnt of the folders.
        var trouble: EngineTrouble?
        var claims: [String: Claim] = [:]
        /// Runs that have no folder over there.
        var missing: Set<String> = []
        /// Runs that write nothing any more and of which not all is here.
        var unfinished: Set<String> = []
        /// Runs whose mirror could not be written.
        var faults: [String: SystemError] = [:]
    }

    /// How many bytes of output one look brings, of runs that are over and of those that go on.
    private static let (mostOfOver, mostOfLive) = (2 << 20, 1 << 20)

    func look(_ subjects: [SlurmPoll.Subject], listing arguments: [String]) -> Look {
        var script = script()
        script.add("b squeue\n\(SlurmCommands.remoteText(commands.settings, .squeue, arguments)) </dev/null\nb status $?")
        // The shell's own words, for a process for each file would cost more than all else.
        script.add(#"show() { while IFS= read -r line; do printf '%s\n' "$line"; done <"$1"; }"#)
        script.add("over= begun=")
        let lines = subjects.map { "\($0.run) \($0.isStartTold && !$0.isSilent ? 1 : 0) \($0.isSilent ? 1 : 0)" }
        script.add("while read -r run known over_now; do \(Self.lookIntoFolder); done", reading: lines.joined(separator: "\n"))
        script.add(
            "{ cat", reading: subjects.filter(\.hasBegun).flatMap { RunMirror(place.folder($0.run)).sizes() }.joined(separator: "\n"))
        script.add(
            "printf %s \"$over\"\n\(Self.sizes)\n} | awk -v whole=\(Self.mostOfOver) -v live=\(Self.mostOfLive) '\(Self.choice)' | \(Self.reading)"
        )
        return look(run(script, extraTime: .seconds(20)), subjects)
    }

    /// The outcome is read first: what the run wrote before it is there then.
    private static let lookIntoFolder = #"""

        [ -d "./$run" ] || { [ -z "$run" ] || m missing "$run"; continue; }
        [ -e "./$run/claim" ] || [ -e "./$run/slurm" ] || continue
        if [ -e "./$run/outcome" ]; then
            m outcome "$run"; show "./$run/outcome"
            over_now=1
            handed=./$run/output/env
            if [ -f "$handed" ] && [ ! -L "$handed" ]; then m handed "$run"; head -c 65537 "$handed"; fi
        fi
        if [ "$known" = 0 ] && [ -e "./$run/claim" ]; then m claim "$run"; show "./$run/claim"; fi
        [ "$over_now" = 0 ] || over="${over}O $run
        "
        begun="$begun./$run
        "
        """#

    private static let sizes = #"""
        printf %s "$begun" | xargs -r -d '\n' sh -c 'find "$@" -maxdepth 1 -type f \( -name "stdout*" -o -name "stderr*" \
            -o -name index -o -name slurm \) -printf "F %p %s\n"' find 2>/dev/null | LC_ALL=C sort
        """#

    /// K: what is here already; O: what is over; F: what is there. A stream comes in its order: what follows a piece that is cut off waits for
    /// the next look. The index comes before the bytes that it tells of, with its last lines once more: those may have grown in place.
    private static let choice = #"""
        function text(number) { return sprintf("%.0f", number) }
        function take(path, from, size, run, stream,    left, most) {
            left = size - from
            if (left <= 0 || held[stream]) return
            most = (run in over) ? whole : (share < live ? share : live)
            if (left > most) { left = most; held[stream] = 1; if (run in over) more[run] = 1 }
            if (run in over) whole -= left; else live -= left
            changed[run] = 1
            if (left > 0) get[++gets] = path " " text(from) " " text(left)
        }
        $1 == "K" { known[$2] = $3; next }
        $1 == "O" { over[$2] = 1; next }
        $1 == "F" {
            paths[++count] = $2; sizes[count] = $3; there[$2] = 1
            split($2, parts, "/")
            runs[count] = parts[2]; names[count] = parts[3]
            if (!(parts[2] in over) && $3 > known[$2] && !(parts[2] in busy)) { busy[parts[2]] = 1; lives++ }
        }
        END {
            share = lives ? live / lives : live
            if (share < 4096) share = 4096
            for (i = 1; i <= count; i++)
                if (names[i] != "index") take(paths[i], known[paths[i]] + 0, sizes[i], runs[i], runs[i] "/" substr(names[i], 1, 6))
            for (i = 1; i <= count; i++) {
                if (names[i] != "index" || !(runs[i] in changed) && sizes[i] == known[paths[i]]) continue
                from = known[paths[i]] - 8 * 47
                if (from < 0) from = 0
                left = sizes[i] - from
                if (left <= 0) continue
                if (left > 10000 * 47) { left = 10000 * 47; if (runs[i] in over) more[runs[i]] = 1 }
                print "get", paths[i], text(from), text(left)
            }
            for (i = 1; i <= gets; i++) print "get", get[i]
            for (run in more) print "more", run
            for (i = 1; i <= count; i++) seen[runs[i]] = 1
            for (path in known) { split(path, parts, "/"); if (!(path in there) && (parts[2] in seen)) print "gone", path }
        }
        """#

    private static let reading = #"""
        while read -r what path from count; do
            m "$what" "$path" "$from"
            [ "$what" != get ] || dd if="$path" bs=65536 iflag=skip_bytes,count_bytes skip="$from" count="$count" status=none 2>/dev/null
        done
        """#

    private func look(_ answer: RemoteAnswer, _ subjects: [SlurmPoll.Subject]) -> Look {
        guard answer.isWhole else {
            if answer.isWithoutFolder { return Look(trouble: EngineTrouble(reason: absence)) }
            return Look(trouble: trouble(answer))
        }
        var look = Look(listing: listing(answer))
        var mirrors: [String: RunMirror] = Dictionary(uniqueKeysWithValues: subjects.map { ($0.run, RunMirror(place.folder($0.run))) })
        for part in answer.parts where part.words.count >= 2 { take(part, &look, &mirrors) }
        for (run, mirror) in mirrors {
            do throws(SystemError) {
                if !look.unfinished.contains(run) { try mirror.finish() }
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

    private func listing(_ answer: RemoteAnswer) -> CommandAnswer {
        guard let said = answer.parts.first(where: { $0.words == ["squeue"] }),
            let status = answer.parts.first(where: { $0.words.first == "status" })?.words.last.flatMap({ Int($0) })
        else { return answer.answer }
        return CommandAnswer(end: .exited(status), bytes: said.bytes, errors: answer.errors(of: said))
    }

    private func take(_ part: RemoteAnswer.Part, _ look: inout Look, _ mirrors: inout [String: RunMirror]) {
        let words = part.words[1].split(separator: "/").map { String($0) }
        // ./RUN/NAME, or RUN.
        let run = words.count == 3 ? words[1] : part.words[1]
        guard mirrors[run] != nil, look.faults[run] == nil else { return }
        do throws(SystemError) {
            switch part.words[0] {
            case "missing": look.missing.insert(run)
            case "more": look.unfinished.insert(run)
            case "claim": look.claims[run] = RunFolder.parse(place.folder(run).ours(Record(part.bytes, head: RunFolder.claimHead)))
            case "outcome": mirrors[run]?.outcome = part.bytes
            case "handed": mirrors[run]?.handedOn = part.bytes
            case "get": try mirrors[run]?.write(part.bytes, to: words.last ?? "", at: part.words.last.flatMap { Int64($0) })
            case "gone": try mirrors[run]?.remove(words.last ?? "")
            default: break
            }
        } catch {
            look.faults[run] = error
        }
    }
}
